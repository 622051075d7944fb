"""Noticing that a shard is another worker's now before anything is said in its name.

A worker that was frozen wakes up with records in hand that another worker has decided meanwhile. Its memory is as it was, so
it would decide them alike, but for counts across accounts: a tally keeps the answers of its last 64 batches only, and what
is counted anew has grown since. The save that follows is refused, too late for the decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.ports import Count
from services.memory.accounts import Account, LiveAccounts
from services.stream.reading import Arrived


async def owned_counts(
    memory: LiveAccounts,
    arrived: Sequence[Arrived],
    accounts: Sequence[Sequence[Account]],
    counts: Sequence[list[Count]],
) -> list[list[Count]]:
    """The counts as detectors read them, partition by partition.

    A question that was answered too long ago is harmless when its event was learned, which is what a redelivery looks
    like. Raises Fenced when the store has learned an event that our memory has not, and Unavailable.
    """
    return [
        await _checked(memory, each, known, counted) if any(map(_is_new, counted)) else counted
        for each, known, counted in zip(arrived, accounts, counts, strict=True)
    ]


async def _checked(
    memory: LiveAccounts, arrived: Arrived, accounts: Sequence[Account], counts: list[Count]
) -> list[Count]:
    unlearned = {
        question.member: question.offset
        for question, owner, count in reversed(
            list(zip(arrived.questions, arrived.owners, counts, strict=True))
        )
        if _is_new(count) and question.offset > accounts[owner].learned_offset
    }
    await memory.check_owned(arrived.shard, unlearned)
    return [_as_read(count) if _is_new(count) else count for count in counts]


def _is_new(count: Count) -> bool:
    """Whether the question was answered before, and this is not that answer."""
    return count < 0 if count.__class__ is int else count[0] < 0  # type: ignore[index]


def _as_read(count: Count) -> Count:
    return -1 - count if isinstance(count, int) else (-1 - count[0], *count[1:])
