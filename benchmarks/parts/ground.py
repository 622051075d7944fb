"""Where the bench runs: broker, store and a folder, and the child processes it measures."""

from __future__ import annotations

import base64
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Self

import msgspec

from benchmarks.parts.real_parts import KafkaCluster, PostgresServer, RedisServer
from benchmarks.parts.real_stores import new_parts_folder
from benchmarks.plan import Plan
from contracts.errors import Malformed
from services.memory.redis_client import ask, connect
from services.platform.embedded import EmbeddedBroker, EmbeddedStore
from services.platform.guarded_process import GuardedProcess
from services.platform.secrets import KEY_BYTES
from services.platform.settings import PREFIX, Settings

#: Nothing the bench makes is anybody's: the keys are fixed, so that two runs see the same pseudonyms.
_KEY = base64.b64encode(bytes(range(KEY_BYTES))).decode()
#: Joining a group of the embedded broker takes half the session time-out.
_EMBEDDED_SESSION_S = 6.0
#: It answers a fetch that found nothing only after this time, even when something came meanwhile.
_EMBEDDED_FETCH_WAIT_S = 0.005
#: Where a broker would be that no section needs.
_NOBODY = "127.0.0.1:1"
_ROOT = Path(__file__).resolve().parents[2]


class Ended(Exception):
    """A process that was being measured ended, or did nothing for too long; the message has the end of its log."""


class Ground:
    """A context manager: starts what the plan asks for, ends it and removes its folder on the way out."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self.plan = plan
        self.folder = new_parts_folder()
        self.settings = msgspec.structs.replace(
            settings,
            partitions=plan.partitions,
            pseudonym_key=settings.pseudonym_key or _KEY,
            factor_key=settings.factor_key or _KEY,
            grant_key=settings.grant_key or _KEY,
            event_key=settings.event_key or _KEY,
            database=f"sqlite:///{self.folder / 'bench.sqlite3'}",
            data_dir=self.folder / "data",
            outbox_dir=self.folder / "outbox",
            log_level="WARNING",
            metrics_port=0,
        )
        self._parts: list[EmbeddedBroker | EmbeddedStore | KafkaCluster | RedisServer | PostgresServer] = []
        self._children: list[GuardedProcess] = []

    def __enter__(self) -> Self:
        try:
            self._start_parts()
        except BaseException:
            self._fall()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self._fall()

    def changed(self, **settings: Any) -> Settings:
        """The settings with some of them replaced."""
        return msgspec.structs.replace(self.settings, **settings)

    def child(self, name: str, module: str, *arguments: str, settings: Settings) -> GuardedProcess:
        """Start `python -m module arguments...` with these settings."""
        argv = [sys.executable, "-m", module, *arguments]
        log_file = self.folder / "logs" / f"{name}.log"
        child = GuardedProcess(argv, log_file, grace_s=15.0, env=environment(settings))
        self._children.append(child)
        return child

    async def empty_store(self) -> None:
        """Forget everything in the database of the store."""
        client = connect(self.settings.redis, timeout_s=60.0)
        try:
            await ask(client, "FLUSHDB", "SYNC")
        finally:
            await client.aclose()

    async def check_store(self) -> None:
        """Raises Malformed when the store given by address holds anything: the bench empties it between runs."""
        client = connect(self.settings.redis)
        try:
            held = int(await ask(client, "DBSIZE"))
        finally:
            await client.aclose()
        if held and "redis" in self.plan.external:
            raise Malformed(
                "store_in_use",
                f"the store holds {held} keys and the bench empties it between runs; name an empty database, e.g. .../9",
            )

    def _start_parts(self) -> None:
        found: dict[str, object] = {}
        if not self.plan.needs_broker:
            found["kafka"] = _NOBODY
        elif "kafka" not in self.plan.external:
            broker = KafkaCluster(self.folder / "kafka") if self.plan.real else EmbeddedBroker(self.folder)
            self._parts.append(broker)
            found |= {"kafka": broker.start(), "replication": 1}
            if not self.plan.real:
                found |= {"session_timeout_s": _EMBEDDED_SESSION_S, "fetch_wait_s": _EMBEDDED_FETCH_WAIT_S}
        if "redis" not in self.plan.external:
            store = RedisServer(self.folder / "redis") if self.plan.real else EmbeddedStore(self.folder)
            self._parts.append(store)
            found["redis"] = store.start()
        self.settings = self.changed(**found)

    def start_database(self, kept: Path | None = None) -> str:
        """URL of an empty database: PostgreSQL on real parts, else a file of SQLite. `kept`: PostgreSQL's folder, which stays."""
        if not self.plan.real:
            return f"sqlite:///{self.folder / 'own.sqlite3'}"
        server = PostgresServer(kept or self.folder / "postgres")
        self._parts.append(server)
        return server.start()

    def _fall(self) -> None:
        for child in self._children:
            child.stop()
        for part in self._parts:
            part.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a child: ours, with every setting said, and with this package importable."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name, value in msgspec.structs.asdict(settings).items():
        if value is not None:
            found[PREFIX + name.upper()] = str(value)
    found["PYTHONPATH"] = os.pathsep.join(path for path in (str(_ROOT), found.get("PYTHONPATH", "")) if path)
    return found
