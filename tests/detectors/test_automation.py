from __future__ import annotations

from typing import Any

from msgspec import structs

from contracts.events import Device, Login
from contracts.profile import DAY_S, Profile
from contracts.traits import see_traits
from detectors import automation
from tests.detectors.build import NOW, ask, found, login, settled, weigh

SCRIPT = "requests 2 Linux bot"


def script(**fields: Any) -> Login:
    return structs.replace(login(agent=SCRIPT, **fields), device=Device("bot", None, "Python Requests"))


def person(**fields: Any) -> Profile:
    profile = settled(**fields)
    for day in range(40):
        see_traits(profile.trait_rows, login().traits, NOW - (40 - day) * DAY_S)
    return profile


def after_failures(count: int, apart_s: float) -> Profile:
    """An account on which so many logins have just failed, so many seconds apart."""
    times = sorted(NOW - apart_s * (number + 1) for number in range(count))
    return person(failures=times, failures_in_row=count)


def test_fires_on_a_script_that_logs_in() -> None:
    finding = found(automation, script(), person())

    assert finding.reason == "program"
    assert finding.quarantine


def test_fires_on_attempts_faster_than_hands() -> None:
    finding = found(automation, login(outcome="failure"), after_failures(6, 0.5))

    assert finding.reason == "inhuman_pace"
    assert finding.value == 0.5
    assert finding.facts == {"count": 7}
    assert not finding.quarantine


def test_a_success_at_that_pace_weighs_more_than_a_failure() -> None:
    account = after_failures(6, 0.5)

    assert weigh(automation, login(), account) > weigh(automation, login(outcome="failure"), account) > 0


def test_quiet_on_a_script_that_the_account_has_used_before() -> None:
    profile = person()
    see_traits(profile.trait_rows, script().traits, NOW - DAY_S)

    assert ask(automation, script(), profile) is None


def test_quiet_on_a_script_that_fails() -> None:
    assert ask(automation, script(outcome="failure"), person()) is None


def test_quiet_on_a_person_who_mistypes() -> None:
    assert ask(automation, login(), after_failures(5, 8.0)) is None
    assert ask(automation, login(outcome="failure"), after_failures(3, 0.5)) is None


def test_quiet_long_after_a_burst() -> None:
    old = person(failures=[NOW - 3600 - 0.5 * each for each in range(8, 0, -1)], failures_in_row=8)

    assert ask(automation, login(), old) is None


def test_quiet_on_a_young_account() -> None:
    assert ask(automation, script(), person(logins=2)) is None
