"""Names that a query may use: the series of the declared metrics and of the recording rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus_client import Histogram

from deploy.prometheus.generate import RECORDINGS
from services.platform import metrics

_USED = re.compile(r"\bpayguard[_:][A-Za-z0-9_:]+")


def declared_series() -> frozenset[str]:
    """Every series name our processes serve or Prometheus records."""
    return frozenset(_series()) | {name for group in RECORDINGS.values() for name, _ in group}


def used_series(expression: str) -> set[str]:
    """Our series names in a query."""
    return set(_USED.findall(expression))


def _series() -> Iterator[str]:
    for name, metric in metrics.ALL.items():
        if isinstance(metric, Histogram | metrics.BulkHistogram):
            yield from (f"{name}_bucket", f"{name}_sum", f"{name}_count")
        else:
            yield name
