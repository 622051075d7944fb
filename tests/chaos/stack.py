"""A running PayGuard to break: topics, SQL, workers, cases, activity and the API, each ended only by who started it here."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from msgspec.structs import asdict

from contracts.errors import Unavailable
from services.platform.database import Database
from services.platform.guarded_process import GuardedProcess
from services.platform.settings import PREFIX, Settings
from services.platform.topics import create_topics

PSEUDONYM_KEY = bytes(range(32))
EVENT_KEY = base64.b64encode(bytes(reversed(range(32)))).decode()
JUMPY_POLICY = Path(__file__).with_name("jumpy.toml")
_DEFAULTS = asdict(Settings())
_TRIES = 5


def stack_settings(kafka: str, redis: str, database: str, folder: Path, **more: Any) -> Settings:
    """Settings with topics and groups of their own, a short session time-out, and a policy that acts on little."""
    name = f"t{uuid4().hex[:8]}"
    wanted: dict[str, Any] = {
        "kafka": kafka,
        "redis": redis,
        "database": database,
        "data_dir": folder / name,
        "topic_events": f"{name}-events",
        "topic_dead": f"{name}-events.dead",
        "topic_decisions": f"{name}-decisions",
        "topic_actions": f"{name}-actions",
        "topic_results": f"{name}-results",
        "consumer_group": f"{name}-worker",
        "cases_group": f"{name}-cases",
        "results_group": f"{name}-read-results",
        "activity_group": f"{name}-activity",
        "session_timeout_s": 6.0,
        "commit_interval_s": 0.5,
        "policy": JUMPY_POLICY,
        "event_key": EVENT_KEY,
        "pseudonym_key": base64.b64encode(PSEUDONYM_KEY).decode(),
        "log_level": "WARNING",
    }
    return Settings(**{**wanted, **more})


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables of a process that runs with these settings, and none of the suite's own."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = {
        PREFIX + name.upper(): str(value)
        for name, value in asdict(settings).items()
        if value != _DEFAULTS[name] and value is not None
    }
    return {**plain, **given}


class Stack:
    """Workers by number, and one process of each other kind. `revive` brings back what ended, as a supervisor would."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.workers: dict[int, GuardedProcess] = {}
        self.cases: GuardedProcess | None = None
        self.activity: GuardedProcess | None = None
        self.api: GuardedProcess | None = None
        self.notifier: GuardedProcess | None = None
        self._own: dict[str, dict[str, Any]] = {}
        self.starts = 0
        #: How this interpreter is to run the command line from here on.
        self.launcher: tuple[str, ...] = ("-m", "services.cli.main")

    async def prepare(self) -> None:
        """Create the topics and the tables."""
        for left in reversed(range(_TRIES)):
            try:
                await create_topics(self.settings)
                break
            except Unavailable:
                if not left:
                    raise
                await asyncio.sleep(0.5)
        database = Database(self.settings.database)
        try:
            await database.migrate()
        finally:
            await database.close()

    def start_worker(self, number: int = 0, **changes: Any) -> GuardedProcess:
        """Start worker `number` (again); `changes` are settings of this one alone."""
        if number in self.workers:
            self.workers[number].stop()
        self.workers[number] = self._start("worker", f"worker{number}", changes)
        return self.workers[number]

    def start_cases(self) -> GuardedProcess:
        """Start the cases process (again)."""
        if self.cases is not None:
            self.cases.stop()
        self.cases = self._start("cases", "cases", {})
        return self.cases

    def start_activity(self) -> GuardedProcess:
        """Start the activity process (again)."""
        if self.activity is not None:
            self.activity.stop()
        self.activity = self._start("activity", "activity", {})
        return self.activity

    def start_api(self, **changes: Any) -> GuardedProcess:
        """Start the API; `changes` are settings of it alone, its keys and its port among them."""
        self._own["api"] = changes
        self.api = self._start("api", "api", changes)
        return self.api

    def start_notifier(self, **changes: Any) -> GuardedProcess:
        """Start the notifier; `changes` are settings of it alone, its mail server among them."""
        self._own["notifier"] = changes
        self.notifier = self._start("notifier", "notifier", changes)
        return self.notifier

    def revive(self) -> int:
        """Start again what has ended; how many that were."""
        ended = [number for number, process in self.workers.items() if not process.running]
        for number in ended:
            self.start_worker(number)
        started = len(ended)
        others = (
            (self.cases, self.start_cases, "cases"),
            (self.activity, self.start_activity, "activity"),
            (self.api, self.start_api, "api"),
            (self.notifier, self.start_notifier, "notifier"),
        )
        for process, start, name in others:
            if process is not None and not process.running:
                start(**self._own.get(name, {}))
                started += 1
        return started

    def retire(self, number: int) -> None:
        """Ask a worker to end (SIGTERM) and wait until it has."""
        self.workers.pop(number).stop()

    def terminate(self, number: int) -> None:
        """SIGTERM a worker; `revive` brings it back."""
        self.workers[number].send(signal.SIGTERM)

    def pause(self, number: int) -> None:
        """SIGSTOP a worker."""
        self.workers[number].send(signal.SIGSTOP)

    def resume(self, number: int) -> None:
        """SIGCONT a worker."""
        self.workers[number].send(signal.SIGCONT)

    def logs(self, lines: int = 40) -> str:
        """The end of every process's log."""
        parts = [
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
            for log in sorted(self.folder.glob("*.log"))
        ]
        return "\n".join(parts)

    def stop(self) -> None:
        """End everything that was started here."""
        others = (self.cases, self.activity, self.api, self.notifier)
        for process in (*self.workers.values(), *(each for each in others if each is not None)):
            process.send(signal.SIGCONT)
            process.stop()

    def _start(self, role: str, name: str, changes: dict[str, Any]) -> GuardedProcess:
        settings = msgspec.structs.replace(self.settings, **changes)
        self.starts += 1
        return GuardedProcess(
            [sys.executable, *self.launcher, role],
            self.folder / f"{name}.log",
            grace_s=20.0,
            env=environment_of(settings),
        )
