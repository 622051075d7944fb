"""Keeps child processes running: one that ends is started again after a pause that doubles up to ten seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from services.platform.guarded_process import GuardedProcess
from services.platform.retry import Backoff

_BACKOFF = Backoff(0.5, 10.0)
_STEADY_S = 30.0
_POLL_S = 0.2


class Supervised:
    """One program that is to run until `stop`. It never outlives this process (see `guarded_process`)."""

    def __init__(
        self, name: str, argv: list[str], log_file: Path, env: dict[str, str], grace_s: float = 15.0
    ) -> None:
        self.name = name
        self.restarts = 0
        self.log_file = log_file
        self._argv = argv
        self._env = env
        self._grace_s = grace_s
        self._process: GuardedProcess | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.running else None

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Start it now."""
        self._process = GuardedProcess(self._argv, self.log_file, grace_s=self._grace_s, env=self._env)

    async def keep(self, tell: Callable[[str], None]) -> None:
        """Start it again whenever it ends, until cancelled; `tell` hears of each restart."""
        failures, started_s = 0, time.monotonic()
        while True:
            await asyncio.sleep(_POLL_S)
            if self.running:
                continue
            failures = 1 if time.monotonic() - started_s > _STEADY_S else failures + 1
            pause_s = _BACKOFF.pause_s(failures)
            tell(f"{self.name} ended; starting it again in {pause_s:.1f} s (log: {self.log_file})")
            await asyncio.sleep(pause_s)
            self.restarts += 1
            self.start()
            started_s = time.monotonic()

    def log_tail(self) -> str:
        """The last lines it wrote."""
        return "" if self._process is None else self._process.log_tail()

    def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL after the grace time. Blocks until it is gone."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill9()
