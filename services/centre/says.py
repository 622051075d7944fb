"""What an owner says of an event in the centre: the same report, with the same effects, as on the pages of a challenge."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from contracts.events import Proof, UserReport
from services.cases import owner_words, trusted_devices
from services.cases.hold_tables import owner_words as words_table
from services.cases.owner_words import Following

_BY = "page"


async def report(
    connection: AsyncConnection, account_id: str, about_event_id: str, verdict: str, proof: Proof, now: float
) -> UserReport:
    """The report to be made; telling the same again while it stands is the same report."""
    undone = select(func.count()).where(
        words_table.c.account_id == account_id,
        words_table.c.about_event_id == about_event_id,
        words_table.c.undone_at.is_not(None),
    )
    told = f"{len(account_id)}:{account_id}{about_event_id}:{await connection.scalar(undone)}"
    return UserReport(
        event_id=derived_id(told, f"centre_{verdict}"),
        account_id=account_id,
        occurred_at=int(now * 1000),
        about_event_id=about_event_id,
        verdict="was_me" if verdict == "was_me" else "not_me",
        proof=proof,
    )


async def say(
    connection: AsyncConnection, following: Following, told: UserReport, now: float, trust: bool = False
) -> None:
    """Note the report, do what follows and tell the stream, in the caller's transaction, once.

    `trust`: the device that the event came from is the owner's from now on.
    """
    await owner_words.tell(connection, following, told, _BY, now)
    if trust:
        about = told.about_event_id
        await trusted_devices.trust(connection, told.account_id, told.event_id, about, _BY, now)
