"""Where the deployment's files are, and Prometheus's own checkers where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


class Checker:
    """One command-line checker; `check` fails the test with what it printed."""

    def __init__(self, program: str) -> None:
        self.program = program

    def check(self, *arguments: str, folder: Path) -> str:
        done = subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            # Go's collector takes a third of the time of promtool's stories, and there is memory enough.
            env={**os.environ, "GOGC": "800"},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed
        assert "FAILED" not in printed, printed
        return printed


def _found(name: str, package: str) -> str:
    program = shutil.which(name)
    if program is not None:
        return program
    reason = f"{name} is not installed (Debian: {package})"
    if os.environ.get("PAYGUARD_REAL") == "1":
        pytest.fail(f"PAYGUARD_REAL=1 asks for this part: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def promtool() -> Checker:
    """Prometheus's rule checker."""
    return Checker(_found("promtool", "prometheus"))


@pytest.fixture(scope="session")
def amtool() -> Checker:
    """Alertmanager's configuration checker."""
    return Checker(_found("amtool", "prometheus-alertmanager"))


@pytest.fixture(scope="session")
def prometheus_program() -> str:
    """The Prometheus server."""
    return _found("prometheus", "prometheus")


@pytest.fixture(scope="session")
def alertmanager_program() -> str:
    """The Alertmanager, under its own name or Debian's."""
    name = "alertmanager" if shutil.which("alertmanager") else "prometheus-alertmanager"
    return _found(name, "prometheus-alertmanager")
