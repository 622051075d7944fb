from __future__ import annotations

from contracts.profile import MAX_FAILURES, Profile
from detectors import otp_bruteforce
from tests.detectors.build import NOW, ask, change, found, login, settled, transaction, weigh


def failed(*ago_s: float) -> Profile:
    return settled(failed_challenges=sorted(NOW - since for since in ago_s))


def test_fires_on_a_login_after_three_failed_challenges_within_the_hour() -> None:
    finding = found(otp_bruteforce, login(), failed(60, 600, 1200))

    assert finding.quarantine
    assert (finding.value, finding.facts) == (3, {"hours": 1})


def test_fires_on_money_after_five_in_a_day() -> None:
    finding = found(otp_bruteforce, transaction(), failed(*(3700 * each for each in range(1, 6))))

    assert (finding.value, finding.facts) == (5, {"hours": 24})


def test_quiet_after_two() -> None:
    assert ask(otp_bruteforce, login(), failed(60, 600)) is None


def test_quiet_after_three_spread_over_the_day() -> None:
    assert ask(otp_bruteforce, change(), failed(3700, 7400, 11_100)) is None


def test_quiet_on_a_failed_login_and_when_a_challenge_was_passed() -> None:
    assert ask(otp_bruteforce, login(outcome="failure"), failed(60, 600, 1200)) is None
    assert ask(otp_bruteforce, login(), failed()) is None


def test_each_further_failed_challenge_weighs_more_up_to_a_bound() -> None:
    weights = [
        weigh(otp_bruteforce, transaction(), failed(*range(1, count + 1))) for count in range(3, MAX_FAILURES)
    ]

    assert weights == sorted(weights)
    assert weights[-1] == otp_bruteforce.PARAMS.most_nats
