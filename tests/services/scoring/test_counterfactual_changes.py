"""Each single change by itself: what exactly is asked of the judge, and what is said of the judge's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec import Struct, msgpack
from msgspec.structs import replace

from contracts.actions import ACTIONS, Action
from contracts.decisions import Counterfactual
from contracts.events import AnyEvent, Login, Transaction
from contracts.findings import PAYEE, Tallies
from contracts.profile import Facts, Profile, Quarantined, Seen
from services.scoring.counterfactual import Came, Chain, Chains, counterfactuals, may_pass
from tests.detectors.build import (
    NEW_YORK,
    NOW,
    SHANGHAI,
    SUZHOU,
    change,
    fix,
    key,
    login,
    payer,
    profile_of,
    seen,
    transaction,
)
from tests.services.scoring.events import outcome

Asked = list[tuple[AnyEvent, Profile, Tallies]]


class Memory(Struct, array_like=True):
    """A detector's memory of account changes, and of one thing more."""

    changes: list[str] = []
    more: int = 0


def told(
    event: Came,
    passes: Callable[[Any, Profile], bool],
    profile: Profile,
    *,
    action: Action = "challenge",
    instead: Action = "allow",
    tallies: Tallies | None = None,
    chains: Chains | None = None,
) -> tuple[Sequence[Counterfactual], Asked]:
    """What is said of the event when the judge lets pass what `passes`, and what the judge was asked."""
    asked: Asked = []

    def judge(changed: AnyEvent, account: Profile, counts: Tallies) -> Action:
        asked.append((changed, account, counts))
        return instead if passes(changed, account) else action

    said = counterfactuals(event, action, profile, tallies or {}, [PAYEE], chains or {}, judge)
    return said, asked


def knowing(**tables: Any) -> Profile:
    """A payer with these tables in place of the usual ones."""
    rows = {"devices": "device_rows", "networks": "network_rows", "payees": "payee_rows", "fixes": "fix_rows"}
    made = profile_of(**tables)
    return replace(payer(), **{rows[name]: getattr(made, rows[name]) for name in tables})


def never(event: AnyEvent, profile: Profile) -> bool:
    return False


@pytest.mark.parametrize(
    ("currency", "amount", "bound"),
    [
        ("CNY", 5000.0, "412.37"),
        ("CNY", 5000.0, "50.01"),
        ("CNY", 5000.0, "5000.00"),
        ("JPY", 90000.0, "1234"),
    ],
)
def test_the_bound_is_the_least_amount_that_does_not_pass(currency: str, amount: float, bound: str) -> None:
    tried = transaction(amount, currency=currency, payee="grocer")
    said, asked = told(tried, lambda event, _: event.value < float(bound), payer())

    assert said == (Counterfactual(change="amount_below", action="allow", amount=bound, currency=currency),)
    assert min(event.value for event, _, _ in asked if isinstance(event, Transaction)) == amount / 100


@pytest.mark.parametrize("amount", [0.05, 1.99, 412.0, 5000.0, 41_199.0])
@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_a_bound_within_a_few_steps_of_a_hundredth_of_the_amount_is_found(amount: float, steps: int) -> None:
    """Probes between the two round to the bound itself: looking there again would never end."""
    least = max(1, int(amount * 100 * 0.01))
    bound = least + steps
    said, _ = told(transaction(amount), lambda event, _: round(event.value * 100) < bound, payer())

    assert [each.amount for each in said] == [f"{bound / 100:.2f}"]


def test_nothing_is_said_where_not_even_a_hundredth_of_the_amount_passes() -> None:
    said, asked = told(transaction(5000.0), lambda event, _: event.value < 50.0, payer())

    assert said == ()
    assert [event.value for event, _, _ in asked if isinstance(event, Transaction)] == [50.0]


def test_an_amount_of_one_step_has_no_bound() -> None:
    assert told(transaction(0.01), lambda event, _: True, payer())[0] == ()


def test_what_does_not_pass_somewhere_below_the_bound_lowers_it() -> None:
    said, _ = told(
        transaction(5000.0), lambda event, _: event.value < 90.0 or 130.0 < event.value < 4000.0, payer()
    )

    assert [each.amount for each in said] == ["90.00"]


@pytest.mark.parametrize(
    ("action", "instead", "said"),
    [
        ("challenge", "allow", True),
        ("challenge", "notify", True),
        ("hold", "notify", True),
        ("deny", "notify", True),
        ("hold", "challenge", False),
        ("notify", "allow", True),
        ("notify", "notify", False),
    ],
)
def test_an_event_passes_without_a_challenge_or_where_it_was_noted_without_a_word(
    action: Action, instead: Action, said: bool
) -> None:
    found, _ = told(
        transaction(5000.0, payee="stranger"), lambda event, _: True, payer(), action=action, instead=instead
    )

    assert {each.action for each in found} == ({instead} if said else set())
    assert ({each.change for each in found} >= {"amount_below", "known_payee"}) is said


def test_the_known_device_is_the_one_seen_last_and_nothing_of_the_strange_one_is_left() -> None:
    devices = {key("old"): Seen(1, int(NOW) - 90, 9), key("new"): Seen(1, int(NOW) - 30, 1)}
    tried = login(device="stranger")
    said, asked = told(tried, lambda event, _: event.device_key != key("stranger"), knowing(devices=devices))
    ((changed, account, _),) = [each for each in asked if each[0].device_key != key("stranger")]  # type: ignore[union-attr]

    assert said == (Counterfactual(change="known_device", action="allow"),)
    assert isinstance(changed, Login)
    assert (changed.device_key, changed.device_id) == (key("new"), key("new").hex())
    assert (changed.device, changed.user_agent) == (None, None)
    assert (changed.ip_key, changed.at, changed.event_id) == (tried.ip_key, tried.at, tried.event_id)
    assert account.devices == knowing(devices=devices).devices


def test_a_known_device_a_known_payee_and_the_last_address_are_no_changes() -> None:
    here = payer(fixes=[fix(SHANGHAI, NOW - 60, "home-ip")])
    _, asked = told(transaction(50.0), never, here)

    assert {(event.device_key, event.ip_key, event.payee_key) for event, _, _ in asked} == {  # type: ignore[union-attr]
        (key("phone"), key("home-ip"), key("grocer"))
    }


def test_the_known_place_is_the_last_one_with_its_address_and_the_network_seen_last() -> None:
    networks = {key("home"): Seen(1, int(NOW) - 90, 9), key("work"): Seen(1, int(NOW) - 30, 1)}
    account = knowing(networks=networks, fixes=[fix(SHANGHAI, NOW - 900, "a"), fix(SUZHOU, NOW - 60, "b")])
    tried = login(place=NEW_YORK, ip="far-ip", network="far")
    said, asked = told(tried, lambda event, _: event.ip_key == key("b"), account)
    (changed,) = [event for event, _, _ in asked if event.ip_key == key("b")]  # type: ignore[union-attr]

    assert said == (Counterfactual(change="known_place", action="allow"),)
    assert isinstance(changed, Login)
    assert (changed.ip, changed.network_key, changed.network) == (key("b").hex(), key("work"), None)
    assert changed.place is not None
    assert (changed.place.country, changed.place.city) == ("CN", None)
    assert (changed.place.latitude, changed.place.longitude, changed.place.accuracy_km) == (
        SUZHOU.latitude,
        SUZHOU.longitude,
        SUZHOU.accuracy_km,
    )
    assert changed.device_key == tried.device_key


@pytest.mark.parametrize("without", ["networks", "fixes"])
def test_an_account_of_which_no_place_is_known_has_none_to_come_from(without: str) -> None:
    known: dict[str, Any] = {"networks": seen(["home"], 3), "fixes": [fix(SHANGHAI, NOW - 60, "b")]}
    said, asked = told(
        login(ip="far-ip"),
        lambda event, _: event.ip_key == key("b"),
        knowing(**{**known, without: [] if without == "fixes" else {}}),
    )

    assert said == ()
    assert key("b") not in {event.ip_key for event, _, _ in asked}  # type: ignore[union-attr]


def test_the_known_payee_is_the_one_paid_last() -> None:
    payees = {key("grocer"): Seen(1, int(NOW) - 30, 1), key("landlord"): Seen(1, int(NOW) - 90, 9)}
    tried = transaction(50.0, payee="stranger")
    said, asked = told(tried, lambda event, _: event.payee_key == key("grocer"), knowing(payees=payees))
    (changed,) = [event for event, _, _ in asked if event.payee_key == key("grocer")]  # type: ignore[union-attr]

    assert said == (Counterfactual(change="known_payee", action="allow"),)
    assert isinstance(changed, Transaction)
    assert (changed.payee_id, changed.amount) == (key("grocer").hex(), "50.00")


@pytest.mark.parametrize("payee", [None, "stranger"])
def test_without_a_payee_or_any_known_one_there_is_no_known_payee(payee: str | None) -> None:
    account = payer() if payee is None else payer(payees=())
    said, _ = told(transaction(50.0, payee=payee), lambda event, _: event.payee_key == key("grocer"), account)

    assert said == ()


def test_counts_of_a_payee_are_not_known_of_another_and_stay_for_the_same() -> None:
    counts = {**dict.fromkeys(PAYEE.names, 3), "other": 7}
    _, asked = told(transaction(50.0, payee="stranger", device="stranger"), never, payer(), tallies=counts)

    for event, _, known in asked:
        assert isinstance(event, Transaction)
        assert known == (counts if event.payee_key == key("stranger") else {"other": 7})
    assert len({event.payee_key for event, _, _ in asked if isinstance(event, Transaction)}) == 2


def chained(window_s: float = 90_000.0) -> Chains:
    return {
        "short": Chain(3600.0, 2, lambda _: Memory(["reset"], 5)),
        "long": Chain(window_s, 7, lambda _: Memory(["reset", "phone"], 6)),
    }


def test_an_unchanged_account_has_the_memory_of_everything_but_its_changes() -> None:
    held = [
        Quarantined(b"changed.", Facts("account_change", NOW - 60)),
        Quarantined(b"came....", Facts("login", NOW - 60)),
    ]
    slots = {"long": (7, b"as packed"), "other": (1, b"kept")}
    account = replace(payer(), slots=slots, quarantined=held)
    said, asked = told(
        transaction(50.0), lambda _, profile: profile.quarantined == held[1:], account, chains=chained()
    )
    unchanged = next(profile for _, profile, _ in asked if profile.quarantined != held)

    assert said == (Counterfactual(change="unchanged_account", action="allow", hours=25),)
    assert unchanged.slots == {"long": (7, msgpack.encode(Memory([], 6))), "other": (1, b"kept")}
    assert account.slots == slots
    assert account.quarantined == held


@pytest.mark.parametrize(
    ("slots", "held", "asked_of_it"),
    [
        ({}, [], False),
        ({"other": (1, b"")}, [Quarantined(b"came....", Facts("login", NOW))], False),
        ({"short": (2, b"")}, [], True),
        ({}, [Quarantined(b"changed.", Facts("account_change", NOW))], True),
    ],
)
def test_an_account_without_changes_is_not_asked_about_without_them(
    slots: dict[str, tuple[int, bytes]], held: list[Quarantined], asked_of_it: bool
) -> None:
    account = replace(payer(), slots=slots, quarantined=held)

    assert (
        bool(told(login(), lambda _, profile: profile is not account, account, chains=chained())[0])
        is asked_of_it
    )
    assert told(login(), lambda _, profile: profile is not account, account)[0] == ()


@pytest.mark.parametrize("action", ACTIONS)
def test_only_what_was_stopped_and_not_by_itself_may_have_passed(action: Action) -> None:
    stopped = action in ("challenge", "hold", "deny")

    for event in (login(), transaction(), change()):
        assert may_pass(event, action) is stopped
    assert not may_pass(login(outcome="failure"), action)
    assert not may_pass(transaction(status="failed"), action)
    assert not may_pass(outcome(), action)
