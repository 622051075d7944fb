from __future__ import annotations

import pytest

from contracts.profile import HOUR_S, HOURS, Profile, hour_of
from detectors import unusual_hour_money as hour
from tests.detectors.build import NOW, ask, found, payer, transaction, weigh


def table(since_now: tuple[int, ...], count: int) -> bytearray:
    """`count` events in each of these hours, counted from that of NOW."""
    hours = bytearray(HOURS)
    for shift in since_now:
        hours[(hour_of(NOW) + shift) % HOURS] = count
    return hours


def active(*since_now: int, count: int = 30, logins: tuple[int, ...] = ()) -> Profile:
    """A payer with payments in these hours, and logins in those."""
    return payer(
        money_hours=table(since_now, count), login_hours=table(logins, count) if logins else bytearray()
    )


def test_fires_in_the_middle_of_the_accounts_night() -> None:
    finding = found(hour, transaction(), active(8, 9, 10))

    assert finding.value == f"{hour_of(NOW):02d}:00"
    assert finding.threshold == "4.2%"
    assert not finding.quarantine


def test_fires_with_a_short_history_on_less_evidence() -> None:
    short, long = (weigh(hour, transaction(), active(8, count=count)) for count in (15, 60))

    assert 0.0 < short < long


def test_never_enough_to_be_acted_on_alone() -> None:
    assert weigh(hour, transaction(), active(8, 9, 10, 11, count=60)) == hour.PARAMS.most_nats < 2.3


def test_quiet_at_a_usual_hour() -> None:
    assert ask(hour, transaction(), active(0, 9)) is None


def test_quiet_beside_a_busy_hour() -> None:
    assert ask(hour, transaction(), active(1)) is None
    assert ask(hour, transaction(), active(-1)) is None
    assert ask(hour, transaction(at=NOW - 4 * HOUR_S), active(1)) is not None


def test_quiet_when_the_account_often_logs_in_at_that_hour() -> None:
    assert ask(hour, transaction(), active(8, logins=(0, 8))) is None
    assert ask(hour, transaction(), active(8, logins=(7, 8))) is not None


def test_quiet_while_the_hours_are_hardly_known() -> None:
    assert ask(hour, transaction(), active(9, count=14)) is None
    assert ask(hour, transaction(), payer()) is None


@pytest.mark.parametrize(("movement", "status"), [("top_up", "requested"), ("payment", "failed")])
def test_quiet_when_no_money_leaves(movement: str, status: str) -> None:
    event = transaction(movement=movement, status=status)

    assert ask(hour, event, active(8, 9)) is None
