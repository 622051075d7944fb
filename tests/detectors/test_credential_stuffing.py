from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding, TallyWanted
from contracts.profile import Profile
from detectors import credential_stuffing
from tests.detectors.build import Kind, ask, key, login, settled, transaction

FAILED = login(outcome="failure", device="tool", ip="rented")
SUCCESS = login(device="tool", ip="rented")


def counted(accounts: int, event: object = FAILED, profile: Profile | None = None) -> Finding | None:
    assert event is FAILED or event is SUCCESS
    tallies = {credential_stuffing.TALLY: accounts}
    return ask(credential_stuffing, FAILED if event is FAILED else SUCCESS, profile or settled(), tallies)


def test_fires_on_the_tenth_account_that_fails_at_an_address() -> None:
    finding = counted(10)

    assert finding is not None
    assert finding.reason == "stuffing_attempt"
    assert (finding.value, finding.threshold) == (10, 10)


def test_fires_harder_on_a_success_from_such_an_address() -> None:
    attempt, success = counted(25), counted(25, SUCCESS)

    assert attempt is not None
    assert success is not None
    assert success.reason == "stuffing_success"
    assert success.weight > attempt.weight + 1.0


def test_fires_on_an_account_without_history() -> None:
    assert counted(12, SUCCESS, Profile()) is not None


def test_quiet_at_nine_accounts() -> None:
    assert counted(9) is None


def test_quiet_while_the_count_is_unknown() -> None:
    assert ask(credential_stuffing, FAILED, settled(), {}) is None


@pytest.mark.parametrize("kind", ["mobile", "relay", "satellite"])
def test_quiet_where_many_people_share_an_address(kind: Kind) -> None:
    event = login(outcome="failure", kind=kind)

    assert ask(credential_stuffing, event, settled(), {credential_stuffing.TALLY: 49}) is None
    assert ask(credential_stuffing, event, settled(), {credential_stuffing.TALLY: 50}) is not None


def test_the_owner_behind_the_same_address_weighs_a_quarter() -> None:
    tallies = {credential_stuffing.TALLY: 20}
    stranger = ask(credential_stuffing, SUCCESS, settled(), tallies)
    owner = ask(credential_stuffing, login(), settled(), tallies)

    assert stranger is not None
    assert owner is not None
    assert owner.weight == pytest.approx(stranger.weight / 4)


def test_nothing_is_held_back_because_of_a_count() -> None:
    finding = counted(500, SUCCESS)

    assert finding is not None
    assert not finding.quarantine


def test_failures_join_the_count_of_their_address_and_successes_only_read_it() -> None:
    wanted = credential_stuffing.SPEC.tally

    assert isinstance(wanted, TallyWanted)
    assert wanted.key(FAILED) == key("rented").hex()
    assert (wanted.adds(FAILED), wanted.adds(SUCCESS)) == (True, False)


def test_an_unknown_address_has_no_count() -> None:
    wanted = credential_stuffing.SPEC.tally

    assert isinstance(wanted, TallyWanted)
    assert wanted.key(login(ip=None)) is None
    assert wanted.key(transaction()) is None


@given(st.integers(0, 5000), st.integers(0, 5000), st.sampled_from([FAILED, SUCCESS]))
def test_more_accounts_weigh_more(some: int, more: int, event: object) -> None:
    fewer, many = (counted(count, event) for count in sorted((some, more)))

    assert (many.weight if many else 0.0) >= (fewer.weight if fewer else 0.0)
