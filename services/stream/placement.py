"""Which partition an account belongs to, and what to do with its records that lie on another one.

An account's memory lives with one partition: that of Java's murmur2 over the key, where PayGuard's own producer puts it. A
wallet whose client library hashes otherwise (docs/partitioners.md) puts most accounts elsewhere, and then passes, factors
and reports never reach the memory that judges. Such a record is sent on to where it belongs, once, with a header that says
from where. Pure: the caller produces what is to be moved.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import lru_cache
from struct import Struct as Layout

import msgspec

from contracts.errors import Malformed
from contracts.topics import HEADER_MOVED_FROM
from services.events.decode import DeadLetter, Incoming, Record

_SEED, _FACTOR, _MASK = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF
_WORDS = [Layout(f"<{count}I").unpack_from for count in range(64)]
#: Answers kept, so that an account which is loaded again and again is not hashed each time.
_KEPT = 131_072
#: With the header it must still be a record that Kafka takes, which by default is one of at most 1,048,588 bytes.
MOST_BYTES = 1_000_000


class Moved(msgspec.Struct, frozen=True, gc=False):
    """A record for another partition, its bytes and time as they were, with all headers and one more."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    timestamp_ms: int


def murmur2(key: bytes) -> int:
    """MurmurHash2 as Kafka's Java client computes it (org.apache.kafka.common.utils.Utils), as an unsigned number."""
    length = len(key)
    whole = length >> 2
    hashed = _SEED ^ length
    words = _WORDS[whole] if whole < len(_WORDS) else Layout(f"<{whole}I").unpack_from
    for word in words(key):
        word = word * _FACTOR & _MASK
        hashed = (hashed * _FACTOR ^ (word ^ word >> 24) * _FACTOR) & _MASK
    if rest := length & 3:
        hashed = (hashed ^ int.from_bytes(key[-rest:], "little")) * _FACTOR & _MASK
    hashed = (hashed ^ hashed >> 13) * _FACTOR & _MASK
    return hashed ^ hashed >> 15


class Placement:
    """Where the accounts of a topic of so many partitions belong."""

    def __init__(self, topic: str, partitions: int) -> None:
        self._topic = topic
        self._partitions = partitions
        self.partition_of = lru_cache(_KEPT)(self._partition_of)

    def _partition_of(self, key: bytes) -> int:
        return (murmur2(key) & 0x7FFFFFFF) % self._partitions

    def sort(
        self, partition: int, incoming: Incoming, strangers: Sequence[int]
    ) -> tuple[Incoming, list[Moved]]:
        """What belongs on the partition, dead letters among it, and what is to be moved.

        Only events of the indexes `strangers` are looked at: their accounts were not seen on the partition yet.
        """
        where = self.partition_of
        records = incoming.records
        astray = {index: right for index in strangers if (right := where(records[index].key)) != partition}
        if not astray:
            return incoming, []
        moved: list[Moved] = []
        dead = list(incoming.dead)
        for index, right in astray.items():
            try:
                moved.append(self._moved(records[index], partition, right))
            except Malformed as error:
                dead.append(DeadLetter(records[index], error))
        dead.sort(key=lambda letter: letter.record.offset)
        return _without(incoming, astray.keys(), dead), moved

    def _moved(self, record: Record, partition: int, right: int) -> Moved:
        """The record for the partition `right`. Raises Malformed for one that was moved before, or is too large."""
        if any(name == HEADER_MOVED_FROM for name, _ in record.headers):
            raise Malformed(
                "moved_before",
                f"the record was moved once and lies on partition {partition} while its key belongs on {right}: "
                "workers differ in PAYGUARD_PARTITIONS, or the topic was given more",
            )
        if len(record.value or b"") > MOST_BYTES:
            raise Malformed(
                "too_large_to_move",
                f"the key belongs on partition {right}, and the value is larger than {MOST_BYTES} bytes",
            )
        origin = f"{self._topic}:{partition}:{record.offset}".encode()
        headers = [*record.headers, (HEADER_MOVED_FROM, origin)]
        return Moved(right, record.key, record.value, headers, record.timestamp)


def _without(incoming: Incoming, gone: Set[int], dead: list[DeadLetter]) -> Incoming:
    """The events but for those of the indexes `gone`."""
    kept = [index for index in range(len(incoming.events)) if index not in gone]
    clamped = {place for place, index in enumerate(kept) if index in incoming.clamped}
    mended = {place: incoming.mended[index] for place, index in enumerate(kept) if index in incoming.mended}
    return Incoming(
        [incoming.events[index] for index in kept],
        [incoming.records[index] for index in kept],
        dead,
        frozenset(clamped),
        mended,
    )
