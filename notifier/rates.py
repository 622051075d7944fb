"""How many letters of one reason go out over all accounts: beyond that a notice stands in its account's digest.

A mis-set proxy makes thousands of letters that say nothing. Each reason has a rate of its own, so a storm of one starves no
other, and those of money and of factors are far higher. What the rate leaves is kept in SQL and is exact over any number
of notifiers: one admits at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.classes import DIGEST, ORDINARY
from services.cases.contact_points import ADDED, CHANGED
from services.cases.digests import put_into_digests
from services.cases.news import CHALLENGE
from services.cases.tables import letter_rates, notices
from services.platform.database import insert_new

#: Beyond its rate such a notice waits for its turn: it is a digest itself, or the owner must read it as a letter.
_WAITS = frozenset({DIGEST, CHANGED, ADDED})
_HOUR_S = 3600.0
_ADMIT_LOCK = 7_294_186_003


class Rates(Struct, frozen=True, kw_only=True):
    """Letters of each reason an hour, of ordinary and of critical reasons; as many may go out at once after a quiet hour.

    A digest is sent `digest_after_s` seconds after the first notice that stands in it. Of challenges an account gets
    `challenges_per_hour` letters; those beyond stand in its digest.
    """

    per_hour: int = 500
    critical_per_hour: int = 5000
    digest_after_s: float = 3600.0
    challenges_per_hour: int = 2

    def __post_init__(self) -> None:
        """Refuse what would let nothing out."""
        if (
            min(self.per_hour, self.critical_per_hour, self.challenges_per_hour) < 1
            or self.digest_after_s < 0.0
        ):
            raise ValueError(
                "letters_per_hour, critical_letters_per_hour and challenge_letters_per_hour must be 1 or more, "
                "digest_after_s 0 or more"
            )

    def of(self, reason: str) -> int:
        """Letters of that reason an hour."""
        return self.per_hour if reason in ORDINARY else self.critical_per_hour


async def alone(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody else admits. SQLite has one writer anyway."""
    if connection.dialect.name != "sqlite":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADMIT_LOCK})


async def admit(
    connection: AsyncConnection, due: Sequence[Row[*tuple[Any, ...]]], most: int, now: float, rates: Rates
) -> tuple[list[str], Counter[str]]:
    """Which of the notices that are due go out now, at most `most`; and how many of each reason a storm put into digests.

    One account's challenges beyond its own bound are put there too, but are no storm. The caller must be `alone`.
    """
    beyond = await _beyond_their_accounts(connection, due, now, rates.challenges_per_hour)
    due = [row for row in due if row not in beyond]
    first = due[:most]
    wanted = Counter(row.template for row in first)
    left: dict[str, int] = {}
    over: dict[str, float] = {}
    for reason, count in wanted.items():
        left[reason], free_at = await take(connection, reason, count, now, rates.of(reason))
        if left[reason] < count:
            over[reason] = free_at
    admitted: list[str] = []
    for row in first:
        if left[row.template]:
            left[row.template] -= 1
            admitted.append(row.notice_id)
    going = set(admitted)
    rest = [row for row in due if row.template in over and row.notice_id not in going]
    await _wait(connection, [row for row in rest if row.template in _WAITS], over)
    digested = [row for row in rest if row.template not in _WAITS]
    gone = [row._asdict() for row in digested + beyond]
    await put_into_digests(connection, gone, now, now + rates.digest_after_s)
    return admitted, Counter(row.template for row in digested)


async def _beyond_their_accounts(
    connection: AsyncConnection, due: Sequence[Row[Any]], now: float, per_hour: int
) -> list[Row[Any]]:
    """Challenges whose accounts had as many letters of such as they get in an hour: ten challenges are not ten letters."""
    wanted = [row for row in due if row.template == CHALLENGE]
    if not wanted:
        return []
    sent = (
        select(notices.c.account_id, func.count())
        .where(
            notices.c.account_id.in_({row.account_id for row in wanted}),
            notices.c.template == CHALLENGE,
            notices.c.state.not_in(("waiting", "digested")),
            notices.c.recorded_at > now - _HOUR_S,
        )
        .group_by(notices.c.account_id)
    )
    had: Counter[str] = Counter({row[0]: row[1] for row in await connection.execute(sent)})
    beyond = []
    for row in wanted:
        if had[row.account_id] >= per_hour:
            beyond.append(row)
        had[row.account_id] += 1
    return beyond


async def take(
    connection: AsyncConnection, reason: str, count: int, now: float, per_hour: int
) -> tuple[int, float]:
    """How many of `count` letters may go out, and when the next one may."""
    await connection.execute(insert_new(letter_rates).values(reason=reason, letters=float(per_hour), at=now))
    left = select(letter_rates).where(letter_rates.c.reason == reason).with_for_update()
    row = (await connection.execute(left)).one()
    at = max(now, row.at)
    letters = min(float(per_hour), row.letters + (at - row.at) * per_hour / _HOUR_S)
    granted = min(count, int(letters))
    await connection.execute(
        update(letter_rates).where(letter_rates.c.reason == reason).values(letters=letters - granted, at=at)
    )
    return granted, at + (1.0 - min(1.0, letters - granted)) * _HOUR_S / per_hour


async def _wait(connection: AsyncConnection, rows: Sequence[Row[Any]], until: dict[str, float]) -> None:
    for row in rows:
        await connection.execute(
            update(notices).where(notices.c.notice_id == row.notice_id).values(next_at=until[row.template])
        )
