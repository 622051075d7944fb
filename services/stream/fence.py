"""Noticing that a shard is another worker's now before anything is said in its name.

A worker that was frozen wakes up with records in hand that another worker has decided meanwhile. Its memory is as it was, so
it would decide them alike, but for counts across accounts: a tally keeps the answers of its last 64 batches only, and what
is counted anew has grown since. The save that follows is refused, too late for the decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.memory.accounts import Account, LiveAccounts
from services.stream.reading import Arrived


async def owned_counts(
    memory: LiveAccounts,
    arrived: Sequence[Arrived],
    accounts: Sequence[Sequence[Account]],
    counts: Sequence[list[int]],
) -> list[list[int]]:
    """The counts as detectors read them, partition by partition.

    A question that was answered too long ago is harmless when its event was learned, which is what a redelivery looks
    like. Raises Fenced when the store has learned an event that our memory has not, and Unavailable.
    """
    return [
        counted if min(counted, default=0) >= 0 else await _checked(memory, each, known, counted)
        for each, known, counted in zip(arrived, accounts, counts, strict=True)
    ]


async def _checked(
    memory: LiveAccounts, arrived: Arrived, accounts: Sequence[Account], counts: list[int]
) -> list[int]:
    unlearned = {
        question.member: question.offset
        for question, owner, count in reversed(
            list(zip(arrived.questions, arrived.owners, counts, strict=True))
        )
        if count < 0 and question.offset > accounts[owner].learned_offset
    }
    await memory.check_owned(arrived.shard, unlearned)
    return [-1 - count if count < 0 else count for count in counts]
