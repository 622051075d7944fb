"""Makes docs/demo.svg: runs the demo and keeps its last page. `make screenshot`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
SECONDS = 40


def main() -> int:
    """Run the demo from the repository's root; its exit code."""
    command = [sys.executable, "-m", "services.cli.main", "up", "--demo", "--for", str(SECONDS), "--plain"]
    return subprocess.run(
        [*command, "--picture", str(DOCS / "demo.svg")], cwd=DOCS.parent, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
