"""Search for people of the desk: what they were told, read out or pasted, found whole; the exact hit first.

It knows accounts, events (a top-up's number is its event's id), payees, references of messages and numbers of cases. Each is
found by an index; what is not one of these is not found.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import newest
from services.activity.rows import Row
from services.activity.tables import activity
from services.audit import audit_log
from services.cases.hold_tables import account_holds, held_payments
from services.cases.owners import Message, messages_of
from services.cases.references import case_ids, notice_ids
from services.cases.states import Case
from services.cases.tables import case_entries, cases, recorded_decisions

MOST_TEXT = 200
_DAY_S = 86_400.0
#: So far back a payee's payments are looked at, and so many of them.
_PAYEE_S, _PAYMENTS = 90 * _DAY_S, 500
_MOST_CASES, _MOST_EVENTS, _MOST_ACCOUNTS = 20, 10, 100
#: The key of a text of a kind, as activity has it: `services.memory.pseudonyms.Pseudonyms.key_of`.
KeyOf = Callable[[str, str], bytes]


class AccountHit(Struct, frozen=True, kw_only=True):
    """An account: how many of its cases are open and how many there are, whether it is frozen, when it was last used."""

    account_id: str
    open: int
    cases: int
    frozen: bool
    last_at: float | None


class PayeeHit(Struct, frozen=True, kw_only=True):
    """A payee, by payments of the last 90 days: the first and last of them, how many accounts paid, and of these in 24 hours.

    `fraud` of them have a case of it that was fraud. `paid` and `held` are (amount, currency). `more`: there were more payments
    than are counted.
    """

    payee_id: str
    first_at: float
    last_at: float
    accounts: int
    accounts_day: int
    fraud: int
    paid: list[tuple[str, str]]
    held: list[tuple[str, str]]
    more: bool


class EventHit(Struct, frozen=True, kw_only=True):
    """An event that had effects, or that a report is about."""

    account_id: str
    event_id: str
    at: float | None


class Found(Struct, frozen=True, kw_only=True):
    """What was found. Cases: the open ones first, then the newest."""

    account: AccountHit | None = None
    payee: PayeeHit | None = None
    events: Sequence[EventHit] = ()
    messages: Sequence[Message] = ()
    cases: Sequence[Case] = ()

    @property
    def count(self) -> int:
        """How many hits."""
        exact = (self.account is not None) + (self.payee is not None)
        return exact + len(self.events) + len(self.messages) + len(self.cases)


def tidy(said: str) -> str:
    """What was asked for, without spaces around it and what cannot be seen; full-width letters are letters."""
    kept = "".join(each for each in unicodedata.normalize("NFKC", said) if each.isprintable())
    return kept.strip()[:MOST_TEXT]


async def search(connection: AsyncConnection, asked: str, key_of: KeyOf | None, now: float) -> Found:
    """Everything that is exactly what was `asked` for. Nothing is found for an empty text."""
    if not asked:
        return Found()
    account = await _account(connection, asked, now)
    payments = [] if key_of is None else await _payments(connection, key_of("payee", asked), now)
    events = await _events(connection, asked)
    found = await _cases(connection, asked, events, payments)
    letters = notice_ids(asked)
    return Found(
        account=account,
        payee=await _payee(connection, asked, payments, found, now) if payments else None,
        events=events,
        messages=[] if letters is None else (await messages_of(connection, *letters))[:_MOST_CASES],
        cases=found,
    )


async def _payments(connection: AsyncConnection, payee: bytes, now: float) -> list[Row]:
    paid = and_(activity.c.section == "money", activity.c.payee_key == payee)
    return await newest(connection, paid, _PAYMENTS + 1, now=now, since_s=now - _PAYEE_S)


async def note(connection: AsyncConnection, asked: str, found: Found, actor: str, now: float) -> None:
    """Put the search into the audit: who, what kind of thing, how much of it; the text itself as a digest alone."""
    kinds = [name for name in ("account", "payee", "events", "messages", "cases") if getattr(found, name)]
    digest = hashlib.blake2b(asked.encode(), digest_size=8).hexdigest()
    entry = audit_log.Entry(
        at=now,
        action="search",
        result="found" if kinds else "nothing",
        actor=actor,
        account_id=None if found.account is None else found.account.account_id,
        reason=f"text {digest}: {', '.join(kinds) or 'nothing'}",
    )
    await audit_log.record(connection, entry)


async def _account(connection: AsyncConnection, asked: str, now: float) -> AccountHit | None:
    this = cases.c.account_id == asked
    counted = select(func.count(), func.count().filter(cases.c.state != "resolved")).where(this)
    all_of, unresolved = (await connection.execute(counted)).one()
    last = await newest(connection, activity.c.account_id == asked, 1, now=now)
    frozen = select(account_holds.c.hold_id).where(
        account_holds.c.account_id == asked, account_holds.c.released_at.is_(None)
    )
    stands = (await connection.execute(frozen)).first() is not None
    if not (all_of or last or stands):
        return None
    return AccountHit(
        account_id=asked,
        open=unresolved,
        cases=all_of,
        frozen=stands,
        last_at=last[0].at if last else None,
    )


async def _events(connection: AsyncConnection, asked: str) -> list[EventHit]:
    decided = select(recorded_decisions.c.account_id, recorded_decisions.c.at).where(
        recorded_decisions.c.event_id == asked
    )
    found: dict[str, float | None] = {
        row.account_id: row.at for row in await connection.execute(decided.limit(_MOST_EVENTS))
    }
    reported = select(cases.c.account_id).where(cases.c.subject_event_id == asked).limit(_MOST_EVENTS)
    for account_id in (await connection.execute(reported)).scalars():
        found.setdefault(account_id, None)
    return [
        EventHit(account_id=account_id, event_id=asked, at=at) for account_id, at in sorted(found.items())
    ]


async def _cases(
    connection: AsyncConnection, asked: str, events: Sequence[EventHit], payments: Sequence[Row]
) -> list[Case]:
    which: list[ColumnElement[bool]] = [cases.c.account_id == asked, cases.c.case_id == asked]
    if (numbers := case_ids(asked)) is not None:
        which.append(cases.c.case_id.between(*numbers))
    names = {(each.account_id, each.event_id) for each in events}
    names |= {(each.account_id, each.event_id) for each in payments[:_MOST_ACCOUNTS]}
    if names:
        joined = select(case_entries.c.case_id).where(
            case_entries.c.case_id == cases.c.case_id,
            case_entries.c.event_id.in_(sorted({event_id for _, event_id in names})),
        )
        of_accounts = cases.c.account_id.in_(sorted({account_id for account_id, _ in names}))
        about = tuple_(cases.c.account_id, cases.c.subject_event_id).in_(sorted(names))
        which.append(and_(of_accounts, or_(about, joined.exists())))
    found: dict[str, Case] = {}
    order = (cases.c.state == "resolved", cases.c.opened_at.desc(), cases.c.case_id)
    for each in which:  # one after the other: an OR over several indexes reads the whole table
        query = select(cases).where(each).order_by(*order).limit(_MOST_CASES)
        for row in (await connection.execute(query)).mappings():
            found.setdefault(row["case_id"], Case(**row))
    ranked = sorted(
        found.values(), key=lambda case: (case.state == "resolved", -case.opened_at, case.case_id)
    )
    return ranked[:_MOST_CASES]


async def _payee(
    connection: AsyncConnection, asked: str, payments: Sequence[Row], found: Sequence[Case], now: float
) -> PayeeHit:
    payers = sorted({each.account_id for each in payments})
    query = select(held_payments.c.amount, held_payments.c.currency).where(
        held_payments.c.account_id.in_(payers[:_MOST_ACCOUNTS]),
        held_payments.c.payee_id == asked,
        held_payments.c.state == "held",
    )
    held = [(row.amount, row.currency) for row in await connection.execute(query)]
    paid = [(each.amount, each.currency) for each in payments if each.outcome == "completed"]
    return PayeeHit(
        payee_id=asked,
        first_at=min(each.at for each in payments),
        last_at=max(each.at for each in payments),
        accounts=len(payers),
        accounts_day=len({each.account_id for each in payments if each.at > now - _DAY_S}),
        fraud=len({case.account_id for case in found if case.verdict == "fraud"}),
        paid=_summed(paid),
        held=_summed(held),
        more=len(payments) > _PAYMENTS,
    )


def _summed(amounts: Sequence[tuple[str | None, str | None]]) -> list[tuple[str, str]]:
    sums: dict[str, Decimal] = {}
    for amount, currency in amounts:
        if amount is not None and currency is not None:
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(amount)
    return [(str(total), currency) for currency, total in sorted(sums.items())]
