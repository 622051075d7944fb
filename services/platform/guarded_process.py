"""A child process that cannot outlive its parent.

``GuardedProcess`` starts a program under a small guard (this very file, run with nothing but the standard library).
The guard holds one end of a pipe whose other end only the parent has. When the parent goes, for whatever reason,
kill -9 included, the pipe closes and the guard ends the program: SIGTERM, then SIGKILL after a grace time. On Linux
the kernel also ends the program should the guard itself be killed. The guard leads its own session, so a Ctrl-C in
the terminal reaches the parent alone, which then stops its programs in the order it wants.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Self

KILL_WAIT_S = 10.0
_PR_SET_PDEATHSIG = 1


class GuardedProcess:
    """One program under guard.

    :param argv: the program and its arguments; never a shell line.
    :param log_file: where both its outputs go, appended.
    :param grace_s: seconds between SIGTERM and SIGKILL when it is stopped or its parent is gone.
    :param env: its whole environment; the parent's when None.
    :raises FileNotFoundError: when the program does not exist.
    """

    def __init__(
        self, argv: list[str], log_file: Path, *, grace_s: float = 5.0, env: dict[str, str] | None = None
    ) -> None:
        self.argv = argv
        self.log_file = log_file
        self.grace_s = grace_s
        log_file.parent.mkdir(parents=True, exist_ok=True)
        guard = [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(grace_s), *argv]
        with log_file.open("ab") as log:
            self._guard = subprocess.Popen(
                guard,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=env,
            )
        first_line = self._outcome.readline()
        if not first_line.startswith(b"pid "):
            self._end_guard()
            raise FileNotFoundError(f"cannot start {argv[0]}; see {log_file}")
        self.pid = int(first_line.split()[1])

    @property
    def _outcome(self) -> BinaryIO:
        assert self._guard.stdout is not None
        return self._guard.stdout  # type: ignore[return-value]

    @property
    def running(self) -> bool:
        """True until the program has ended, in whatever way."""
        return self._guard.poll() is None

    def log_tail(self, lines: int = 15) -> str:
        """The last lines the program wrote, for an error message."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def send(self, signal_number: int) -> None:
        """Sends a signal to the program itself; does nothing when it is gone."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal_number)

    def kill9(self) -> None:
        """Ends the program as a power cut would, and waits until it is gone."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)
        self._end_guard()

    def stop(self) -> None:
        """Asks the program to end, kills it after the grace time, waits until it is gone. Safe to call again."""
        self._end_guard()

    def _end_guard(self) -> None:
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()
        try:
            self._guard.wait(self.grace_s + KILL_WAIT_S)
        finally:
            if not self._outcome.closed:
                self._outcome.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def _die_with_guard() -> None:
    """Runs in the program's process before exec: the guard has one thread, so this is safe here."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _guard_main(grace_s: float, argv: list[str]) -> int:
    """The guard: starts the program, says its pid, and waits for the program's end or the parent's."""
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    os.set_blocking(wake_write, False)

    def woken(_signal: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(wake_write, b"!")

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop_asked = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stop_asked
        stop_asked = True
        woken(_signal, _frame)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGCHLD, woken)
    try:
        program = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=2, stderr=2, preexec_fn=_die_with_guard
        )
    except OSError as error:
        print(f"cannot start {argv[0]}: {error}", file=sys.stderr)  # noqa: T201  stderr is the log
        return 127
    os.write(1, f"pid {program.pid}\n".encode())
    while program.poll() is None and not stop_asked:
        readable, _, _ = select.select([0, wake_read], [], [])
        if 0 in readable and not os.read(0, 1024):
            break
        if wake_read in readable:
            os.read(wake_read, 1024)
    if program.poll() is None:
        program.terminate()
        try:
            program.wait(grace_s)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
    return program.returncode if program.returncode >= 0 else 128 - program.returncode


if __name__ == "__main__":
    sys.exit(_guard_main(float(sys.argv[1]), sys.argv[2:]))
