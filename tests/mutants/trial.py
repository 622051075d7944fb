"""Tries one change after the other in a copy of the tree: written over the module, its tests run, noticed or not."""

from __future__ import annotations

import json
import os
import shutil
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
_LEAST_S = 30.0
_QUICK = ("-m", "not real and not chaos and not browser and not bench")


class Module(Struct, frozen=True):
    """A critical module with the tests that must notice its faults: paths from the root, or tests in them (`::`)."""

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
        kept = folder.with_name(f"{folder.name}.kept")
        kept.mkdir()
        self._told = kept / "told.txt"
        self._forks = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.forks"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONPYCACHEPREFIX": str(kept / "compiled")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def seconds_unchanged(self, module: Module) -> float:
        """How long the module's tests take as it stands. Raises FailsUnchanged."""
        code = self._test(module.tests, within_s=600.0, first=True)
        if code != 0:
            told = self._told.read_text(encoding="utf-8", errors="replace")
            raise FailsUnchanged(f"{module.path}: its tests fail without a change:\n{told[-2000:]}")
        started_s = time.monotonic()
        self._test(module.tests, within_s=600.0)
        return time.monotonic() - started_s

    def notices(self, module: Module, change: Change, unchanged_s: float) -> bool:
        """Whether the module's tests fail, or hang, with the change."""
        file = self.folder / module.path
        before, times = file.read_text(encoding="utf-8"), file.stat()
        file.write_text(changed(before, change), encoding="utf-8")
        os.utime(file, (0, 0))  # what is kept compiled of the unchanged module is of another time
        try:
            code = self._test(module.tests, within_s=max(_LEAST_S, _PATIENCE * unchanged_s))
        finally:
            file.write_text(before, encoding="utf-8")
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        return code != 0

    def close(self) -> None:
        """End the process that runs the tests."""
        self._forks.communicate()

    def _test(self, tests: Sequence[str], within_s: float, first: bool = False) -> int:
        arguments = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--assert=plain", *_QUICK, *tests]
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        print(json.dumps([arguments, str(self._told), within_s, first]), file=self._forks.stdin, flush=True)
        return int(self._forks.stdout.readline())
