"""Money that waited, ended or is lost, and attempts that were not the owner's: each counted once, in one worth."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import json

from contracts.decisions import Contribution, Decision
from contracts.exchange import ExchangeRates
from contracts.shown import Shown
from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.cases.confirmed_measures import ConfirmedMeasures
from services.cases.hold_tables import held_payments, owner_words
from services.cases.tables import recorded_decisions
from services.platform.database import Database
from services.platform.metrics import FUNNEL, MONEY, MONEY_HELD, MONEY_UNPRICED
from tests.services.desk.written_cases import NOW, put, put_case, put_entry

RATES = ExchangeRates("2026-09-01", "0", {"USD": 1.0, "CNY": 0.125})


def _held(event_id: str, state: str = "held", **more: Any) -> dict[str, Any]:
    row = {
        "account_id": "li", "event_id": event_id, "effect_id": f"hold-{event_id}", "amount": "800.00",
        "currency": "CNY", "state": state, "placed_at": NOW - 60.0, "due_at": NOW + 60.0,
        "settled_at": None if state == "held" else NOW + 1.0,
    }  # fmt: skip
    return row | more


async def _paid(
    database: Database, event_id: str, amount: str = "1600.00", outcome: str = "completed"
) -> None:
    at = NOW - 3600.0
    day = datetime.fromtimestamp(at, UTC).date()
    row = Row(
        "money", day, "li", event_id, at, "transaction", "transfer", outcome, amount=amount, currency="CNY"
    )
    await ActivityStore(database, {"money": 400, "access": 400}, lambda: NOW).write([row])


async def _decided(database: Database, event_id: str, detector: str, shown: Shown) -> None:
    decision = Decision(
        event_id=event_id, account_id="li", type="login", at=NOW, risk=0.5, score=50, action="challenge",
        policy_version="default-1", shown=shown,
        findings=(Contribution(detector=detector, reason=detector, weight=1.0, share=50),),
    )  # fmt: skip
    row = {"account_id": "li", "event_id": event_id, "at": NOW, "recorded_at": NOW}
    await put(database, recorded_decisions, **row, body=json.encode(decision).decode())


async def _denied(database: Database, event_id: str, verdict: str = "not_me") -> None:
    word = {"account_id": "li", "event_id": f"word-{event_id}", "about_event_id": event_id}
    await put(database, owner_words, **word, verdict=verdict, told_at=NOW + 1.0, told_by="page")


async def _looked(database: Database) -> None:
    """Twice over the same stretch and once after it: what is in it is counted once."""
    measures = ConfirmedMeasures(NOW, RATES)
    for now in (NOW + 0.5, NOW + 5.0, NOW + 10.0):
        await measures.look(database, now)


def _money() -> dict[str, float]:
    return {end: MONEY.labels(end)._value.get() for end in ("released", "cancelled", "lost")}


def _more(before: dict[str, float]) -> dict[str, float]:
    return {end: value - before[end] for end, value in _money().items() if value != before[end]}


async def test_payments_that_waited_end_as_released_or_cancelled_and_a_second_try_is_none(
    database: Database,
) -> None:
    before = _money()
    for row in (
        _held("p-1", "released"),
        _held("p-2", "expired"),
        _held("p-3", "cancelled", joins="p-2"),
        _held("p-4", "released", settled_at=NOW - 30.0),
    ):
        await put(database, held_payments, **row)

    await _looked(database)

    assert _more(before) == {"released": 100.0, "cancelled": 100.0}


async def test_what_waits_now_is_a_sum_and_a_currency_without_a_rate_is_told_apart(
    database: Database,
) -> None:
    unpriced = MONEY_UNPRICED.labels("released")._value.get()
    await put(database, held_payments, **_held("p-1"))
    await put(database, held_payments, **_held("p-2", joins="p-1"))
    await put(database, held_payments, **_held("p-3", currency="GOLDX"))
    await put(database, held_payments, **_held("p-4", "released", currency="GOLDX"))

    await _looked(database)

    assert MONEY_HELD._value.get() == 100.0
    assert MONEY_UNPRICED.labels("released")._value.get() == unpriced + 1


async def test_money_that_was_gone_before_its_owner_said_no_is_lost_and_what_was_asked_for_is_not(
    database: Database,
) -> None:
    before = _money()
    await _paid(database, "gone")
    await _paid(database, "asked", outcome="requested")
    await _paid(database, "mine")
    for event_id in ("gone", "asked"):
        await _denied(database, event_id)
    await _denied(database, "mine", "was_me")

    await _looked(database)

    assert _more(before) == {"lost": 200.0}


async def test_what_support_calls_fraud_is_lost_too_but_not_a_second_time(database: Database) -> None:
    before = _money()
    for event_id in ("owner-said", "found"):
        await _paid(database, event_id)
    await _denied(database, "owner-said")
    await put_case(
        database, "c", account_id="li", kind="risk", state="resolved", verdict="fraud", resolved_at=NOW + 2.0
    )
    for event_id in ("owner-said", "found"):
        await put_entry(database, "c", "decision", NOW, event_id=event_id)

    await _looked(database)

    assert _more(before) == {"lost": 400.0}


async def test_attempts_that_were_not_the_owners_count_once_by_network_and_country(
    database: Database,
) -> None:
    new, usual = (
        FUNNEL.labels("confirmed", kind, country) for kind, country in (("vpn", "new"), ("mobile", "usual"))
    )
    before = new._value.get(), usual._value.get()
    await _decided(database, "l-1", "new_country", Shown(country="FR", network_kind="vpn"))
    await _decided(database, "l-2", "new_device", Shown(country="CN", network_kind="mobile"))
    await _denied(database, "l-1")
    await put_case(
        database, "c", account_id="li", kind="risk", state="resolved", verdict="fraud", resolved_at=NOW + 2.0
    )
    for event_id in ("l-1", "l-2"):
        await put_entry(database, "c", "decision", NOW, event_id=event_id)

    await _looked(database)

    assert (new._value.get(), usual._value.get()) == (before[0] + 1, before[1] + 1)
