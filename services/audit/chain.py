"""What makes the audit tell of every change to it: each row's hash covers the row and the hash before it.

Rows stand in 33 partitions, each numbered from 1 without gaps: 32 by account, so that writers of one account are in line and
others are not, and one for what concerns no account. Pure.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct, field, json, structs

PARTITIONS = 32
#: The act that vouches for rows of its account whose words were taken out: see `redaction`.
ERASED = "account_erased"
#: The partition of acts that concern no account and no challenge.
NO_ACCOUNT = PARTITIONS
ALL_PARTITIONS = range(PARTITIONS + 1)
#: What stands before the first row of a partition.
START = bytes(32)


class Entry(Struct, frozen=True, kw_only=True):
    """One act: an offered code, a change of a factor, or an administrator's doing. Never a code or a secret.

    `at` is epoch seconds; `actor` who did it, as the caller says; `network` the network it came from; `reason` words for
    people.
    """

    at: float
    action: str
    result: str
    actor: str
    account_id: str | None = None
    factor_id: str | None = None
    challenge_id: str | None = None
    network: str | None = None
    reason: str | None = None


class Row(Struct, frozen=True):
    """An entry in its place."""

    partition: int
    seq: int
    entry: Entry
    hash: bytes


class Head(Struct, frozen=True):
    """The last row of a partition: its number, 0 when there is none, and its hash."""

    partition: int
    seq: int
    hash: bytes


def partition_of(entry: Entry) -> int:
    """The partition of its account, or of its challenge when nobody knows the account."""
    about = entry.account_id or entry.challenge_id
    return NO_ACCOUNT if about is None else hashlib.sha256(about.encode()).digest()[0] % PARTITIONS


def canonical(partition: int, entry: Entry) -> bytes:
    """The bytes that are hashed: a JSON array of the partition and the entry's fields in their order, as msgspec writes it."""
    fields = (
        partition,
        float(entry.at),
        entry.action,
        entry.result,
        entry.actor,
        entry.account_id,
        entry.factor_id,
        entry.challenge_id,
        entry.network,
        entry.reason,
    )
    return json.encode(fields)


def linked(head: Head, entry: Entry) -> Row:
    """The row that follows `head`: SHA-256 over the hash before it, its number in 8 bytes, and the entry's bytes."""
    seq = head.seq + 1
    hashed = head.hash + seq.to_bytes(8, "big") + canonical(head.partition, entry)
    return Row(head.partition, seq, entry, hashlib.sha256(hashed).digest())


class Redaction:
    """What is left of rows whose network and reason were taken out, so that nothing else of them can change unseen.

    Their own hashes no longer fit them, but the row after each covers its hash, and the act that took the words out covers all.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.rows = 0

    def add(self, row: Row) -> None:
        """Take the next row, by number, as it is without its words."""
        entry = structs.replace(row.entry, network=None, reason=None)
        self._digest.update(row.seq.to_bytes(8, "big") + row.hash + canonical(row.partition, entry))
        self.rows += 1

    def words(self) -> str:
        """What the reason of the act says of them."""
        return f"{self.rows} rows without their words: {self._digest.hexdigest()}"


class Broken(Struct, frozen=True):
    """The first row of a partition that is not as it was written."""

    partition: int = field(name="lane")
    seq: int
    fault: str


_ALTERED = "was altered, or is not the one that was written there"


class Walk:
    """Reads one partition from its first row to its last; `read` and then `end` answer what is wrong, or None.

    `saved` is this partition's head as it was kept elsewhere earlier: nothing up to it may have changed or gone.
    """

    def __init__(self, partition: int, saved: Head | None = None) -> None:
        self.head = Head(partition, 0, START)
        self._saved = saved
        self._redacted: dict[str, tuple[int, Redaction]] = {}

    def read(self, row: Row) -> Broken | None:
        """Take the next row, by number."""
        expected = self.head.seq + 1
        if row.seq != expected:
            return self._broken(expected, f"is missing; the next one there is {row.seq}")
        entry = row.entry
        if row.hash != linked(self.head, entry).hash:
            if entry.account_id is None or entry.network is not None or entry.reason is not None:
                return self._broken(expected, _ALTERED)
            self._redacted.setdefault(entry.account_id, (expected, Redaction()))[1].add(row)
        elif entry.action == ERASED and entry.account_id in self._redacted:
            first, redaction = self._redacted.pop(entry.account_id)
            if redaction.words() not in (entry.reason or ""):
                return self._broken(first, _ALTERED)
        self.head = Head(row.partition, row.seq, row.hash)
        if self._saved is not None and self._saved.seq == row.seq and self._saved.hash != row.hash:
            return self._broken(row.seq, "or one before it was rewritten since the heads were saved")
        return None

    def end(self, head: Head | None) -> Broken | None:
        """Compare the end of the rows with the partition's head."""
        last = self.head.seq
        if self._redacted:
            return self._broken(last + 1, _ALTERED)
        if self._saved is not None and self._saved.seq > last:
            return self._broken(last + 1, "was cut off since the heads were saved")
        if head is None:
            return self._broken(last + 1, "cannot follow: the head of the partition is gone")
        if head.seq > last:
            return self._broken(last + 1, f"was cut off; the partition ended at {head.seq}")
        if head != self.head:
            return self._broken(last, "is not the one that the head of the partition names")
        return None

    def _broken(self, seq: int, fault: str) -> Broken:
        """The fault, or an earlier row that lost its words and that nothing has vouched for."""
        first = min((each for each, _ in self._redacted.values()), default=seq)
        return (
            Broken(self.head.partition, first, _ALTERED)
            if first < seq
            else Broken(self.head.partition, seq, fault)
        )
