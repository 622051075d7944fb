"""Reading a detector's own memory as it was stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct, msgpack

M = TypeVar("M", bound=Struct)


def reads_version(known: int, memory: type[M]) -> Callable[[int, bytes], M]:
    """The `upgrade` of a detector whose memory has only ever had one version.

    What it answers raises ValueError for a version this code does not know.
    """

    def upgrade(version: int, packed: bytes) -> M:
        if version != known:
            raise ValueError(f"unknown memory version {version}")
        return msgpack.decode(packed, type=memory)

    return upgrade
