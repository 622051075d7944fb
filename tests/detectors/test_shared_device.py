from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding
from contracts.profile import DAY_S, Sightings
from detectors import shared_device
from detectors.measures.counted_accounts import device, is_success
from tests.detectors.build import NOW, ask, key, login, seen, settled, transaction


def shared(accounts: int, device: str = "farm", known_days: float | None = None) -> Finding | None:
    profile = settled()
    if known_days is not None:
        profile.device_rows = Sightings.of(seen([device], 4, NOW, known_days * DAY_S)).rows
    return ask(shared_device, login(device=device), profile, {shared_device.TALLY: accounts})


def test_fires_on_the_fifth_account_of_a_device() -> None:
    finding = shared(5)

    assert finding is not None
    assert (finding.value, finding.threshold) == (5, 5)


def test_fires_with_half_the_weight_on_an_account_that_came_days_ago() -> None:
    newcomer, regular = shared(12), shared(12, known_days=3)

    assert newcomer is not None
    assert regular is not None
    assert regular.weight == pytest.approx(newcomer.weight / 2)


def test_fires_on_money_sent_from_such_a_device() -> None:
    event = transaction(movement="cash_out", device="farm")

    assert ask(shared_device, event, settled(), {shared_device.TALLY: 8}) is not None


@pytest.mark.parametrize("accounts", [1, 2, 3, 4])
def test_quiet_on_a_family_tablet(accounts: int) -> None:
    assert shared(accounts) is None


def test_quiet_on_an_account_that_has_long_used_the_device() -> None:
    assert shared(40, known_days=14) is None


def test_quiet_where_no_device_is_known() -> None:
    assert ask(shared_device, login(device=None), settled(), {shared_device.TALLY: 9}) is None


def test_quiet_on_four_accounts_as_counted() -> None:
    assert shared(4) is None


def test_successes_join_the_count_of_their_device_and_failures_only_read_it() -> None:
    wanted = device(login(device="farm"))

    assert wanted == key("farm").hex()
    assert is_success(login())
    assert not is_success(login(outcome="failure"))
    assert device(transaction()) is None
    assert device(transaction(movement="transfer", device="farm")) == key("farm").hex()


@given(st.integers(0, 500), st.integers(0, 500))
def test_more_accounts_weigh_more(some: int, more: int) -> None:
    fewer, many = (shared(count) for count in sorted((some, more)))

    assert (many.weight if many else 0.0) >= (fewer.weight if fewer else 0.0)
