"""Which release a process runs, for the metrics."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from contracts import decisions
from services.platform.metrics import BUILD_INFO

DISTRIBUTION = "payguard"
#: What a checkout that was never installed calls its release.
UNKNOWN = "unknown"


def tell_build() -> None:
    """Say it once, when the process begins."""
    try:
        version = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        version = UNKNOWN
    interpreted = Path(decisions.__file__).suffix == ".py"
    BUILD_INFO.labels(version, "interpreted" if interpreted else "compiled").set(1)
