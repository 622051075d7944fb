from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from contracts.profile import DAY_S, Profile, Sightings
from detectors import dormant_account
from tests.detectors.build import NOW, ask, change, found, login, seen, settled, transaction, weigh


def asleep(
    days: float, devices: Sequence[str] = ("phone",), networks: Sequence[str] = ("home",), **fields: Any
) -> Profile:
    """An account that was used twice a day for ninety days and then not for so many days."""
    then = NOW - days * DAY_S
    known: dict[str, Any] = {"events": 180, "first_at": then - 90 * DAY_S, "last_at": then}
    profile = settled(40, **{**known, **fields})
    profile.device_rows = Sightings.of(seen(devices, 40, then)).rows
    profile.network_rows = Sightings.of(seen(networks, 40, then)).rows
    return profile


def test_fires_on_a_login_from_a_new_device_after_half_a_year() -> None:
    finding = found(dormant_account, login(device="other"), asleep(180))

    assert finding.value == 180
    assert finding.quarantine


def test_fires_on_money_that_follows_a_login_that_taught_nothing() -> None:
    account = asleep(180, last_at=NOW - 60)

    assert ask(dormant_account, transaction(device="other"), account) is not None
    assert ask(dormant_account, change(device="other"), account) is not None


def test_a_new_network_alone_weighs_half() -> None:
    both = weigh(dormant_account, login(device="other", network="far"), asleep(100))

    assert weigh(dormant_account, login(network="far"), asleep(100)) == pytest.approx(both / 2)


def test_the_longer_the_sleep_the_heavier_up_to_a_bound() -> None:
    weights = [weigh(dormant_account, login(device="other"), asleep(days)) for days in (61, 90, 180, 3000)]

    assert weights == sorted(weights)
    assert weights[0] < weights[1] < weights[3] == dormant_account.PARAMS.most_nats


def test_quiet_when_the_owner_comes_back_on_the_own_device() -> None:
    assert ask(dormant_account, login(), asleep(400)) is None


def test_quiet_after_a_holiday() -> None:
    assert ask(dormant_account, login(device="other"), asleep(30)) is None


def test_quiet_for_somebody_who_comes_once_in_three_months() -> None:
    account = asleep(180, events=8, first_at=NOW - 900 * DAY_S)

    assert ask(dormant_account, login(device="other"), account) is None


def test_quiet_on_a_failed_login_on_money_that_comes_in_and_on_a_late_event() -> None:
    assert ask(dormant_account, login(outcome="failure", device="other"), asleep(180)) is None
    assert ask(dormant_account, transaction(device=None, movement="refund"), asleep(180)) is None
    assert ask(dormant_account, login(device="other"), asleep(180, last_at=NOW + 60)) is None


def test_quiet_when_nothing_is_known_of_devices_and_networks() -> None:
    assert ask(dormant_account, login(device="other"), asleep(180, devices=(), networks=())) is None
