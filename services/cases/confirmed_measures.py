"""What is counted of money that waited or is lost, and of attempts that turned out not to be the owner's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, json
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.exchange import ExchangeRates
from contracts.shown import Shown
from services.cases.hold_tables import held_payments, owner_words
from services.cases.lost_money import Payments, denied_and_gone, judged_and_gone
from services.cases.tables import case_entries, cases, decision_of_entry, recorded_decisions
from services.platform.database import Database
from services.platform.metrics import FUNNEL, MONEY_HELD
from services.platform.money import WORTH, count_money

#: What a payment that waited became, as the metric has it.
_ENDS = {"released": "released", "cancelled": "cancelled", "expired": "cancelled"}
#: A network of which nothing is shown.
_UNKNOWN = "unknown"


class _Finding(Struct, frozen=True):
    detector: str


class _Decided(Struct, frozen=True):
    """What is needed of a decision."""

    type: str
    findings: tuple[_Finding, ...] = ()
    shown: Shown | None = None


_ATTEMPTS = frozenset({"login", "transaction", "account_change"})
_decode = json.Decoder(_Decided).decode


class ConfirmedMeasures:
    """Counts what happened since the look before, as `CaseMeasures` does."""

    def __init__(self, since: float, rates: ExchangeRates) -> None:
        """`rates` put money in one worth; the first look begins at `since`, epoch seconds."""
        self._since = since
        self._rates = rates

    async def look(self, database: Database, now: float) -> None:
        """Count from the look before until before `now`. Raises Unavailable."""
        since = self._since
        async with database.read() as connection:
            held = await _held(connection)
            settled = await _settled(connection, since, now)
            lost = [
                *await denied_and_gone(connection, since, now),
                *await judged_and_gone(connection, since, now),
            ]
            confirmed = await _confirmed(connection, since, now)
        self._since = now
        MONEY_HELD.set(self._worth(held))
        for end, currency, amount in settled:
            count_money(_ENDS[end], float(amount), currency, self._rates)
        for currency, amount in lost:
            count_money("lost", float(amount), currency, self._rates)
        for (network, country), count in confirmed.items():
            FUNNEL.labels("confirmed", network, country).inc(count)

    def _worth(self, payments: Payments) -> float:
        return sum(
            float(amount) * (self._rates.ratio(currency, WORTH) or 0.0) for currency, amount in payments
        )


async def _held(connection: AsyncConnection) -> Payments:
    query = select(held_payments.c.currency, held_payments.c.amount).where(
        held_payments.c.state == "held", held_payments.c.joins.is_(None)
    )
    return [(currency, amount) for currency, amount in await connection.execute(query)]


async def _settled(connection: AsyncConnection, since: float, now: float) -> list[tuple[str, str, str]]:
    """State, currency and amount of each payment that ended: of one that was tried again, its first try."""
    at = held_payments.c.settled_at
    query = select(held_payments.c.state, held_payments.c.currency, held_payments.c.amount)
    rows = await connection.execute(query.where(at >= since, at < now, held_payments.c.joins.is_(None)))
    return [(state, currency, amount) for state, currency, amount in rows]


async def _confirmed(connection: AsyncConnection, since: float, now: float) -> Counter[tuple[str, str]]:
    """Attempts that their owner, or else support, called not the owner's, by kind of network and class of country."""
    said, decided = owner_words.c, recorded_decisions.c
    denied: Select[Any] = (
        select(decided.body)
        .join(
            owner_words, (said.account_id == decided.account_id) & (said.about_event_id == decided.event_id)
        )
        .where(said.told_at >= since, said.told_at < now, said.verdict == "not_me", said.undone_at.is_(None))
        .distinct()
    )
    told = select(said.event_id).where(
        said.account_id == cases.c.account_id,
        said.about_event_id == case_entries.c.event_id,
        said.verdict == "not_me",
        said.undone_at.is_(None),
    )
    judged = (
        select(decided.body)
        .select_from(case_entries.join(cases).join(recorded_decisions, decision_of_entry()))
        .where(cases.c.resolved_at >= since, cases.c.resolved_at < now, cases.c.verdict == "fraud")
        .where(~told.exists())
        .distinct()
    )
    bodies = [*(await connection.execute(denied)).scalars(), *(await connection.execute(judged)).scalars()]
    return Counter(_classes(bodies))


def _classes(bodies: Iterable[str]) -> Iterable[tuple[str, str]]:
    for body in bodies:
        decision = _decode(body)
        shown = decision.shown
        if decision.type not in _ATTEMPTS:
            continue
        country = _UNKNOWN
        if shown is not None and shown.country is not None:
            new = any(finding.detector == "new_country" for finding in decision.findings)
            country = "new" if new else "usual"
        yield (_UNKNOWN if shown is None else shown.network_kind or _UNKNOWN), country
