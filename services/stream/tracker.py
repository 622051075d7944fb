"""Which offsets are safe to commit: per partition a queue of in-flight batches, committed as far as it is done.

Stock Faust can commit past an unprocessed head (upstream issue 606) and advances its books when a commit failed
(316). Here a commit position is the end of the longest acknowledged prefix, and only a successful commit moves the
committed mark. Offsets may have holes (compaction, transaction markers): a batch covers all up to its last offset.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


class InFlight:
    """One batch that was read and is not yet done: first and last offset, inclusive."""

    __slots__ = ("acked", "first", "last")

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last
        self.acked = False


class _Books:
    __slots__ = ("batches", "committed", "done", "next_offset")

    def __init__(self) -> None:
        self.batches: deque[InFlight] = deque()
        self.next_offset = 0
        self.done: int | None = None
        self.committed: int | None = None


class OffsetTracker(Generic[P]):
    """Books of every owned partition. Not thread-safe: one event loop owns it."""

    def __init__(self) -> None:
        self._books: dict[P, _Books] = {}

    def take(self, partition: P, first: int, last: int) -> InFlight:
        """Note that offsets first..last were read. Raises ValueError when they overlap what was read before."""
        books = self._books.setdefault(partition, _Books())
        if last < first or first < books.next_offset:
            raise ValueError(f"batch {first}..{last} overlaps offsets read up to {books.next_offset}")
        batch = InFlight(first, last)
        books.batches.append(batch)
        books.next_offset = last + 1
        return batch

    def next_offset(self, partition: P) -> int:
        """The lowest offset that was not read yet in this ownership; 0 when nothing was."""
        books = self._books.get(partition)
        return books.next_offset if books else 0

    def ack(self, partition: P, last: int) -> bool:
        """Mark the batch that ends at `last` as done. False when this ownership knows no such batch (a zombie's ack)."""
        books = self._books.get(partition)
        if books is None:
            return False
        for batch in books.batches:
            if batch.last == last:
                batch.acked = True
                while books.batches and books.batches[0].acked:
                    books.done = books.batches.popleft().last + 1
                return True
        return False

    def committable(self, partition: P) -> int | None:
        """The position to commit: the end of the longest done prefix, or None when nothing new is done."""
        books = self._books.get(partition)
        if books is None or books.done is None or books.done == books.committed:
            return None
        return books.done

    def done(self, partition: P) -> int | None:
        """The end of the longest done prefix; None when nothing was done in this ownership."""
        books = self._books.get(partition)
        return books.done if books else None

    def committed(self, partition: P, position: int) -> None:
        """The broker took `position`. Never moves back."""
        books = self._books.get(partition)
        if books is not None and (books.committed is None or position > books.committed):
            books.committed = position

    def in_flight(self, partition: P) -> int:
        """Batches of the partition that are not yet part of the done prefix."""
        books = self._books.get(partition)
        return len(books.batches) if books else 0

    def total_in_flight(self) -> int:
        """Batches of all partitions that are not yet part of their done prefix."""
        return sum(len(books.batches) for books in self._books.values())

    def partitions(self) -> list[P]:
        """Partitions with anything read in this ownership."""
        return list(self._books)

    def drop(self, partition: P) -> None:
        """Forget the partition: it was revoked, or is assigned anew."""
        self._books.pop(partition, None)
