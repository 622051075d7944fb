"""Everything `payguard up` stands up on one machine: embedded parts, prepared stores, child processes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from contracts.errors import Unavailable
from services.platform.database import Database
from services.platform.embedded import EmbeddedBroker, EmbeddedStore, free_port
from services.platform.keyring import new_key
from services.platform.settings import PREFIX, Settings
from services.platform.supervise import Supervised
from services.platform.topics import create_topics

_READY_S = 40.0
#: Joining a group of the embedded broker takes half the session time-out.
_EMBEDDED_SESSION_S = 6.0
#: It answers a fetch that found nothing only after this time, even when something came meanwhile.
_EMBEDDED_FETCH_WAIT_S = 0.005
#: How the names of what we put into our folder begin.
_OURS = ("broker", "store", "logs", "outbox", "lock", "secrets.json", "payguard.sqlite3")
_ROOT = Path(__file__).resolve().parents[2]


class InUse(Unavailable):
    """Another `payguard up` runs on the same folder."""


class _Secrets(Struct, frozen=True):
    """Empty where a folder of an earlier version has none yet."""

    pseudonym_key: str = ""
    factor_key: str = ""
    grant_key: str = ""
    event_key: str = ""


class LocalStack:
    """Use `stand`, then `settings`, `url`; `fall` ends everything it started, `kill` without waiting for anybody.

    `external` names the parts that are given by address (kafka, redis, database) and not started here.
    """

    def __init__(self, settings: Settings, folder: Path, external: frozenset[str]) -> None:
        self.settings = settings
        self.folder = folder
        self.processes: list[Supervised] = []
        self._external = external
        self._parts: list[EmbeddedBroker | EmbeddedStore] = []
        self._lock: IO[str] | None = None

    @property
    def url(self) -> str:
        """Where the API listens."""
        return f"http://{self.settings.http_host}:{self.settings.http_port}"

    @property
    def metrics_url(self) -> str:
        """The worker's metrics page."""
        return f"http://{self.settings.metrics_host}:{self.settings.metrics_port}/metrics"

    async def stand(self, tell: Callable[[str], None]) -> None:
        """Start parts, make secrets, tables and topics, start the processes and wait until the API is ready.

        Raises PartNotAvailable for a system without the embedded parts, Unavailable for anything that does not get ready.
        """
        self._take_folder()
        self._refuse_busy_ports()
        await asyncio.to_thread(self._start_parts, tell)
        self.settings = msgspec.structs.replace(self.settings, **self.local_settings())
        database = Database(self.settings.database)
        try:
            await database.migrate()
        finally:
            await database.close()
        tell("tables are up to date")
        await create_topics(self.settings)
        tell("topics are there; starting the worker and the API")
        await asyncio.to_thread(self._start_processes)
        await self._wait_until_ready()

    def part_that_ended(self) -> str | None:
        """The name of an embedded part that is not running any more, if any."""
        return next((part.name for part in self._parts if not part.running), None)

    def fall(self) -> None:
        """Stop the processes, then the parts they use. Blocks; safe to call again."""
        with ThreadPoolExecutor(max_workers=4) as together:
            list(together.map(lambda process: process.stop(), self.processes))
            list(together.map(lambda part: part.stop(), self._parts))
        if self._lock is not None:
            self._lock.close()

    def kill(self) -> None:
        """End everything at once."""
        for process in self.processes:
            process.kill()
        for part in self._parts:
            part.kill9()

    def _take_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another payguard up uses {self.folder}; give this one its own --data-dir") from None
        _make_private(self.folder)

    def _refuse_busy_ports(self) -> None:
        """Raises InUse for a port that was asked for and is taken: a wallet would talk to whoever has it."""
        settings = self.settings
        for host, port, option in (
            (settings.http_host, settings.http_port, "--port"),
            (settings.metrics_host, settings.metrics_port, "PAYGUARD_METRICS_PORT"),
        ):
            if port and not _is_free(host, port):
                raise InUse(
                    f"port {port} of {host} is taken by another program; "
                    f"give another one with {option}, or 0 for one that is free"
                )

    def _start_parts(self, tell: Callable[[str], None]) -> None:
        found: dict[str, object] = {}
        if "kafka" not in self._external:
            broker = EmbeddedBroker(self.folder / "broker")
            self._parts.append(broker)
            # The broker forgets at every start, so what was learned from its offsets begins a new epoch.
            found |= {"kafka": broker.start(), "topic_epoch": int(time.time()), "replication": 1}
            found |= {"session_timeout_s": _EMBEDDED_SESSION_S, "fetch_wait_s": _EMBEDDED_FETCH_WAIT_S}
            tell(f"embedded broker at {found['kafka']}")
        if "redis" not in self._external:
            if "kafka" not in self._external:
                shutil.rmtree(self.folder / "store", ignore_errors=True)
            store = EmbeddedStore(self.folder / "store")
            self._parts.append(store)
            found["redis"] = store.start()
            tell(f"embedded store at 127.0.0.1:{store.port}")
        if "database" not in self._external:
            found["database"] = f"sqlite:///{(self.folder / 'payguard.sqlite3').resolve()}"
        self.settings = msgspec.structs.replace(self.settings, **found)

    def local_settings(self) -> dict[str, object]:
        """The settings that this folder gives its processes, keys included."""
        settings = self.settings
        keys = _secrets(self.folder)
        return {
            "data_dir": self.folder,
            "http_port": settings.http_port or free_port(),
            "metrics_port": settings.metrics_port or free_port(),
            "pseudonym_key": settings.pseudonym_key or keys.pseudonym_key,
            "factor_key": settings.factor_key or ("" if settings.factor_key_file else keys.factor_key),
            "grant_key": settings.grant_key or ("" if settings.grant_key_file else keys.grant_key),
            "event_key": settings.event_key or ("" if settings.event_key_file else keys.event_key),
            "outbox_dir": settings.outbox_dir or (self.folder / "outbox").resolve(),
        }

    def _start_processes(self) -> None:
        for name, metrics_port in (("worker", self.settings.metrics_port), ("rest", 0)):
            settings = msgspec.structs.replace(self.settings, metrics_port=metrics_port)
            process = Supervised(
                name,
                [sys.executable, "-m", "services.cli.main", name],
                self.folder / "logs" / f"{name}.log",
                _environment(settings),
            )
            self.processes.append(process)
            process.start()

    async def _wait_until_ready(self) -> None:
        import httpx

        deadline_s = time.monotonic() + _READY_S
        async with httpx.AsyncClient(timeout=2.0) as client:
            while True:
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                ended = next((process for process in self.processes if not process.running), None)
                if ended is not None or time.monotonic() > deadline_s:
                    named = ended or self.processes[-1]
                    raise Unavailable(
                        f"{named.name} did not get ready; its log {named.log_file} ends:\n{named.log_tail()}"
                    )
                await asyncio.sleep(0.1)


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of a child: ours, with every setting said, and with this package importable."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name, value in msgspec.structs.asdict(settings).items():
        if value is not None:
            environment[PREFIX + name.upper()] = str(value)
    paths = [str(_ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment


def _secrets(folder: Path) -> _Secrets:
    """The folder's own keys, each made on the first run that wants it, readable by their owner alone."""
    file = folder / "secrets.json"
    kept = msgspec.json.decode(file.read_bytes(), type=_Secrets) if file.exists() else _Secrets()
    made = _Secrets(**{name: key or new_key() for name, key in msgspec.structs.asdict(kept).items()})
    if made != kept:
        fresh = folder / "secrets.json.new"
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(msgspec.json.encode(made))
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(file)
    return made


def _make_private(folder: Path) -> None:
    """Folders 0700 and files 0600, those of an earlier version too: keys, mails and logs are in them.

    What is not ours in a folder that somebody named is left as it is.
    """
    ours = [each for each in folder.iterdir() if each.name.startswith(_OURS) and not each.is_symlink()]
    if len(ours) == sum(1 for _ in folder.iterdir()):
        folder.chmod(0o700)
    for each in ours:
        for path in (each, *each.rglob("*")):
            if not path.is_symlink() and (path.is_dir() or path.is_file()):
                path.chmod(0o700 if path.is_dir() else 0o600)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # What ended a moment ago holds nobody up; who listens does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
