"""What an event teaches the profile, and what it must not."""

from __future__ import annotations

from math import log1p
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import (
    PLACELESS,
    AccountChange,
    AnyEvent,
    ChallengeOutcome,
    Login,
    Network,
    Place,
    Transaction,
    UserReport,
)
from contracts.profile import MAX_EVENT_IDS, Profile
from services.memory.learning import knows_event, learn, note_event, resolve
from tests.services.scoring import events

T0_MS = 1_760_000_000_000
PHONE, STRANGE, SHOP = b"phone...", b"strange.", b"shop...."


def when(at_s: float) -> dict[str, Any]:
    """Fields of an event so many seconds after the first one."""
    return {"event_id": f"e{at_s}", "occurred_at": int(T0_MS + at_s * 1000)}


def login(at_s: float = 0.0, device: bytes = PHONE, outcome: str = "success") -> Login:
    place = Place(country="CN", latitude=31.2, longitude=121.5)
    keys = {"device_key": device, "ip_key": b"address.", "network_key": b"A\0\0\0\1"}
    return events.login(outcome=outcome, place=place, **keys, **when(at_s))


def payment(at_s: float = 0.0, amount: str = "50.00", payee: bytes = SHOP, **more: str) -> Transaction:
    return events.transaction(**{"amount": amount, "kind": "payment", **more}, payee_key=payee, **when(at_s))


def outcome(at_s: float, result: str) -> ChallengeOutcome:
    return events.outcome(outcome=result, **when(at_s))


def changed(what: str, at_s: float = 0.0, device: bytes = PHONE) -> AccountChange:
    return events.change(change=what, device_key=device, **when(at_s))


def report(at_s: float, verdict: str) -> UserReport:
    return events.report(verdict=verdict, **when(at_s))


def test_a_failed_login_teaches_nothing_but_failure_counts(profile: Profile) -> None:
    learn(profile, login(0, STRANGE, "failure"), b"k1......")

    assert Profile(failures_in_row=1, failures=[T0_MS / 1000]) == profile


@pytest.mark.parametrize(
    ("concluded", "taught", "remembered"),
    [
        (outcome(60, "passed"), True, ([], 0)),
        (outcome(60, "failed"), False, ([T0_MS / 1000 + 60], 0)),
        (outcome(400, "expired"), False, ([], 0)),
        (report(1, "was_me"), True, ([], 0)),
        (report(1, "not_me"), False, ([], T0_MS // 1000 + 1)),
        (events.label(verdict="legitimate"), True, ([], 0)),
        (events.label(verdict="fraud"), False, ([], T0_MS // 1000)),
    ],
    ids=["passed", "failed", "nobody answered", "it was me", "it was not me", "legitimate", "fraud"],
)
def test_a_held_login_teaches_once_somebody_stands_for_it_and_is_dropped_otherwise(
    profile: Profile, concluded: AnyEvent, taught: bool, remembered: tuple[list[float], int]
) -> None:
    learn(profile, login(0, STRANGE), b"held....", held=True)
    assert (STRANGE in profile.devices, profile.logins) == (False, 0)

    resolve(profile, concluded, b"held....")

    assert (STRANGE in profile.devices, profile.quarantined) == (taught, [])
    assert (profile.failed_challenges, profile.reported_at) == remembered


def test_a_failed_payment_teaches_nothing(profile: Profile) -> None:
    """Money that did not move is no habit."""
    learn(profile, payment(0, status="failed"), b"k1......")

    assert Profile() == profile


def test_enrolment_counts_even_when_its_device_is_held(profile: Profile) -> None:
    """Whether a factor exists is the state of the world, not a habit."""
    learn(profile, changed("totp_enrolled"), b"held....", held=True)

    assert profile.has_factor


def test_an_enrolment_that_only_began_teaches_nothing(profile: Profile) -> None:
    """Whoever began it has proved the password alone."""
    for held in (False, True):
        learn(profile, changed("totp_enrolment_started", device=STRANGE), b"k1......", held=held)

    assert Profile() == profile


def test_the_last_event_ids_are_known_and_older_ones_forgotten(profile: Profile) -> None:
    for number in range(MAX_EVENT_IDS + 1):
        note_event(profile, b"id%04d" % number, 1.0)

    assert not knows_event(profile, b"id0000")
    assert knows_event(profile, b"id0001")
    assert knows_event(profile, b"id%04d" % MAX_EVENT_IDS)


def test_an_event_id_is_only_found_at_its_own_place(profile: Profile) -> None:
    """The end of one key and the start of the next are no key."""
    note_event(profile, b"abcdef", 1.0)
    note_event(profile, b"ghijkl", 2.0)

    assert not knows_event(profile, b"defghi")


@given(st.permutations([0.0, 3600.0, 7200.0, 90_000.0]))
def test_velocity_does_not_depend_on_the_order_of_arrival(order: list[float]) -> None:
    """Late payments merge as if they had come in time."""
    inorder, shuffled = Profile(), Profile()
    for profile, times in ((inorder, sorted(order)), (shuffled, order)):
        for at in times:
            learn(profile, payment(at), b"k.......")

    for name in ("at", "count_1h", "count_1d", "count_7d", "sum_30d"):
        expected, found = (
            getattr(inorder.velocity.get("CNY"), name),
            getattr(shuffled.velocity.get("CNY"), name),
        )
        assert abs(expected - found) < 1e-9 * max(1.0, abs(expected))


@given(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=60))
def test_amount_statistics_stay_finite_and_inside_what_was_seen(cents: list[int]) -> None:
    """The mean of log amounts lies between the smallest and the largest; the variance is never negative."""
    profile = Profile()
    for number, amount in enumerate(cents):
        learn(profile, payment(number, f"{amount // 100}.{amount % 100:02d}"), b"k.......")
    statistics = profile.amounts.get("payment", "CNY")
    assert statistics is not None
    logs = [log1p(amount / 100) for amount in cents]

    assert min(logs) - 1e-9 <= statistics.mean <= max(logs) + 1e-9
    assert statistics.variance >= 0.0


@pytest.mark.parametrize("held", [False, True])
def test_a_login_teaches_where_it_came_from_at_once_or_when_its_owner_has_confirmed_it(
    profile: Profile, held: bool
) -> None:
    learn(profile, login(), b"k1......", held=held)
    if held:
        assert not profile.fixes
        resolve(profile, outcome(60, "passed"), b"k1......")

    [fix] = profile.fixes
    assert (fix.country, fix.latitude, fix.longitude, fix.ip_key) == ("CN", 31.2, 121.5, b"address.")
    assert ({*profile.countries}, {*profile.devices}) == ({"CN"}, {PHONE})


def over(kind: Any, at_s: float, address: bytes = b"exit....") -> Login:
    """A login placed in Berlin by a network of that kind."""
    place = Place(country="DE", latitude=52.5, longitude=13.4)
    keys = {"device_key": PHONE, "ip_key": address, "network_key": b"A\0\0\0\2"}
    return events.login(place=place, network=Network(kind=kind), **keys, **when(at_s))


@pytest.mark.parametrize("kind", sorted(PLACELESS))
@pytest.mark.parametrize("held", [True, False])
def test_a_network_that_hides_the_place_teaches_all_but_the_place(
    profile: Profile, kind: str, held: bool
) -> None:
    learn(profile, login(0), b"home....")
    at_home = list(profile.fixes)

    learn(profile, over(kind, 60), b"hidden..", held=held)
    resolve(profile, report(90, "was_me"), b"hidden..")

    assert list(profile.fixes) == at_home
    assert "DE" in profile.countries
    assert b"A\0\0\0\2" in profile.networks


@pytest.mark.parametrize("kind", ["unknown", "residential", "mobile"])
def test_a_place_that_a_line_or_a_carrier_tells_is_one_to_travel_from(profile: Profile, kind: str) -> None:
    learn(profile, login(0), b"home....")
    learn(profile, over(kind, 60), b"there...")

    assert [fix.country for fix in profile.fixes] == ["CN", "DE"]


def test_an_address_that_turns_out_to_be_a_vpn_is_not_stayed_at(profile: Profile) -> None:
    """The lists are read anew while the account goes on from the same address."""
    learn(profile, over("unknown", 0), b"k1......")
    for at_s in (60, 120, 180):
        learn(profile, over("vpn", at_s), b"k2......")

    assert [fix.at for fix in profile.fixes] == [T0_MS / 1000]


@given(
    st.lists(st.tuples(st.sampled_from(["unknown", "vpn", "mobile", "tor"]), st.integers(0, 9)), max_size=20)
)
def test_the_places_are_those_of_a_life_without_the_hidden_events(told: list[tuple[str, int]]) -> None:
    """Whatever comes in between, in whatever order."""
    with_all, without = Profile(), Profile()
    for kind, minutes in told:
        event = over(kind, 60.0 * minutes, b"exit...%d" % (minutes % 3))
        learn(with_all, event, b"k.......")
        if kind not in PLACELESS:
            learn(without, event, b"k.......")

    assert list(with_all.fixes) == list(without.fixes)
