from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Login
from contracts.findings import Finding, TallyWanted
from detectors import password_spray
from tests.detectors.build import NOW, Kind, ask, key, login, settled, transaction


def spray(
    accounts: int,
    event: Login | None = None,
    failures: int = 0,
    kind: Kind = "hosting",
    network: str = "rented",
) -> Finding | None:
    asked = event or login(outcome="failure", device="tool", network=network, kind=kind)
    profile = settled(failures=[NOW - 3600.0 * (n + 1) for n in reversed(range(failures))])
    return ask(password_spray, asked, profile, {password_spray.TALLY: accounts})


def test_fires_on_the_thirtieth_account_that_fails_in_a_hosting_network() -> None:
    finding = spray(30)

    assert finding is not None
    assert (finding.reason, finding.value, finding.threshold) == ("spray_attempt", 30, 30)


def test_fires_harder_on_a_success_on_a_new_device() -> None:
    attempt = spray(60)
    success = spray(60, login(device="tool", network="rented", kind="hosting"))

    assert attempt is not None
    assert success is not None
    assert success.reason == "spray_success"
    assert success.weight > attempt.weight + 1.0


def test_quiet_at_twenty_nine_accounts() -> None:
    assert spray(29) is None


def test_quiet_where_many_people_share_a_network() -> None:
    assert spray(89, kind="residential", network="home") is None
    assert spray(90, kind="residential", network="home") is not None
    assert spray(299, kind="mobile") is None
    assert spray(300, kind="mobile") is not None


def test_quiet_on_the_owner_s_own_device() -> None:
    assert spray(500, login(network="rented", kind="hosting")) is None


def test_quiet_when_the_account_itself_fails_again_and_again() -> None:
    assert spray(40, failures=2) is not None
    assert spray(40, failures=3) is None


def test_quiet_while_the_count_is_unknown() -> None:
    assert ask(password_spray, login(outcome="failure"), settled(), {}) is None


def test_fires_in_a_network_of_homes_where_the_account_is_a_stranger() -> None:
    assert spray(30, kind="residential") is not None


def test_failures_join_the_count_of_their_network_and_successes_only_read_it() -> None:
    failed, success = login(outcome="failure", network="net"), login(network="net")

    wanted = password_spray.SPEC.tally

    assert isinstance(wanted, TallyWanted)
    assert wanted.key(failed) == wanted.key(success) == key("net").hex()
    assert (wanted.adds(failed), wanted.adds(success)) == (True, False)
    assert wanted.key(login(network=None)) is None
    assert wanted.key(transaction()) is None


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_more_accounts_weigh_more(some: int, more: int) -> None:
    fewer, many = (spray(count) for count in sorted((some, more)))

    assert (many.weight if many else 0.0) >= (fewer.weight if fewer else 0.0)
