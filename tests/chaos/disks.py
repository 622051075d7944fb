"""Disks of databases that a test can fill and free again."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from benchmarks.parts.real_parts import PostgresServer
from benchmarks.parts.real_stores import is_root

_SIZE = "24m"
_BLOCK = b"\0" * 4096
#: Above the size of a log, below that of any write-ahead log in use.
_QUOTA_BYTES = 64 * 1024


class Disk(Protocol):
    """Where a database is kept: `fill` leaves no room on it for the process of that id, `free` gives it back."""

    url: str

    def fill(self, pid: int) -> None: ...

    def free(self, pid: int) -> None: ...


class Quota:
    """A limit of file sizes for one process, which SQLite meets as an error of input and output."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'quota.db'}"

    def fill(self, pid: int) -> None:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_QUOTA_BYTES, most))

    def free(self, pid: int) -> None:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


class SmallDisk:
    """A file system of its own, filled by a file."""

    def __init__(self, mounted: Path, url: str) -> None:
        self.url = url
        self._filler = mounted / "filler"

    def fill(self, pid: int) -> None:
        with self._filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(_BLOCK)
            except OSError:
                return

    def free(self, pid: int) -> None:
        self._filler.unlink()


@contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """A small file system in memory; skips the test where none may be mounted."""
    place = folder / "small-disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("no file system may be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def sqlite_on(place: Path) -> SmallDisk:
    """A SQLite file there."""
    return SmallDisk(place, f"sqlite:///{place / 'full.db'}")


def postgresql_on(place: Path, server: PostgresServer) -> SmallDisk:
    """A database whose tables are there; the server's own write-ahead log is not."""
    space = place / "tables"
    space.mkdir()
    if is_root():
        place.chmod(0o755)
        shutil.chown(space, "postgres", "postgres")
    name = f"full_{uuid4().hex[:8]}"
    address = f"postgresql://payguard@127.0.0.1:{server.port}/postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(sql.Identifier(name), sql.Literal(str(space)))
        )
        connection.execute(
            sql.SQL("CREATE DATABASE {} TABLESPACE {}").format(sql.Identifier(name), sql.Identifier(name))
        )
    return SmallDisk(place, server.url(name).replace("postgresql+psycopg", "postgresql"))


def drop(disk: SmallDisk, server: PostgresServer) -> None:
    """Remove the database and its space before the disk goes."""
    name = disk.url.rpartition("/")[2]
    address = f"postgresql://payguard@127.0.0.1:{server.port}/postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP TABLESPACE {}").format(sql.Identifier(name)))
