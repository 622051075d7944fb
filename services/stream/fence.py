"""Noticing that a shard is another worker's now before anything is said in its name.

A worker that was frozen wakes up with records in hand that another worker has decided meanwhile. Its memory is as it was, so
it would decide them alike, but for counts across accounts: a tally keeps the answers of its last 64 batches only, and what
is counted anew has grown since. The save that follows is refused, too late for the decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.ports import PayeeQuestions, TallyQuestions, TallyResponse
from services.memory.accounts import Account, LiveAccounts
from services.stream.reading import Arrived


async def owned_counts(
    memory: LiveAccounts,
    arrived: Sequence[Arrived],
    accounts: Sequence[Sequence[Account]],
    counts: Sequence[TallyResponse],
) -> list[TallyResponse]:
    """The counts as detectors read them, partition by partition.

    A question that was answered too long ago is harmless when its event was learned, which is what a redelivery looks
    like. Raises Fenced when the store has learned an event that our memory has not, and Unavailable.
    """
    return [
        await _checked(memory, each, known, counted) if _has_new(counted) else counted
        for each, known, counted in zip(arrived, accounts, counts, strict=True)
    ]


def _has_new(counted: TallyResponse) -> bool:
    """Whether some question was answered before, and this is not that answer."""
    if counted.payees and min(counted.payees)[0] < 0:
        return True
    return any(counts and min(counts) < 0 for counts in counted.tallies)


async def _checked(
    memory: LiveAccounts, arrived: Arrived, accounts: Sequence[Account], counted: TallyResponse
) -> TallyResponse:
    unlearned: dict[str, int] = {}
    questions: list[TallyQuestions | PayeeQuestions] = [*arrived.questions.tallies, arrived.questions.payees]
    first_counts = [*counted.tallies, [counts[0] for counts in counted.payees]]
    for each, counts in zip(questions, first_counts, strict=True):
        for member, offset, owner, count in zip(each.members, each.offsets, each.owners, counts, strict=True):
            if count < 0 and offset > accounts[owner].learned_offset:
                unlearned[member] = min(offset, unlearned.get(member, offset))
    await memory.check_owned(arrived.shard, unlearned)
    return TallyResponse(
        [[_as_read(count) for count in counts] for counts in counted.tallies],
        [(_as_read(counts[0]), *counts[1:]) for counts in counted.payees],
    )


def _as_read(count: int) -> int:
    return -1 - count if count < 0 else count
