"""What a decision with effects shows of its event, and of what was usual before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import log1p
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.currencies import units_counted
from contracts.decisions import Decision
from contracts.events import AnyEvent, Device, Network, Place
from contracts.profile import MAX_PAYEES, Profile
from contracts.shown import Shown, Usual, device_text
from services.bootstrap.pipelines import offline_core
from services.memory.till import with_amount
from services.platform.settings import Settings
from services.replay.offline import offline_records
from services.scoring.shown import shown_of, usual_amount
from tests.services.scoring import events

DAY_MS = 86_400_000
START_MS = 1_760_000_000_000
NOW_MS = START_MS + 40 * DAY_MS
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
HOME: dict[str, Any] = {
    "ip": "81.2.69.142",
    "place": Place("CN", "Shanghai", 31.23, 121.47, 20.0),
    "network": Network(64500, "Example Net", "residential"),
    "device_id": "phone",
    "user_agent": PHONE,
    "session_id": "s-home",
}
ABROAD: dict[str, Any] = {
    "ip": "89.160.20.112",
    "place": Place("BR", "Recife", -8.05, -34.88, 50.0),
    "network": Network(64501, "Elsewhere", "hosting"),
    "device_id": "laptop",
    "user_agent": LAPTOP,
    "session_id": "s-abroad",
}


def decided(lived: Sequence[AnyEvent]) -> list[Decision]:
    core = offline_core(Settings(), freezes_stand=False)
    return asyncio.run(core.decide(offline_records(lived, 0))).decisions


def past(**where: Any) -> list[AnyEvent]:
    """Forty days of a person: a login and a payment of 40 to 60 to one of two payees each day."""
    told: list[AnyEvent] = []
    for day in range(1, 40):
        at = START_MS + day * DAY_MS
        told.append(events.login(event_id=f"l{day}", occurred_at=at, **(HOME | where)))
        paid: dict[str, Any] = {
            "amount": f"{40 + day * 7 % 20}.00",
            "kind": "payment",
            "payee_id": ("grocer", "landlord")[day % 2],
        }
        told.append(
            events.transaction(event_id=f"t{day}", occurred_at=at + 600_000, **paid, **(HOME | where))
        )
    return told


def payment(**fields: Any) -> AnyEvent:
    paid = {
        "event_id": "tried",
        "occurred_at": NOW_MS,
        "amount": "9000",
        "kind": "payment",
        "payee_id": "stranger",
    }
    return events.transaction(**(ABROAD | paid | fields))


def shown(tried: AnyEvent, **where: Any) -> Shown:
    found = decided([*past(**where), tried])[-1].shown
    assert found is not None
    return found


def usual(tried: AnyEvent, **where: Any) -> Usual:
    found = shown(tried, **where).usual
    assert found is not None
    return found


def test_a_payment_that_is_stopped_shows_what_its_owner_needs_to_recognise_it() -> None:
    assert shown(payment()) == Shown(
        device="Linux, Firefox",
        country="BR",
        city="Recife",
        accuracy_km=50.0,
        network_kind="hosting",
        amount="9000.00",
        currency="CNY",
        payee_id="stranger",
        kind="payment",
        status="requested",
        session_id="s-abroad",
        usual=Usual(
            country="CN",
            at=(START_MS + 39 * DAY_MS) / 1000 + 600.0,
            amount="50.00",
            currency="CNY",
            payee_known=False,
        ),
    )


def test_a_decision_without_effects_shows_nothing() -> None:
    assert [each.shown for each in decided(past()) if not each.effects] == [None] * len(past())


def test_what_is_said_of_another_event_has_nothing_of_its_own_to_show() -> None:
    told = decided([*past(), payment(), events.report(about_event_id="tried", occurred_at=NOW_MS + 1000)])
    assert told[-1].effects
    assert (told[-1].shown, told[-1].about_event_id) == (None, "tried")


def test_an_account_change_shows_the_change_and_no_money() -> None:
    tried = events.change(event_id="tried", occurred_at=NOW_MS, change="password_reset", **ABROAD)
    found = shown(tried)
    assert (found.kind, found.status, found.amount, found.payee_id) == ("password_reset", None, None, None)
    assert found.usual is not None
    assert (found.usual.amount, found.usual.payee_known) == (None, None)


def test_a_login_shows_its_method_and_outcome() -> None:
    found = shown(events.login(event_id="tried", occurred_at=NOW_MS, method="password", **ABROAD))
    assert (found.kind, found.status, found.failure) == ("password", "success", None)


def test_a_failed_login_shows_why_it_failed() -> None:
    tried = events.login(outcome="failure", reason="wrong_password", **ABROAD)
    assert shown_of(tried, Profile()).failure == "wrong_password"


def test_an_account_without_a_past_has_nothing_usual_but_that_the_payee_is_new() -> None:
    tried = events.transaction(payee_key=b"12345678")
    assert shown_of(tried, Profile()).usual == Usual(payee_known=False)
    assert shown_of(events.transaction(), Profile()).usual is None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"payee_id": "grocer"}, True),
        ({"payee_id": "stranger"}, False),
        ({"payee_id": None}, None),
    ],
)
def test_whether_the_payee_was_paid_before_is_told(fields: dict[str, Any], told: bool | None) -> None:
    assert usual(payment(**fields)).payee_known is told


def test_of_more_payees_than_are_kept_nobody_is_called_unknown() -> None:
    profile = Profile()
    for number in range(MAX_PAYEES):
        profile.payees.see(number.to_bytes(8, "big"), 1.0, MAX_PAYEES)
    known, gone = (events.transaction(payee_key=key.to_bytes(8, "big")) for key in (3, MAX_PAYEES))
    assert shown_of(known, profile).usual == Usual(payee_known=True)
    assert shown_of(gone, profile).usual is None


def test_the_usual_city_is_told_when_the_event_comes_from_the_very_address() -> None:
    assert usual(payment(**HOME | {"device_id": "other", "user_agent": LAPTOP})).city == "Shanghai"
    assert usual(payment()).city is None


def test_the_usual_device_is_told_when_it_is_like_the_one_of_now() -> None:
    assert usual(payment(user_agent=PHONE)).device == "Android, Chrome"
    assert usual(payment()).device is None
    assert usual(payment(user_agent=None), user_agent=None).device is None


def test_a_network_that_hides_places_is_not_where_somebody_usually_is() -> None:
    behind = [
        events.login(event_id=f"v{n}", occurred_at=NOW_MS - 1000 * n, **(HOME | {
            "ip": "89.160.20.112",
            "network": Network(64502, "Hidden", "vpn"),
            "place": Place("BR", "Recife", -8.05, -34.88, 50.0),
        }))
        for n in (3, 2, 1)
    ]  # fmt: skip
    found = decided([*past(), *behind, payment(ip="5.5.5.5", place=Place("AU", "Perth", -31.9, 115.8))])[-1]
    assert found.shown is not None
    assert found.shown.usual is not None
    assert found.shown.usual.country == "CN"


def test_a_country_without_coordinates_is_usual_too() -> None:
    found = usual(payment(), place=Place("CN"))
    assert (found.country, found.at) == ("CN", (START_MS + 39 * DAY_MS) / 1000 + 600.0)


def test_a_place_that_was_never_told_is_not_made_up() -> None:
    found = usual(payment(), place=None)
    assert (found.country, found.city, found.at) == (None, None, None)


def test_a_stopped_attempt_does_not_become_what_is_usual() -> None:
    first = payment(event_id="first", occurred_at=NOW_MS - 60_000)
    found = decided([*past(), first, payment()])
    assert all(each.shown and each.shown.usual and each.shown.usual.country == "CN" for each in found[-2:])


@settings(max_examples=200)
@given(
    st.sampled_from(["CNY", "JPY", "KWD", "BTC", "USDT", "GOLD9"]),
    st.floats(1e-6, 1e12, allow_nan=False),
)
def test_the_usual_amount_is_near_what_was_paid_and_has_two_digits(currency: str, value: float) -> None:
    profile = Profile(till_kind="payment", till_currency=currency)
    for _ in range(3):
        profile.till_amount = with_amount(profile.till_amount, log1p(value * units_counted(currency)))
    told = usual_amount(profile, "payment", currency)
    if told is None:
        assert value < 1
        return
    assert len(told.replace(".", "").strip("0")) <= 2
    assert float(told) == pytest.approx(value, rel=0.06, abs=0.6)


def test_two_payments_tell_nobody_what_is_usual() -> None:
    profile = Profile(till_kind="payment", till_currency="CNY", till_amount=(2, 4.0, 0.1))
    assert usual_amount(profile, "payment", "CNY") is None
    profile.till_amount = (3, 4.0, 0.1)
    assert usual_amount(profile, "payment", "CNY") == "54.00"


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (None, None),
        (Device(), None),
        (Device(os="Android"), "Android"),
        (Device(browser="Firefox"), "Firefox"),
        (Device(os="iOS", browser="Mobile Safari"), "iOS, Mobile Safari"),
    ],
)
def test_a_device_is_told_by_system_and_browser(device: Device | None, text: str | None) -> None:
    assert device_text(device) == text
