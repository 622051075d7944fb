"""The owner says "this wasn't me": the challenge is refused, and the report goes into the stream."""

from __future__ import annotations

from contracts.decisions import derived_id
from contracts.events import UserReport, to_wire
from services.audit import audit_log
from services.cases import owner_words
from services.cases.outbox import Outgoing, put
from services.cases.owner_words import Following
from services.mfa import repository
from services.mfa.records import Challenge
from services.platform.database import Database
from services.platform.metrics import CHALLENGES


def report_of(challenge: Challenge) -> str:
    """The event id of the report that the challenge is not its owner's doing."""
    return derived_id(challenge.challenge_id, "disowned")


async def disown(database: Database, challenge: Challenge, at: float, following: Following) -> bool:
    """Close the challenge as failed and report its event as not the owner's, in one transaction; whether it was open.

    A challenge that somebody else passed meanwhile stays passed, and the report is made all the same: that is when it
    matters most. Its event id derives from the challenge's, so telling twice is telling once. `following` says what follows at
    once, without a worker. `at` is epoch seconds.
    """
    event_id = report_of(challenge)
    report = UserReport(
        event_id=event_id,
        account_id=challenge.account_id,
        occurred_at=int(at * 1000),
        about_event_id=challenge.event_id,
        verdict="not_me",
        proof="session",
    )
    async with database.begin() as connection:
        closed = await repository.close(connection, challenge, "failed", at)
        await put(connection, [Outgoing(event_id, "event", challenge.account_id, to_wire(report))], at)
        await owner_words.say(connection, following, report, "page", at)
        entry = audit_log.Entry(
            at=at,
            action="disown",
            result="refused" if closed else "told",
            actor="page",
            account_id=challenge.account_id,
            challenge_id=challenge.challenge_id,
            reason="the owner says it was not them",
        )
        await audit_log.record(connection, entry)
    if closed:
        CHALLENGES.labels(challenge.purpose, "failed").inc()
    return closed
