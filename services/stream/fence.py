"""Noticing that a shard is another worker's now before anything is said in its name.

A worker that was frozen wakes up with records in hand that another worker has decided meanwhile. Its memory is as it was, so
it would decide them alike, but for counts across accounts: a tally keeps the answers of its last 64 batches only, and what
is counted anew has grown since. The save that follows is refused, too late for the decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.ports import Shard, TallyQuery
from services.memory.accounts import Account, LiveAccounts


async def owned_counts(
    memory: LiveAccounts,
    shard: Shard,
    questions: Sequence[TallyQuery],
    owners: Sequence[int],
    accounts: Sequence[Account],
    counts: list[int],
) -> list[int]:
    """The counts as detectors read them. `owners` holds, for each question, the index of its event's account.

    A question that was answered too long ago is harmless when its event was learned, which is what a redelivery looks
    like. Raises Fenced when the store has learned an event that our memory has not, and Unavailable.
    """
    if min(counts, default=0) >= 0:
        return counts
    unlearned = {
        question.member: question.offset
        for question, owner, count in reversed(list(zip(questions, owners, counts, strict=True)))
        if count < 0 and question.offset > accounts[owner].learned_offset
    }
    await memory.check_owned(shard, unlearned)
    return [-1 - count if count < 0 else count for count in counts]
