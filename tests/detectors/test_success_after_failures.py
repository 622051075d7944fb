from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.profile import MAX_FAILURES, Profile
from detectors import success_after_failures
from tests.detectors.build import NOW, ask, found, login, settled, weigh

STRANGER = login(device="tool", network="rented", ip="rented")


def failed(in_row: int, every_s: float = 10.0) -> Profile:
    times = [NOW - 10 - every_s * n for n in range(min(in_row, MAX_FAILURES))]
    return settled(failures=sorted(times), failures_in_row=in_row)


def test_fires_after_five_failures_in_a_row() -> None:
    finding = found(success_after_failures, STRANGER, failed(5))

    assert finding.quarantine
    assert (finding.value, finding.threshold) == (5, 5)


def test_fires_with_the_whole_row_when_the_profile_forgot_its_beginning() -> None:
    assert found(success_after_failures, STRANGER, failed(400)).value == 400


def test_quiet_after_four_failures() -> None:
    assert ask(success_after_failures, STRANGER, failed(4)) is None


def test_quiet_on_a_further_failure() -> None:
    assert ask(success_after_failures, login(outcome="failure"), failed(9)) is None


def test_quiet_when_the_failures_are_hours_old() -> None:
    assert ask(success_after_failures, STRANGER, failed(9, every_s=1200.0)) is None


def test_quiet_when_a_success_has_ended_the_row() -> None:
    account = failed(9)
    account.failures_in_row = 0

    assert ask(success_after_failures, STRANGER, account) is None


def test_an_owner_who_mistypes_on_the_own_device_weighs_less() -> None:
    stranger = weigh(success_after_failures, STRANGER, failed(6))

    assert weigh(success_after_failures, login(), failed(6)) == pytest.approx(stranger * 0.4)


def test_the_own_device_at_home_is_learned_and_elsewhere_held() -> None:
    at_home = ask(success_after_failures, login(), failed(6))
    elsewhere = ask(success_after_failures, login(network="rented"), failed(6))

    assert at_home is not None
    assert elsewhere is not None
    assert (at_home.quarantine, elsewhere.quarantine) == (False, True)


@given(st.integers(0, 500), st.integers(0, 500))
def test_more_failures_weigh_more(some: int, more: int) -> None:
    fewer, many = sorted((some, more))

    heavier = weigh(success_after_failures, STRANGER, failed(many))

    assert heavier >= weigh(success_after_failures, STRANGER, failed(fewer))
