"""What an event teaches the profile, and what it must not."""

from __future__ import annotations

from typing import Literal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import force_setattr

from contracts.events import AccountChange, ChallengeOutcome, Label, Login, Place, Transaction, UserReport
from contracts.profile import MAX_EVENT_IDS, MAX_PENDING, Profile
from services.memory.learning import MATURE_S, conclude, knows_event, learn, mature, note_event

T0_MS = 1_760_000_000_000
PHONE, STRANGE, SHOP = b"phone...", b"strange.", b"shop...."


def login(at_s: float = 0.0, device: bytes = PHONE, outcome: str = "success") -> Login:
    event = Login(
        event_id=f"e{at_s}",
        account_id="a",
        occurred_at=int(T0_MS + at_s * 1000),
        outcome=outcome,  # type: ignore[arg-type]
        place=Place(country="CN", latitude=31.2, longitude=121.5),
    )
    force_setattr(event, "device_key", device)
    force_setattr(event, "ip_key", b"address.")
    force_setattr(event, "network_key", b"A\0\0\0\1")
    return event


def payment(at_s: float = 0.0, amount: str = "50.00", payee: bytes = SHOP, **more: str) -> Transaction:
    event = Transaction(
        event_id=f"t{at_s}",
        account_id="a",
        occurred_at=int(T0_MS + at_s * 1000),
        amount=amount,
        currency="CNY",
        **more,  # type: ignore[arg-type]
    )
    force_setattr(event, "payee_key", payee)
    return event


def outcome(at_s: float, result: str) -> ChallengeOutcome:
    return ChallengeOutcome(
        event_id=f"o{at_s}",
        account_id="a",
        occurred_at=int(T0_MS + at_s * 1000),
        challenge_id="c",
        challenged_event_id="e",
        purpose="login",
        outcome=result,  # type: ignore[arg-type]
    )


def test_a_failed_login_teaches_nothing_but_failure_counts() -> None:
    """Devices, networks, places and logins stay as they were."""
    profile = Profile()
    learn(profile, login(0, STRANGE, "failure"), b"k1......")

    assert Profile(failures_in_row=1, failures=[T0_MS / 1000]) == profile


def test_a_held_login_teaches_nothing_until_its_challenge_is_passed() -> None:
    """Its facts wait; the passed outcome releases them."""
    profile = Profile()
    learn(profile, login(0, STRANGE), b"held....", held=True)
    assert STRANGE not in profile.devices
    assert profile.logins == 0

    conclude(profile, outcome(60, "passed"), b"held....")

    assert STRANGE in profile.devices
    assert profile.pending == []


def test_a_failed_challenge_drops_the_facts_and_is_remembered() -> None:
    """The strange device is never learned; the failure counts against the account."""
    profile = Profile()
    learn(profile, login(0, STRANGE), b"held....", held=True)
    conclude(profile, outcome(60, "failed"), b"held....")

    assert STRANGE not in profile.devices
    assert profile.pending == []
    assert profile.failed_challenges == [T0_MS / 1000 + 60]


def test_an_expired_challenge_drops_the_facts_without_blame() -> None:
    """Nobody answered: nothing is learned, nothing is held against the account."""
    profile = Profile()
    learn(profile, login(0, STRANGE), b"held....", held=True)
    conclude(profile, outcome(400, "expired"), b"held....")

    assert STRANGE not in profile.devices
    assert profile.failed_challenges == []
    assert profile.pending == []


def test_a_report_of_the_owner_releases_or_drops_like_a_challenge() -> None:
    """`was_me` teaches the device, `not_me` drops it and is remembered."""
    mine, theirs = Profile(), Profile()
    verdicts: tuple[tuple[Profile, Literal["was_me", "not_me"]], ...] = ((mine, "was_me"), (theirs, "not_me"))
    for profile, verdict in verdicts:
        learn(profile, login(0, STRANGE), b"held....", held=True)
        report = UserReport(
            event_id="r", account_id="a", occurred_at=T0_MS + 1, about_event_id="e0", verdict=verdict
        )
        conclude(profile, report, b"held....")

    assert STRANGE in mine.devices
    assert STRANGE not in theirs.devices
    assert theirs.reported_at > 0.0


def test_a_fraud_label_drops_held_facts() -> None:
    """Support's verdict counts like the owner's."""
    profile = Profile()
    learn(profile, login(0, STRANGE), b"held....", held=True)
    conclude(
        profile,
        Label(event_id="l", account_id="a", occurred_at=T0_MS + 1, about_event_id="e0", verdict="fraud"),
        b"held....",
    )

    assert profile.pending == []
    assert STRANGE not in profile.devices


def test_facts_of_a_challenge_never_mature() -> None:
    """Only the challenge releases what was challenged."""
    profile = Profile()
    learn(profile, login(0, STRANGE), b"held....", held=True, challenged=True)
    mature(profile, T0_MS / 1000 + 100 * MATURE_S)

    assert STRANGE not in profile.devices


def test_facts_the_owner_was_only_told_of_mature_after_quiet_days() -> None:
    """Not a second before, and then for good."""
    profile = Profile()
    learn(profile, login(0, STRANGE), b"held....", held=True, challenged=False)
    mature(profile, T0_MS / 1000 + MATURE_S - 1)
    assert STRANGE not in profile.devices

    mature(profile, T0_MS / 1000 + MATURE_S)

    assert STRANGE in profile.devices
    assert profile.pending == []


def test_an_objection_stops_maturing() -> None:
    """A `not_me` about any later event of the account keeps what waits out."""
    profile = Profile(reported_at=T0_MS // 1000 + 5)
    learn(profile, login(0, STRANGE), b"held....", held=True, challenged=False)
    mature(profile, T0_MS / 1000 + MATURE_S)

    assert STRANGE not in profile.devices


def test_a_failed_payment_teaches_nothing() -> None:
    """Money that did not move is no habit."""
    profile = Profile()
    learn(profile, payment(0, status="failed"), b"k1......")

    assert Profile() == profile


def test_enrolment_counts_even_when_its_device_is_held() -> None:
    """Whether a factor exists is the state of the world, not a habit."""
    profile = Profile()
    change = AccountChange(event_id="c", account_id="a", occurred_at=T0_MS, change="totp_enrolled")
    learn(profile, change, b"held....", held=True)

    assert profile.has_factor


def test_a_replaced_factor_is_a_factor() -> None:
    profile = Profile()
    change = AccountChange(event_id="c", account_id="a", occurred_at=T0_MS, change="totp_replaced")
    learn(profile, change, b"k1......")

    assert profile.has_factor


def test_an_enrolment_that_only_began_teaches_nothing() -> None:
    """Whoever began it has proved the password alone."""
    profile = Profile()
    begun = AccountChange(
        event_id="c",
        account_id="a",
        occurred_at=T0_MS,
        change="totp_enrolment_started",
        device_key=b"stranger",
    )
    for held in (False, True):
        learn(profile, begun, b"k1......", held=held)

    assert Profile() == profile


def test_pending_facts_are_few() -> None:
    """The oldest make room."""
    profile = Profile()
    for number in range(MAX_PENDING + 3):
        learn(profile, login(number, STRANGE), b"held%04d" % number, held=True)

    assert [b"held%04d" % number for number in range(3, MAX_PENDING + 3)] == [
        pending.event_key for pending in profile.pending
    ]


def test_the_last_event_ids_are_known_and_older_ones_forgotten() -> None:
    """Exactly MAX_EVENT_IDS of them."""
    profile = Profile()
    for number in range(MAX_EVENT_IDS + 1):
        note_event(profile, b"id%04d" % number, 1.0)

    assert not knows_event(profile, b"id0000")
    assert knows_event(profile, b"id0001")
    assert knows_event(profile, b"id%04d" % MAX_EVENT_IDS)


def test_an_event_id_is_only_found_at_its_own_place() -> None:
    """The end of one key and the start of the next are no key."""
    profile = Profile()
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
    from math import log1p

    profile = Profile()
    for number, amount in enumerate(cents):
        learn(profile, payment(number, f"{amount // 100}.{amount % 100:02d}"), b"k.......")
    statistics = profile.amounts.get("payment", "CNY")
    assert statistics is not None
    logs = [log1p(amount / 100) for amount in cents]

    assert min(logs) - 1e-9 <= statistics.mean <= max(logs) + 1e-9
    assert statistics.variance >= 0.0
