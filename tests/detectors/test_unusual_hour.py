from __future__ import annotations

from contracts.profile import HOUR_S, HOURS, Profile, hour_of
from detectors import unusual_hour
from tests.detectors.build import NOW, ask, found, login, settled, weigh


def active(*since_now: int, count: int = 30, money: tuple[int, ...] = ()) -> Profile:
    """An account with logins in these hours, counted from that of NOW, and money in those."""
    return settled(login_hours=table(since_now, count), money_hours=table(money, count))


def table(since_now: tuple[int, ...], count: int) -> bytearray:
    hours = bytearray(HOURS if since_now else 0)
    for shift in since_now:
        hours[(hour_of(NOW) + shift) % HOURS] = count
    return hours


def test_fires_in_the_middle_of_the_accounts_night() -> None:
    finding = found(unusual_hour, login(), active(8, 9, 10))

    assert finding.value == f"{hour_of(NOW):02d}:00"
    assert not finding.quarantine


def test_fires_the_more_the_longer_the_habit() -> None:
    short, long = (weigh(unusual_hour, login(), active(8, count=count), most_nats=9.0) for count in (15, 25))

    assert 0.0 < short < long


def test_never_enough_to_be_acted_on_alone() -> None:
    assert weigh(unusual_hour, login(), active(8, 9, 10, 11, count=60)) == unusual_hour.PARAMS.most_nats < 1.8


def test_quiet_at_a_usual_hour() -> None:
    assert ask(unusual_hour, login(), active(0, 9)) is None


def test_quiet_beside_a_busy_hour() -> None:
    assert ask(unusual_hour, login(), active(1)) is None
    assert ask(unusual_hour, login(at=NOW - 4 * HOUR_S), active(1)) is not None


def test_quiet_when_the_account_often_pays_at_that_hour() -> None:
    assert ask(unusual_hour, login(), active(8, money=(0, 8))) is None


def test_quiet_while_the_hours_are_hardly_known() -> None:
    assert ask(unusual_hour, login(), active(8, count=10)) is None
    assert ask(unusual_hour, login(), settled()) is None


def test_quiet_on_a_failed_login() -> None:
    assert ask(unusual_hour, login(outcome="failure"), active(8, 9, 10)) is None


def test_quiet_for_a_shift_worker_who_has_kept_every_hour() -> None:
    assert ask(unusual_hour, login(), active(*range(-8, 9, 4), count=8)) is None
