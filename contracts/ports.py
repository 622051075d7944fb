"""What the pipeline needs from the world, as protocols; each has an in-process and a real implementation that pass one suite.

When its store is away every method raises `contracts.errors.Unavailable`; nothing is half done that a repeat would not mend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field

from contracts.decisions import Decision, IssueChallenge
from contracts.payees import LABEL_DELAY_DAYS, PayeeCounts


class Shard(Struct, frozen=True, gc=False):
    """The partition an account lives in; a change of the partition count is a new epoch."""

    epoch: int
    partition: int


#: What is kept of an account: (account, learned offset, packed profile).
Entry = tuple[str, int, bytes]


class TallyQuestions(Struct):
    """What a batch asks one tally, in event order: distinct members of each `key` in the bucket of `at` and the one before.

    All lists run beside each other. `offsets` are the events' positions in their shard and `owners` their indexes in the batch,
    which the store leaves alone; a member joins the count first where `adds`. Where `most` is not 0 no more than so many are
    counted, in one small record of the newest two buckets, which older events read too. An event asks a tally once at most.
    """

    name: str
    bucket_s: int
    most: int = 0
    owners: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    ats: list[float] = field(default_factory=list)
    adds: list[bool] = field(default_factory=list)


#: What an event changes of a payee's record: nothing, one payment more, one fraud more, a fraud taken back.
PAYEE_NONE, PAYEE_PAYMENT, PAYEE_FRAUD, PAYEE_NO_FRAUD = range(4)


class PayeeQuestions(Struct):
    """What a batch asks of the records of payees (`contracts.payees`), in event order; all lists run beside each other.

    `owners` and `offsets` as of tallies. `payees` are keys of 8 bytes. `hours` are the transactions' times in whole hours since
    1970 and `transactions` their event ids, each one of its member's; a label speaks of the one that it is about. `changes` join
    the record before it is read, `members` with them. Labels are out `delay_days` after the day of what they are about. An event
    asks once at most.
    """

    delay_days: int = LABEL_DELAY_DAYS
    owners: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    payees: list[bytes] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)
    hours: list[int] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)


class TallyRequest(Struct):
    """What a batch asks across accounts; each tally by its own name."""

    tallies: list[TallyQuestions]
    payees: PayeeQuestions


class TallyResponse(Struct):
    """The counts a batch is told, beside its questions: a list for each tally, and the counts of payees."""

    tallies: list[list[int]]
    payees: list[PayeeCounts]


class ProfileStore(Protocol):
    """Stored memory of accounts: opaque bytes with the offset up to which each account has learned."""

    async def load(
        self, wanted: Sequence[tuple[Shard, Sequence[str]]]
    ) -> list[list[tuple[int, bytes] | None]]:
        """For each shard and each of its accounts, in order: (learned offset, packed profile), or None for nothing remembered.

        One round trip.
        """
        ...

    async def save(
        self, entries: Sequence[tuple[Shard, Sequence[Entry]]], reached: Mapping[Shard, int] | None = None
    ) -> list[int]:
        """Keep each entry unless the stored offset is newer. One round trip; one atomic step a shard.

        `reached` is the offset of the last record of each shard that this save follows, learned from or not.

        An account has at most one entry in its shard. Returns for each shard how many were refused because a newer offset is
        stored; an equal offset is overwritten. Any refusal means that somebody else owns the shard.
        """
        ...


class TallyStore(Protocol):
    """Counts of distinct accounts for keys that cross accounts, and records of payees."""

    async def observe(self, asked: Sequence[tuple[Shard, TallyRequest]]) -> list[TallyResponse]:
        """Add and count shard by shard, each tally and the payees in event order. One round trip.

        Idempotent: a repeated member counts once, and a question at an offset of its shard that was answered before gets
        the very answer it got then (the last 64 batches of answers of a shard are kept), so a redelivered event is decided
        alike. A question at or below the highest offset answered whose answer is no longer kept gets -1 minus its count now;
        of a payee's counts only the first is told so, and the record stays as it is.
        """
        ...


class DecisionReplies(Protocol):
    """Where a decision is left for the caller of our HTTP API."""

    async def deliver(self, answers: Sequence[tuple[str, str, bytes]]) -> None:
        """Publish (reply channel, answer's name, decision JSON) and keep each for an hour (`contracts.decisions`)."""
        ...


class ChallengeIntake(Protocol):
    """Where a challenge is written before the decision that names it is produced; idempotent by challenge id."""

    async def open(self, requests: Sequence[tuple[Decision, IssueChallenge]]) -> None:
        """Write each challenge as open unless it is already there in any state."""
        ...
