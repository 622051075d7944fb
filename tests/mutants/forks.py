"""Runs tests in forks of a process that has imported others' code already: most of a short run is imports.

Started in a copied tree. Each line that it reads is a run, as JSON: pytest's arguments, a file for what the run prints, the
seconds it may take, and whether it is the first of its tests, after which the process imports what that run imported of
others. It answers each with a line: the exit code.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import os
import signal
import sys
import warnings
from pathlib import Path


def main() -> None:
    """Serve runs until the input ends."""
    forks = multiprocessing.get_context("fork")
    sys.path.insert(0, os.getcwd())
    for line in sys.stdin:
        arguments, told, within_s, first = json.loads(line)
        imported = Path(told).with_suffix(".imported")
        child = forks.Process(target=_run, args=(arguments, told, imported if first else None))
        child.start()
        child.join(within_s)
        if child.is_alive() and child.pid is not None:
            os.killpg(child.pid, signal.SIGKILL)
            child.join()
        if first and imported.exists():
            for name in imported.read_text(encoding="utf-8").split():
                with contextlib.suppress(ImportError), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    importlib.import_module(name)
        print(child.exitcode, flush=True)


def _run(arguments: list[str], told: str, imported: Path | None) -> None:
    os.setsid()
    output = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # Only unchanged modules are kept compiled.
    sys.dont_write_bytecode = imported is None
    import pytest

    code = int(pytest.main(arguments, plugins=[_Unshrunk()]))
    if imported is not None:
        imported.write_text("\n".join(_of_others()), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Unshrunk:
    """One input that fails is enough: smaller ones, for people to read, take minutes to find."""

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile("unshrunk", settings(), phases=(Phase.explicit, Phase.generate))
        settings.load_profile("unshrunk")


def _of_others() -> list[str]:
    """The imported modules that are not of the tree, in the order of their imports."""
    own = {path.stem for path in Path().iterdir()} | {"__main__", "__mp_main__"}
    return [
        name
        for name, module in list(sys.modules.items())
        if name.split(".")[0] not in own and getattr(module, "__spec__", None) is not None
    ]


if __name__ == "__main__":
    main()
