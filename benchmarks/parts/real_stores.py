"""Redis and PostgreSQL as child processes on loopback: see `real_parts`."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import LiteralString, Self

import psycopg
from psycopg import sql

from services.platform.embedded import answers_ping, free_port, wait_until_ready
from services.platform.guarded_process import GuardedProcess

READY_TIMEOUT_S = 90.0


class PartMissing(Exception):
    """A program of a real part is not on this machine; the message says how to get it."""


def new_parts_folder(place: Path | None = None) -> Path:
    """A new temporary folder, yours to remove; other users may walk through it, as PostgreSQL needs.

    `place`: the folder it is made in, the system's for temporary files when None.
    """
    folder = Path(tempfile.mkdtemp(prefix="payguard-parts-", dir=place))
    folder.chmod(0o755)
    return folder


def program_of(name: str, package: str, more_folders: list[str] | None = None) -> str:
    """Path of a program on PATH or in the folders given.

    :raises PartMissing: names the Debian package that has it.
    """
    found = shutil.which(name)
    for folder in sorted(more_folders or [], reverse=True):
        found = shutil.which(name, path=folder) or found
    if found is None:
        raise PartMissing(f"{name} is not on this machine; on Debian: apt-get install {package}")
    return os.path.realpath(found) if more_folders else found


def is_root() -> bool:
    """True when this process may do anything."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def unprivileged() -> list[str]:
    """The prefix that runs a program as ``postgres`` when we are root (and still dies with its guard)."""
    if not is_root():
        return []
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL"]
    return [program_of("setpriv", "util-linux"), *user, "--"]


class _Server:
    """One server process with a folder for its log and data, and a port of its own that it keeps over restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: GuardedProcess | None = None

    def start(self) -> str:
        """Starts it, or starts it again, and waits until it is ready; answers its URL."""
        raise NotImplementedError

    def kill9(self) -> None:
        """Ends it as a power cut would; ``start`` brings it back."""
        if self._process is not None:
            self._process.kill9()

    def stop(self) -> None:
        """Ends it in order."""
        if self._process is not None:
            self._process.stop()

    def pause(self) -> None:
        """Freezes it; ``resume`` lets it go on."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send(number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


class RedisServer(_Server):
    """redis-server with its append-only file on, synced each second, as production is asked to run it.

    :param folder: where log and data go.
    """

    @property
    def url(self) -> str:
        """redis:// URL of database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> str:
        """Starts it, or starts it again, and waits until its data is loaded.

        :returns: its URL.
        :raises PartMissing: no redis-server on this machine.
        """
        program = program_of("redis-server", "redis-server")
        self.folder.mkdir(parents=True, exist_ok=True)
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder.resolve())]
        safety = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        self._process = GuardedProcess([program, *place, *safety, *self.more()], self.folder / "redis.log")
        wait_until_ready("redis-server", self._process, lambda: answers_ping(self.port), READY_TIMEOUT_S)
        return self.url

    def more(self) -> list[str]:
        """Further flags of the server."""
        return []


class PostgresServer(_Server):
    """PostgreSQL, TCP only, user ``payguard`` without a password on loopback.

    PostgreSQL refuses to run as root; as root it runs as the user ``postgres``, who must be able to reach the folder.

    :param folder: where log and data go.
    """

    def url(self, database: str = "payguard") -> str:
        """SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://payguard@127.0.0.1:{self.port}/{database}"

    def start(self) -> str:
        """Starts it, creating data and the database ``payguard`` on first use.

        :returns: the SQLAlchemy URL.
        :raises PartMissing: no PostgreSQL server on this machine.
        """
        server = program_of("postgres", "postgresql", glob.glob("/usr/lib/postgresql/*/bin"))
        data = self.folder / "data"
        new = not data.exists()
        if new:
            self._make_data_folder(data, Path(server).with_name("initdb"))
        options = ["-p", str(self.port), "-h", "127.0.0.1", "-c", "unix_socket_directories="]
        argv = [*unprivileged(), server, "-D", str(data), *options]
        self._process = GuardedProcess(argv, self.folder / "postgres.log")
        wait_until_ready("PostgreSQL", self._process, self._accepts_login, READY_TIMEOUT_S)
        if new:
            self.new_database("payguard")
        return self.url()

    def new_database(self, name: str, template: str = "template1") -> str:
        """Creates a database, empty unless it is a copy of another that nobody is connected to, and answers its URL."""
        self._administer("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Removes a database, breaking what connections to it are left."""
        self._administer("DROP DATABASE {} WITH (FORCE)", name)

    def _administer(self, statement: LiteralString, *names: str) -> None:
        address = f"postgresql://payguard@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _accepts_login(self) -> bool:
        address = f"postgresql://payguard@127.0.0.1:{self.port}/postgres"
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Ends it, breaking open connections."""
        self._send(signal.SIGINT)
        super().stop()

    def _make_data_folder(self, data: Path, initdb: Path) -> None:
        data.mkdir(parents=True)
        data.chmod(0o700)
        if is_root():
            self.folder.chmod(0o755)
            shutil.chown(data, "postgres", "postgres")
        argv = [*unprivileged(), str(initdb), "-D", str(data), "-U", "payguard", "-A", "trust", "-E", "UTF8"]
        made = subprocess.run(
            [*argv, "--locale=C.UTF-8", "--no-sync"], capture_output=True, text=True, cwd="/", check=False
        )
        if made.returncode != 0:
            shutil.rmtree(data)
            raise PartMissing(f"initdb failed: {made.stderr.strip()}")
