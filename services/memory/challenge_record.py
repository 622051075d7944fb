"""A challenge as the worker writes it down, before the decision that names it is produced."""

from __future__ import annotations

from msgspec import Struct, json

from contracts.decisions import Decision, IssueChallenge
from contracts.events import Purpose

#: How long the record outlives its challenge, in seconds.
KEPT_AFTER_S = 3600


class ChallengeRecord(Struct, frozen=True, kw_only=True):
    """What is asked of whom; `created_at` is wall-clock epoch seconds, `amount` canonical decimal text."""

    challenge_id: str
    account_id: str
    event_id: str
    purpose: Purpose
    digest: str
    amount: str | None
    currency: str | None
    payee_id: str | None
    lifetime_s: int
    created_at: float


def recorded(decision: Decision, effect: IssueChallenge, created_at: float) -> ChallengeRecord:
    """The record of a decision's challenge."""
    return ChallengeRecord(
        challenge_id=effect.challenge_id,
        account_id=decision.account_id,
        event_id=decision.event_id,
        purpose=effect.purpose,
        digest=effect.digest,
        amount=effect.amount,
        currency=effect.currency,
        payee_id=effect.payee_id,
        lifetime_s=effect.lifetime_s,
        created_at=created_at,
    )


pack_record = json.Encoder().encode
unpack_record = json.Decoder(ChallengeRecord).decode
