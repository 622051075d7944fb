"""A counterfactual is true: with that one change the very same event passes, and without any it does not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.actions import ACTIONS
from contracts.decisions import Counterfactual, Decision
from contracts.events import AccountChange, AnyEvent, Login, Network, Place, Transaction
from services.bootstrap.pipelines import offline_core
from services.platform.settings import Settings
from services.replay.offline import OfflineCore, offline_records
from services.scoring.explain import sentences
from tests.services.cases import decided
from tests.services.scoring import events

DAY_MS = 86_400_000
START_MS = 1_760_000_000_000
NOW_MS = START_MS + 40 * DAY_MS
PLACES = {
    "home": Place("CN", "Shanghai", 31.23, 121.47, 20.0),
    "near": Place("CN", "Suzhou", 31.30, 120.62, 20.0),
    "abroad": Place("BR", "Recife", -8.05, -34.88, 20.0),
}
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
accounts = count(1)


class World:
    """Accounts with one and the same past, each its own person: nothing crosses from one to another."""

    def __init__(self) -> None:
        self._core: OfflineCore = offline_core(Settings())
        self._offset = 0

    def decide(self, past: Sequence[AnyEvent], tried: AnyEvent) -> Decision:
        number = next(accounts)
        lived = [_of_account(number, event) for event in (*past, tried)]
        answered = asyncio.run(self._core.decide(offline_records(lived, self._offset)))
        self._offset += len(lived)
        return answered.decisions[-1]


WORLD = World()


def _of_account(number: int, event: AnyEvent) -> AnyEvent:
    """The event as one of this person, from this person's devices and addresses, to this person's payees."""
    assert isinstance(event, Login | Transaction | AccountChange)
    names: dict[str, Any] = {
        "event_id": f"{event.event_id}-{number}",
        "account_id": f"acct-{number}",
        "device_id": f"{event.device_id}-{number}",
        "ip": f"10.{number // 250}.{number % 250}.{10 + list(PLACES).index(str(event.ip))}",
    }
    if isinstance(event, Transaction) and event.payee_id is not None:
        names["payee_id"] = f"{event.payee_id}-{number}"
    return replace(event, **names)


def where(place: str = "home", device: str = "phone") -> dict[str, Any]:
    return {
        "ip": place,
        "place": PLACES[place],
        "network": Network(64500 + list(PLACES).index(place), "Example Net", "residential"),
        "device_id": device,
        "user_agent": PHONE if device == "phone" else LAPTOP,
    }


def past(changed_h: float | None, change: str = "password_reset") -> list[AnyEvent]:
    """Forty days of a person with a second factor: daily logins, and payments of 40 to 60 to two payees."""
    told: list[AnyEvent] = [
        events.change(event_id="enrol", occurred_at=START_MS, change="totp_enrolled", **where())
    ]
    for day in range(1, 40):
        at = START_MS + day * DAY_MS
        told.append(events.login(event_id=f"l{day}", occurred_at=at, **where()))
        amount, payee = f"{40 + day * 7 % 20}.00", ("grocer", "landlord")[day % 2]
        told.append(_payment(f"t{day}", at + 600_000, amount, payee, **where()))
    if changed_h is not None:
        at = NOW_MS - int(changed_h * 3_600_000)
        told.append(events.change(event_id="change", occurred_at=at, change=change, **where()))
    return told


def _payment(event_id: str, at_ms: int, amount: str, payee: str, **fields: Any) -> Transaction:
    paid = {"amount": amount, "kind": "payment", "payee_id": payee}
    return events.transaction(event_id=event_id, occurred_at=at_ms, **paid, **fields)


def login(place: str, device: str) -> Login:
    return events.login(event_id="tried", occurred_at=NOW_MS, **where(place, device))


def payment(amount: str, payee: str, place: str = "home", device: str = "phone") -> Transaction:
    return _payment("tried", NOW_MS, amount, payee, **where(place, device))


def passes(decision: Decision, instead: Decision) -> bool:
    least = "notify" if decision.action in ("challenge", "hold", "deny") else "allow"
    return ACTIONS.index(instead.action) <= ACTIONS.index(least)


def with_change(
    tried: Login | Transaction, changed_h: float | None, change: str
) -> tuple[list[AnyEvent], AnyEvent] | None:
    """The past and the event with the change made, by other means than the code under test; None where nothing would change."""
    before = past(changed_h)
    if change == "known_device" and tried.device_id != "phone":
        return before, replace(tried, device_id="phone", user_agent=PHONE)
    if change == "known_place" and tried.ip != "home":
        home = where()
        return before, replace(tried, **{name: home[name] for name in ("ip", "place", "network")})
    if change == "known_payee" and isinstance(tried, Transaction) and tried.payee_id == "stranger":
        return before, replace(tried, payee_id="landlord")
    if change == "unchanged_account" and changed_h is not None:
        return past(changed_h, "address_change"), tried
    return None


situations = st.builds(
    lambda place, device, payee, money, pays: (
        payment(f"{money:.2f}", payee, place, device) if pays else login(place, device)
    ),
    st.sampled_from(sorted(PLACES)),
    st.sampled_from(["phone", "laptop"]),
    st.sampled_from(["grocer", "stranger"]),
    st.sampled_from([55, 120.5, 300, 700, 1500, 4999.99, 5000, 20_000, 90_000]),
    st.booleans(),
)
quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quickly
@given(situations, st.sampled_from([None, 0.5, 5.0, 30.0]))
def test_each_change_that_is_named_lets_the_event_pass_and_no_other_single_one_does(
    tried: Login | Transaction, changed_h: float | None
) -> None:
    decision = WORLD.decide(past(changed_h), tried)
    named = {each.change: each for each in decision.counterfactuals}

    for change in ("known_device", "known_place", "known_payee", "unchanged_account"):
        made = with_change(tried, changed_h, change)
        if decision.action in ("allow", "notify") or made is None:
            assert change not in named
            continue
        instead = WORLD.decide(*made)

        assert (change in named) == passes(decision, instead), (change, decision.action, instead.action)
        if change in named:
            assert named[change].action == instead.action


@quickly
@given(situations, st.sampled_from([None, 5.0]), st.floats(0.01, 1.0))
def test_an_amount_bound_is_exact_to_the_minor_unit(
    tried: Login | Transaction, changed_h: float | None, share: float
) -> None:
    decision = WORLD.decide(past(changed_h), tried)
    for each in decision.counterfactuals:
        if each.change != "amount_below":
            continue
        assert isinstance(tried, Transaction)
        assert each.amount is not None
        bound = Decimal(each.amount)
        assert bound <= Decimal(str(tried.amount))
        least = Decimal(str(tried.amount)) / 100
        anywhere_below = least + (bound - least) * Decimal(f"{share:.6f}") - Decimal("0.01")

        at, below, further_below = (
            WORLD.decide(past(changed_h), replace(tried, amount=f"{amount:.2f}"))
            for amount in (bound, bound - Decimal("0.01"), max(anywhere_below, least))
        )

        assert not passes(decision, at)
        assert passes(decision, below)
        assert passes(decision, further_below)


def test_the_first_amount_to_a_stranger_that_is_stopped_names_what_would_have_passed() -> None:
    amounts = (f"{50 * 1.25**step:.2f}" for step in range(40))
    decisions = (WORLD.decide(past(None), payment(amount, "stranger")) for amount in amounts)
    decision = next(each for each in decisions if each.action == "challenge")

    assert {"amount_below", "known_payee"} <= {each.change for each in decision.counterfactuals}
    said = sentences(decision, "en", {})[-1]
    assert re.fullmatch(r"It would have passed below CNY [\d,.]+ or to a known payee\.", said)


def test_a_quiet_event_has_none_and_its_record_does_not_name_them() -> None:
    decision = WORLD.decide(past(None), payment("52.00", "grocer"))

    assert decision.action == "allow"
    assert decision.counterfactuals == ()


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "It would have passed below CNY 412.00 or from a known device."),
        ("zh-CN", "若金额低于 412.00 元，或使用已知设备，则可直接通过。"),
    ],
)
def test_the_sentence_joins_all_changes_and_the_owner_is_not_told(locale: str, words: str) -> None:
    named = (
        Counterfactual(change="amount_below", action="allow", amount="412.00", currency="CNY"),
        Counterfactual(change="known_device", action="notify"),
    )
    decision = decided.decision("e", type="transaction", findings=(), counterfactuals=named)

    assert sentences(decision, locale, {})[-1] == words
    assert sentences(decision, locale, {}, counterfactual=False) == []
