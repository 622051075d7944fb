"""What one line says of each of several cases: its strongest decision, what its owner said, what is stopped, what is at stake.

A few statements for all of them, however many events each has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, json
from sqlalchemy import case as choice
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision
from contracts.shown import Shown
from services.activity.recent import since
from services.activity.tables import activity
from services.cases.hold_tables import account_holds, held_payments, owner_words
from services.cases.states import SEVERITIES, Case
from services.cases.tables import case_entries, recorded_decisions
from services.wallet.tables import wallet_actions

#: What a report is about lies at most so long before it.
_ABOUT_S = 62 * 86_400.0
#: Whatever the wallet has not answered for so long is not confirmed.
UNCONFIRMED_S = 10.0
#: What a person may have to know that the wallet has not confirmed.
_STOPS = ("freeze", "revoke_sessions")
_decode = json.Decoder(Decision).decode
_shown = json.Decoder(Shown).decode
#: Account and event id.
Name = tuple[str, str]


class HeldNow(Struct, frozen=True):
    """A payment that waits; `new_payee`: no money of the account went there before, None where nobody knows."""

    amount: str
    currency: str
    new_payee: bool | None


class About(Struct, frozen=True, kw_only=True):
    """The event that an owner's words are about, as far as it is known."""

    type: str
    shown: Shown | None


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of a case. `denied`: its owner said "not me", of `about` where that is known.

    `unconfirmed` are the kinds of stops that the wallet has not confirmed.
    """

    decision: Decision | None = None
    denied: bool = False
    about: About | None = None
    held: Sequence[HeldNow] = ()
    frozen: bool = False
    unconfirmed: Sequence[str] = ()


NOTHING = Facts()


async def facts_of(connection: AsyncConnection, found: Sequence[Case], now: float) -> Mapping[str, Facts]:
    """The facts of each of the cases, by its id."""
    if not found:
        return {}
    accounts = sorted({case.account_id for case in found})
    risks = [case for case in found if case.kind == "risk"]
    strongest = await _strongest(connection, risks)
    words = await _denied(connection, sorted({case.account_id for case in risks}))
    spoken_of: dict[str, Name] = {}
    for case in found:
        event_id = words.get(case.account_id) if case.kind == "risk" else case.subject_event_id
        if event_id is not None:
            spoken_of[case.case_id] = (case.account_id, event_id)
    decisions = await _decisions(connection, {*strongest.values(), *spoken_of.values()})
    about = await _about(
        connection, set(spoken_of.values()), decisions, min(case.opened_at for case in found)
    )
    held = await _held(connection, accounts)
    frozen = await _frozen(connection, accounts)
    unconfirmed = await _unconfirmed(connection, accounts, now)
    return {
        case.case_id: Facts(
            decision=decisions.get(strongest.get(case.case_id, ("", ""))),
            denied=case.kind == "risk" and case.account_id in words,
            about=about.get(spoken_of.get(case.case_id, ("", ""))),
            held=held.get(case.account_id, ()),
            frozen=case.account_id in frozen,
            unconfirmed=unconfirmed.get(case.account_id, ()),
        )
        for case in found
    }


def stake_of(case: Case, facts: Facts) -> tuple[str, str] | None:
    """The amount (canonical decimal text) and currency at stake: of what waits, where that is of one currency, else of the
    largest that the case is about."""
    currencies = {each.currency for each in facts.held}
    if len(currencies) == 1:
        return str(sum(Decimal(each.amount) for each in facts.held)), currencies.pop()
    if case.at_stake is None or case.stake_currency is None:
        return None
    return case.at_stake, case.stake_currency


async def _strongest(connection: AsyncConnection, found: Sequence[Case]) -> dict[str, Name]:
    """The event of the gravest entry of each case; of equal ones the newest."""
    accounts = {case.case_id: case.account_id for case in found}
    rank = choice(
        *((case_entries.c.severity == name, place) for place, name in enumerate(SEVERITIES)), else_=-1
    )
    best = func.row_number().over(
        partition_by=case_entries.c.case_id, order_by=(rank.desc(), case_entries.c.sequence.desc())
    )
    entries = (
        select(case_entries.c.case_id, case_entries.c.event_id, best.label("place"))
        .where(case_entries.c.case_id.in_(sorted(accounts)), case_entries.c.event_id.is_not(None))
        .subquery()
    )
    rows = await connection.execute(select(entries).where(entries.c.place == 1))
    return {row.case_id: (accounts[row.case_id], row.event_id) for row in rows}


async def _denied(connection: AsyncConnection, accounts: Sequence[str]) -> dict[str, str]:
    """The event that the owner of each account denied last and did not take back."""
    query = (
        select(owner_words.c.account_id, owner_words.c.about_event_id)
        .where(owner_words.c.account_id.in_(accounts), owner_words.c.verdict == "not_me")
        .where(owner_words.c.undone_at.is_(None))
        .order_by(owner_words.c.told_at)
    )
    return {row.account_id: row.about_event_id for row in await connection.execute(query)}


async def _decisions(connection: AsyncConnection, names: Collection[Name]) -> dict[Name, Decision]:
    table = recorded_decisions.c
    query = select(table.account_id, table.event_id, table.body)
    query = query.where(table.event_id.in_(sorted({event_id for _, event_id in names})))
    return {
        (row.account_id, row.event_id): _decode(row.body)
        for row in await connection.execute(query)
        if (row.account_id, row.event_id) in names
    }


async def _about(
    connection: AsyncConnection, names: set[Name], decisions: Mapping[Name, Decision], opened_at: float
) -> dict[Name, About]:
    """From the decisions, else from activity, of which no month is read that is long before."""
    found = {
        name: About(type=decisions[name].type, shown=decisions[name].shown)
        for name in names & decisions.keys()
    }
    missing = sorted(names - found.keys())
    if missing:
        this = tuple_(activity.c.account_id, activity.c.event_id)
        query = select(activity).where(this.in_(missing), since(opened_at - _ABOUT_S))
        for row in await connection.execute(query):
            shown = Shown(
                amount=row.amount,
                currency=row.currency,
                payee_id=row.payee_id,
                kind=row.kind,
                status=row.outcome,
                failure=row.reason,
            )
            found[row.account_id, row.event_id] = About(type=row.type, shown=shown)
    return found


async def _held(connection: AsyncConnection, accounts: Sequence[str]) -> dict[str, list[HeldNow]]:
    query = (
        select(held_payments)
        .where(held_payments.c.account_id.in_(accounts), held_payments.c.state == "held")
        .where(held_payments.c.joins.is_(None))
        .order_by(held_payments.c.placed_at)
    )
    found: dict[str, list[HeldNow]] = {}
    for row in await connection.execute(query):
        usual = None if row.shown is None else _shown(row.shown).usual
        known = None if usual is None else usual.payee_known
        waits = HeldNow(row.amount, row.currency, None if known is None else not known)
        found.setdefault(row.account_id, []).append(waits)
    return found


async def _frozen(connection: AsyncConnection, accounts: Sequence[str]) -> set[str]:
    query = select(account_holds.c.account_id).where(
        account_holds.c.account_id.in_(accounts), account_holds.c.released_at.is_(None)
    )
    return set((await connection.execute(query)).scalars())


async def _unconfirmed(
    connection: AsyncConnection, accounts: Sequence[str], now: float
) -> dict[str, list[str]]:
    query = (
        select(wallet_actions.c.account_id, wallet_actions.c.kind)
        .where(wallet_actions.c.account_id.in_(accounts), wallet_actions.c.result.is_(None))
        .where(wallet_actions.c.kind.in_(_STOPS), wallet_actions.c.published_at < now - UNCONFIRMED_S)
        .distinct()
        .order_by(wallet_actions.c.account_id, wallet_actions.c.kind)
    )
    found: dict[str, list[str]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.account_id, []).append(row.kind)
    return found
