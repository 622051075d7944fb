from __future__ import annotations

from contracts.profile import DAY_S, MAX_FAILURES, Profile
from detectors import failed_challenge
from tests.detectors.build import NOW, ask, found, login, settled, transaction, weigh


def failed(*ago_s: float) -> Profile:
    return settled(failed_challenges=sorted(NOW - since for since in ago_s))


def test_fires_on_a_login_an_hour_after_a_failed_challenge() -> None:
    finding = found(failed_challenge, login(), failed(3600.0))

    assert finding.quarantine
    assert finding.value == 1


def test_fires_on_a_payment_after_a_failed_challenge() -> None:
    assert ask(failed_challenge, transaction(), failed(60.0)) is not None


def test_quiet_without_a_failed_challenge() -> None:
    assert ask(failed_challenge, login(), failed()) is None


def test_quiet_when_the_failed_challenge_is_a_day_old() -> None:
    assert ask(failed_challenge, transaction(), failed(DAY_S)) is None


def test_quiet_on_a_failed_login() -> None:
    assert ask(failed_challenge, login(outcome="failure"), failed(60.0)) is None


def test_each_further_failed_challenge_weighs_more_up_to_a_bound() -> None:
    weights = [
        weigh(failed_challenge, transaction(), failed(*range(1, count + 1)))
        for count in range(1, MAX_FAILURES)
    ]

    assert weights == sorted(weights)
    assert weights[0] < weights[1]
    assert weights[-1] == failed_challenge.PARAMS.most_nats


def test_a_challenge_failed_after_a_late_event_says_nothing_about_it() -> None:
    assert ask(failed_challenge, transaction(), failed(-5.0)) is None
