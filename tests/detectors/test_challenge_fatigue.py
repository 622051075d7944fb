from __future__ import annotations

from contracts.circumstances import MANY_CHALLENGES, Circumstance
from contracts.profile import MAX_CHALLENGES, Profile
from detectors import challenge_fatigue
from services.memory.glance import look
from tests.detectors.build import NOW, ask, change, found, login, settled, transaction, weigh


def challenged(*ago_s: float) -> Profile:
    return settled(challenge_times=sorted(NOW - since for since in ago_s))


def test_fires_on_money_after_five_challenges_within_the_hour() -> None:
    finding = found(challenge_fatigue, transaction(), challenged(60, 300, 600, 900, 1200))

    assert finding.quarantine
    assert (finding.value, finding.facts) == (5, {"hours": 1})


def test_fires_on_a_login_after_ten_in_a_day() -> None:
    finding = found(challenge_fatigue, login(), challenged(*(3700 * each for each in range(1, 11))))

    assert (finding.value, finding.facts) == (10, {"hours": 24})


def test_quiet_after_four() -> None:
    assert ask(challenge_fatigue, login(), challenged(60, 300, 600, 900)) is None


def test_quiet_after_nine_over_the_day() -> None:
    assert ask(challenge_fatigue, change(), challenged(*(3700 * each for each in range(1, 10)))) is None


def test_quiet_on_a_failed_login() -> None:
    account = challenged(60, 300, 600, 900, 1200)

    assert ask(challenge_fatigue, login(outcome="failure"), account) is None


def test_each_further_challenge_weighs_more_up_to_a_bound() -> None:
    weights = [
        weigh(challenge_fatigue, login(), challenged(*range(1, count + 1)))
        for count in range(MANY_CHALLENGES, MAX_CHALLENGES + 1)
    ]

    assert weights == sorted(weights)
    assert weights[0] < weights[-1] <= challenge_fatigue.PARAMS.most_nats


def test_nobody_is_woken_by_few_or_old_challenges() -> None:
    many = [3600.0 * each for each in range(1, MANY_CHALLENGES + 1)]
    awake, few, old = (
        look(login(), challenged(*times), {}).circumstances & Circumstance.CHALLENGED
        for times in (many, many[1:], [each + 86_400 for each in many])
    )

    assert awake
    assert not few
    assert not old
