"""What learning counts, keeps and forgets, at the very bounds of its windows and numbers."""

from __future__ import annotations

import pytest
from msgspec.structs import force_setattr

from contracts.profile import MAX_CHALLENGES, MAX_FAILURES, MAX_QUARANTINED, Profile
from services.memory.learning import (
    AUTO_RELEASE_S,
    FAILURE_WINDOW_S,
    QUARANTINE_S,
    auto_release,
    facts_of,
    learn,
    note_event,
    resolve,
)
from services.memory.waiting import note_challenge
from tests.services.memory.test_learning import (
    PHONE,
    SHOP,
    STRANGE,
    T0_MS,
    changed,
    login,
    outcome,
    payment,
    report,
)

T0 = T0_MS / 1000


def test_an_account_spans_from_its_first_event_to_its_last_in_whole_seconds(profile: Profile) -> None:
    spans = []
    for number, at in enumerate((100.7, 200.9, 150.0, 50.2, 200.0)):
        note_event(profile, b"%08d" % number, at)
        spans.append((profile.first_at, profile.last_at, profile.events))

    assert spans == [(100, 100, 1), (100, 200, 2), (100, 200, 3), (50, 200, 4), (50, 200, 5)]


@pytest.mark.parametrize(("since_s", "count"), [(FAILURE_WINDOW_S - 1, 2), (FAILURE_WINDOW_S, 1)])
def test_failures_are_kept_for_a_day_and_counted_until_a_login(
    profile: Profile, since_s: float, count: int
) -> None:
    learn(profile, login(0.0, outcome="failure"), b"k")
    learn(profile, login(since_s, outcome="failure"), b"k")

    assert (len(profile.failures), profile.failures_in_row) == (count, 2)
    learn(profile, login(since_s + 1), b"k")
    assert (len(profile.failures), profile.failures_in_row, profile.logins) == (count, 0, 1)


def test_failures_stand_in_the_order_of_their_times_and_the_latest_are_kept(profile: Profile) -> None:
    for at_s in (5.0, 1.0, 3.0):
        learn(profile, login(at_s, outcome="failure"), b"k")
    assert profile.failures == [T0 + 1.0, T0 + 3.0, T0 + 5.0]
    for at_s in range(10, 10 + MAX_FAILURES):
        learn(profile, login(float(at_s), outcome="failure"), b"k")

    assert profile.failures == [T0 + at_s for at_s in range(10, 10 + MAX_FAILURES)]


def test_challenges_stand_in_the_order_of_their_times_and_the_latest_are_kept(profile: Profile) -> None:
    for at in (5.0, 1.0, 3.0):
        note_challenge(profile, at)
    assert profile.challenge_times == [1.0, 3.0, 5.0]
    for number in range(MAX_CHALLENGES):
        note_challenge(profile, 10.0 + number)

    assert profile.challenge_times == [10.0 + number for number in range(MAX_CHALLENGES)]


def test_the_latest_pass_and_the_latest_report_are_kept_whatever_comes_late(profile: Profile) -> None:
    for at_s in (10.0, 5.0):
        resolve(profile, outcome(at_s, "passed"), b"other")
        resolve(profile, report(at_s, "not_me"), b"other")
    assert (profile.passed_challenge_at, profile.reported_at) == (T0 + 10, T0 + 10)

    resolve(profile, report(20.0, "was_me"), b"other")
    resolve(profile, outcome(20.0, "failed"), b"other")
    assert (profile.passed_challenge_at, profile.reported_at) == (T0 + 10, T0 + 10)


def test_failed_challenges_are_few_and_a_pass_forgives_them(profile: Profile) -> None:
    for at_s in range(MAX_FAILURES + 2):
        resolve(profile, outcome(float(at_s), "failed"), b"other")
    assert profile.failed_challenges == [T0 + at_s for at_s in range(2, MAX_FAILURES + 2)]

    resolve(profile, outcome(90.0, "expired"), b"other")
    assert len(profile.failed_challenges) == MAX_FAILURES
    resolve(profile, outcome(91.0, "passed"), b"other")
    assert profile.failed_challenges == []


def test_what_is_concluded_is_one_event_and_the_others_are_kept(profile: Profile) -> None:
    learn(profile, login(0.0, STRANGE), b"one", held=True)
    learn(profile, login(1.0, b"another."), b"two", held=True)
    resolve(profile, outcome(2.0, "passed"), b"one")

    assert [each.event_key for each in profile.quarantined] == [b"two"]
    assert STRANGE in profile.devices
    assert b"another." not in profile.devices


def test_another_kind_of_event_concludes_nothing(profile: Profile) -> None:
    learn(profile, login(0.0, STRANGE), b"one", held=True)
    resolve(profile, login(1.0), b"one")

    assert [each.event_key for each in profile.quarantined] == [b"one"]
    assert STRANGE not in profile.devices


@pytest.mark.parametrize(
    ("change", "has_factor", "disabled"),
    [
        ("totp_enrolled", True, False),
        ("totp_replaced", True, False),
        ("totp_removed", False, False),
        ("totp_disabled", False, True),
        ("password_change", None, None),
    ],
)
def test_changes_of_a_factor_say_whether_there_is_one(
    change: str, has_factor: bool | None, disabled: bool | None
) -> None:
    for before in ((True, False), (False, True)):
        profile = Profile()
        profile.has_factor, profile.factor_disabled = before
        learn(profile, changed(change), b"k")

        assert profile.has_factor is (before[0] if has_factor is None else has_factor)
        assert profile.factor_disabled is (before[1] if disabled is None else disabled)


def test_each_type_of_event_teaches_its_own(profile: Profile) -> None:
    learn(profile, login(0.0), b"l")
    assert (profile.logins, profile.transactions, sum(profile.login_hours) > 0) == (1, 0, True)
    learn(profile, payment(1.0), b"t")
    assert (profile.logins, profile.transactions) == (1, 1)
    learn(profile, payment(2.0, payee=b"refunds.", kind="refund"), b"r")
    assert (profile.transactions, b"refunds." in profile.payees) == (1, False)
    learn(profile, changed("password_change", 3.0, STRANGE), b"c")
    assert (profile.logins, profile.transactions, STRANGE in profile.devices) == (1, 1, True)


def test_what_waits_is_known_by_its_type_time_and_what_it_would_teach() -> None:
    paid, came, switched = payment(1.0, "12.50"), login(2.0), changed("password_change", 3.0)

    money = facts_of(paid)
    assert (money.type, money.at, money.payee, money.kind, money.currency, money.value) == (
        ("transaction", T0 + 1.0, SHOP, paid.kind, "CNY", 12.5)
    )
    entry = facts_of(came)
    assert (entry.type, entry.at, entry.device, entry.network, entry.country) == (
        ("login", T0 + 2.0, PHONE, b"A\0\0\0\1", "CN")
    )
    assert entry.fix is not None
    assert (entry.fix[:2], entry.fix[3]) == ((31.2, 121.5), b"address.")
    change = facts_of(switched)
    assert (change.type, change.at, change.kind, change.fix, change.country) == (
        ("account_change", T0 + 3.0, "password_change", None, None)
    )


@pytest.mark.parametrize("missing", ["latitude", "longitude", "ip_key"])
def test_a_place_without_a_point_or_an_address_is_a_country_alone(missing: str) -> None:
    came = login(0.0)
    assert came.place is not None
    force_setattr(came if missing == "ip_key" else came.place, missing, None)

    facts = facts_of(came)
    assert (facts.country, facts.fix) == ("CN", None)


@pytest.mark.parametrize(
    ("after_s", "reported_s", "taught"),
    [
        (AUTO_RELEASE_S - 1, None, False),
        (AUTO_RELEASE_S, None, True),
        (100 * AUTO_RELEASE_S, None, True),
        (AUTO_RELEASE_S, -1.0, True),
        (AUTO_RELEASE_S, 0.0, False),
        (AUTO_RELEASE_S, 1.0, False),
    ],
)
def test_what_was_only_told_is_learned_after_three_days_without_an_objection(
    profile: Profile, after_s: float, reported_s: float | None, taught: bool
) -> None:
    learn(profile, login(0.0, STRANGE), b"told", held=True, challenged=False)
    learn(profile, login(0.0, b"asked..."), b"asked", held=True)
    if reported_s is not None:
        profile.reported_at = int(T0 + reported_s)
    auto_release(profile, T0 + after_s)

    assert (STRANGE in profile.devices) is taught
    assert [each.event_key for each in profile.quarantined] == [b"asked"] if taught else [b"told", b"asked"]


@pytest.mark.parametrize(("later_s", "kept"), [(QUARANTINE_S - 1, 2), (QUARANTINE_S, 1)])
def test_what_waits_is_forgotten_after_a_week(profile: Profile, later_s: float, kept: int) -> None:
    learn(profile, login(0.0, STRANGE), b"old", held=True)
    learn(profile, login(later_s, STRANGE), b"new", held=True)

    assert [each.event_key for each in profile.quarantined] == [b"old", b"new"][-kept:]


def test_of_what_waits_the_newest_are_kept(profile: Profile) -> None:
    for number in range(MAX_QUARANTINED + 2):
        learn(profile, login(float(number), STRANGE), b"%08d" % number, held=True)

    assert [each.event_key for each in profile.quarantined] == [
        b"%08d" % number for number in range(2, MAX_QUARANTINED + 2)
    ]
