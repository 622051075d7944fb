"""An event of any kind as a row of activity."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import (
    AccountChange,
    AnyEvent,
    ChallengeOutcome,
    Device,
    Label,
    Login,
    Network,
    Place,
    Transaction,
    UserReport,
)
from services.activity.rows import Row, row_of
from services.activity.tables import activity

AT_MS = 1_796_083_199_000
COMMON: dict[str, Any] = {"event_id": "e", "account_id": "li", "occurred_at": AT_MS}


def test_a_row_has_the_columns_of_the_table_in_their_order() -> None:
    assert list(Row._fields) == [column.name for column in activity.c]


def test_a_payment_says_how_much_to_whom_from_where() -> None:
    event = Transaction(
        amount=1800000,
        currency="CNY",
        kind="transfer",
        payee_id="chen-wei-4471",
        session_id="s1",
        place=Place("CN", "Shanghai"),
        network=Network(4134, "CHINANET", "mobile"),
        device=Device(kind="phone", os="iOS", browser="Mobile Safari"),
        **COMMON,
    )

    row = row_of(event)

    assert (row.section, row.type, row.kind, row.outcome) == ("money", "transaction", "transfer", "requested")
    assert (row.amount, row.currency, row.payee_id) == ("18000.00", "CNY", "chen-wei-4471")
    assert (row.device, row.country, row.city, row.network_kind) == (
        "iOS, Mobile Safari",
        "CN",
        "Shanghai",
        "mobile",
    )
    assert row.session_id == "s1"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            Login(outcome="failure", method="password", reason="wrong", **COMMON),
            ("password", "failure", None),
        ),
        (AccountChange(change="limit_raise", **COMMON), ("limit_raise", None, None)),
        (UserReport(about_event_id="a", verdict="not_me", **COMMON), ("not_me", None, "a")),
        (Label(about_event_id="a", verdict="fraud", **COMMON), ("fraud", None, "a")),
        (
            ChallengeOutcome(
                challenge_id="c", challenged_event_id="a", purpose="login", outcome="expired", **COMMON
            ),
            ("login", "expired", "a"),
        ),
    ],
    ids=["login", "account change", "report", "label", "challenge outcome"],
)
def test_all_but_transactions_are_access_and_say_of_what_they_speak(
    event: AnyEvent, said: tuple[str | None, ...]
) -> None:
    row = row_of(event)

    assert row.section == "access"
    assert (row.kind, row.outcome, row.about_event_id) == said


@pytest.mark.parametrize(
    ("at_ms", "day"),
    [(AT_MS, date(2026, 11, 30)), (AT_MS + 1000, date(2026, 12, 1))],
    ids=["before", "after"],
)
def test_the_day_ends_at_midnight_utc(at_ms: int, day: date) -> None:
    assert row_of(Login(**(COMMON | {"occurred_at": at_ms}), outcome="success")).day == day


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=400))
def test_texts_of_strangers_fit_the_columns(city: str, method: str, reason: str) -> None:
    row = row_of(Login(outcome="failure", method=method, reason=reason, place=Place(city=city), **COMMON))

    widths = {column.name: getattr(column.type, "length", None) for column in activity.c}
    assert not [
        name
        for name, value in row._asdict().items()
        if isinstance(value, str) and len(value) > (widths[name] or 0)
    ]
