from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.profile import MAX_FAILURES, Profile
from detectors import failed_login_burst
from tests.detectors.build import NOW, ask, found, login, settled, weigh

FAILED = login(outcome="failure")


def failed(count: int, every_s: float = 10.0, until: float = NOW - 10) -> Profile:
    times = [until - every_s * n for n in range(min(count, MAX_FAILURES))]
    return settled(failures=sorted(times), failures_in_row=count)


def test_fires_on_the_fifth_failure_of_ten_minutes() -> None:
    finding = found(failed_login_burst, FAILED, failed(4))

    assert (finding.value, finding.threshold) == (5, 5)
    assert not finding.quarantine


def test_fires_on_an_account_without_history() -> None:
    assert ask(failed_login_burst, FAILED, Profile(failures=[NOW - n for n in (4, 3, 2, 1)])) is not None


def test_fires_on_a_late_failure_by_the_failures_before_it() -> None:
    account = failed(4, until=NOW - 10)
    account.failures = [*account.failures, NOW + 500.0]

    assert found(failed_login_burst, FAILED, account).value == 5


def test_quiet_on_the_fourth_failure() -> None:
    assert ask(failed_login_burst, FAILED, failed(3)) is None


def test_quiet_on_failures_spread_over_hours() -> None:
    assert ask(failed_login_burst, FAILED, failed(12, every_s=1200.0)) is None


def test_quiet_on_a_success() -> None:
    assert ask(failed_login_burst, login(), failed(12)) is None


def test_quiet_when_the_failures_came_after_this_one() -> None:
    assert ask(failed_login_burst, FAILED, failed(8, until=NOW + 300)) is None


def test_a_failure_exactly_a_window_ago_no_longer_counts() -> None:
    account = settled(failures=[NOW - 600.0, NOW - 3, NOW - 2, NOW - 1])

    assert ask(failed_login_burst, FAILED, account) is None


@given(st.integers(0, 12), st.integers(0, 12))
def test_more_failures_weigh_more(some: int, more: int) -> None:
    fewer, many = sorted((some, more))

    assert weigh(failed_login_burst, FAILED, failed(many)) >= weigh(failed_login_burst, FAILED, failed(fewer))
