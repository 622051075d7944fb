from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detectors import new_device
from tests.detectors.build import ask, change, found, login, settled, transaction, weigh


def test_fires_on_a_login_from_a_device_never_seen() -> None:
    finding = found(new_device, login(device="stolen"), settled())

    assert finding.quarantine
    assert finding.weight > 4.0


def test_fires_on_money_from_a_device_never_seen() -> None:
    assert ask(new_device, transaction(device="stolen"), settled()) is not None


def test_fires_on_an_account_change_from_a_device_never_seen() -> None:
    assert ask(new_device, change(device="stolen"), settled()) is not None


def test_fires_from_the_third_login_on() -> None:
    assert ask(new_device, login(device="stolen"), settled(3)) is not None


def test_quiet_while_fewer_than_three_logins_are_known() -> None:
    assert ask(new_device, login(device="second"), settled(2)) is None


def test_quiet_on_a_known_device() -> None:
    assert ask(new_device, login(device="phone"), settled()) is None


def test_quiet_on_a_failed_login() -> None:
    assert ask(new_device, login(device="stolen", outcome="failure"), settled()) is None


def test_quiet_when_the_device_is_not_told() -> None:
    assert ask(new_device, login(device=None), settled()) is None


def test_quiet_when_earlier_logins_told_no_device() -> None:
    assert ask(new_device, login(device="first"), settled(40, devices=())) is None


def test_quiet_on_an_account_that_always_changes_devices() -> None:
    changer = settled(12, devices=[f"cookie{n}" for n in range(12)])

    assert ask(new_device, login(device="next"), changer) is None


def test_somebody_who_now_and_then_changes_devices_weighs_less() -> None:
    event = login(device="next")
    changer = settled(40, devices=["phone", "tablet", "laptop", "work"])

    assert 0.0 < weigh(new_device, event, changer) < weigh(new_device, event, settled(40)) - 1.0


@given(st.integers(3, 2000), st.integers(0, 2000))
def test_the_longer_the_history_the_heavier_the_new_device(logins: int, more: int) -> None:
    event = login(device="stolen")

    assert weigh(new_device, event, settled(logins + more)) >= weigh(new_device, event, settled(logins))
