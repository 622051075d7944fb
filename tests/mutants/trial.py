"""Tries one change after the other in a copy of the tree: written over the module, its tests run, noticed or not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from tests.mutants.changes import Change, changed

ROOT = Path(__file__).resolve().parents[2]
#: A changed loop may never end; the tests of one module take seconds.
_PATIENCE = 6.0
_LEAST_S = 60.0


class Module(Struct, frozen=True):
    """A critical module with the tests that must notice its faults, as paths from the root."""

    path: str
    tests: tuple[str, ...]
    #: Changes (`before -> after`) that alter no answer, with the reason.
    same: dict[str, str] = {}


class FailsUnchanged(Exception):
    """The module's tests fail without any change."""


class Copy:
    """A copy of the tracked files in `folder`, in which modules are changed and tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / name)

    def seconds_unchanged(self, module: Module) -> float:
        """How long the module's tests take as it stands. Raises FailsUnchanged."""
        started_s = time.monotonic()
        code, told = self._test(module.tests, within_s=600.0)
        if code != 0:
            raise FailsUnchanged(f"{module.path}: its tests fail without a change:\n{told[-2000:]}")
        return time.monotonic() - started_s

    def notices(self, module: Module, change: Change, unchanged_s: float) -> bool:
        """Whether the module's tests fail, or hang, with the change."""
        file = self.folder / module.path
        before = file.read_text(encoding="utf-8")
        file.write_text(changed(before, change), encoding="utf-8")
        try:
            code, _ = self._test(module.tests, within_s=max(_LEAST_S, _PATIENCE * unchanged_s))
        finally:
            file.write_text(before, encoding="utf-8")
        return code != 0

    def _test(self, tests: Sequence[str], within_s: float) -> tuple[int, str]:
        command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
        quick = ["-m", "not real and not chaos and not browser and not bench"]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(self.folder)}
        child = subprocess.Popen(
            [*command, *quick, *tests],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            told, _ = child.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return -signal.SIGKILL, "took too long"
        return child.returncode, told
