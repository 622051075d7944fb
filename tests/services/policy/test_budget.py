"""The budget of challenges: what is asked for when too many were, and never silence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from contracts.actions import Action
from contracts.decisions import Decision, IssueChallenge
from contracts.events import AnyEvent
from contracts.findings import Finding
from contracts.profile import DAY_S
from services.bootstrap.pipelines import offline_core
from services.platform.settings import Settings
from services.policy.policy import BUDGET_SPENT, Account
from services.policy.text import parse_policy
from services.replay.offline import offline_records
from tests.services.scoring.events import change, login, transaction
from tests.services.scoring.policies import DEFAULT, plain

BUDGET = "[budget]\nchallenges_per_week = 3\n"
OVERFLOW = BUDGET + '[budget.overflow]\nlogin = "notify"\ntransaction = "hold"\naccount_change = "deny"\n'
AT = 1_760_000_000.0
EVENTS: list[AnyEvent] = [login(), transaction(), change()]


@pytest.mark.parametrize(
    ("event", "instead"), [(login(), "notify"), (transaction(), "hold"), (change(), "deny")]
)
def test_a_challenge_beyond_the_budget_becomes_what_overflow_says(event: AnyEvent, instead: Action) -> None:
    policy = plain(OVERFLOW)

    assert policy.rule(event, 0.25, Account(True, 2)).action == "challenge"
    assert policy.rule(event, 0.25, Account(True, 3)).action == instead
    assert policy.rule(event, 0.05, Account(True, 3)).action == "allow"


def test_a_spent_budget_never_weakens_what_the_risk_asks_for() -> None:
    policy = plain(OVERFLOW)
    asked = {
        risk: [policy.rule(event, risk, Account(True, 9)).action for event in (login(), change())]
        for risk in (0.15, 0.3, 0.4)
    }

    assert asked == {0.15: ["notify", "notify"], 0.3: ["hold", "deny"], 0.4: ["deny", "deny"]}


def test_overflow_can_be_neither_silence_nor_one_more_challenge() -> None:
    with pytest.raises(ValueError, match=r"budget.overflow.login: expected one of notify, hold, deny, got"):
        plain('[budget.overflow]\nlogin = "allow"\n')


def test_only_the_challenges_of_the_last_seven_days_of_event_time_count() -> None:
    """A challenge exactly a week ago no longer counts; one later than a late event does not yet."""
    times = [AT - 7 * DAY_S, AT - 7 * DAY_S + 1, AT - 60, AT, AT + 1]

    assert plain(BUDGET).account(True, times, AT) == Account(True, 3)
    assert plain().account(True, times, AT) == Account(True, 0)


def test_an_account_without_a_factor_follows_its_own_rule() -> None:
    assert plain(OVERFLOW).rule(login(), 0.25, Account(False, 9)).action == "notify"
    assert plain(OVERFLOW).rule(change(), 0.25, Account(False, 9)).action == "hold"


def test_the_bound_challenge_is_hold_where_the_budget_is_spent() -> None:
    policy = plain(OVERFLOW + '[detectors.new_device]\nalone_at_most = "challenge"\n')
    found = Finding(detector="new_device", reason="new_device", family="device", weight=8.0)

    assert policy.judge(login(), [found], Account(True, 0)).ruling.action == "challenge"
    assert policy.judge(login(), [found], Account(True, 3)).ruling.action == "hold"


def test_the_state_says_that_the_budget_is_spent_where_a_code_would_have_been_asked_for() -> None:
    policy = plain(OVERFLOW)

    def states(weight: float) -> tuple[str, ...]:
        found = Finding(detector="velocity_count", reason="many", family="velocity", weight=weight)
        return policy.judge(login(), [found], Account(True, 3)).states

    assert [states(weight) for weight in (0.1, 4.3, 5.0, 5.6, 8.0)] == [
        (),
        (),
        (BUDGET_SPENT,),
        (BUDGET_SPENT,),
        (),
    ]


def test_challenges_of_an_hour_are_bounded_too() -> None:
    policy = plain('[budget]\nchallenges_per_hour = 3\n[budget.overflow]\nlogin = "deny"\n')
    times = [AT - 3601, AT - 3600, AT - 3599, AT - 60, AT, AT + 1]

    assert policy.account(True, times, AT) == Account(True, 0, 3)
    assert policy.rule(login(), 0.25, Account(True, 0, 2)).action == "challenge"
    assert policy.rule(login(), 0.25, Account(True, 0, 3)).action == "deny"


def test_the_default_policy_asks_an_account_for_ten_codes_an_hour_and_then_holds() -> None:
    policy = parse_policy(DEFAULT)
    asked = [AT - number for number in range(10)]

    assert [policy.rule(each, 0.1, policy.account(True, asked[1:], AT)).action for each in EVENTS] == [
        "challenge"
    ] * 3
    assert [policy.rule(each, 0.1, policy.account(True, asked, AT)).action for each in EVENTS] == ["hold"] * 3


def lived(tmp_path: Path, per_week: str, events: list[AnyEvent]) -> list[Decision]:
    """Decisions of a core that challenges any new device."""
    file = tmp_path / "policy.toml"
    file.write_text(
        f'version = "b"\n[budget]\nchallenges_per_week = {per_week}\n[budget.overflow]\nlogin = "hold"\n'
        '[thresholds.login]\nnotify = 0.003\nchallenge = 0.003\nhold = "never"\ndeny = "never"\n'
        '[detectors.new_device]\nalone_at_most = "challenge"\n',
        encoding="utf-8",
    )
    core = offline_core(Settings(policy=file))
    return asyncio.run(core.decide(offline_records(events))).decisions


def strange_logins(day_s: float, count: int) -> list[AnyEvent]:
    """An account with a second factor and a habit, then logins from ever new devices, one a day."""
    start_ms = 1_760_000_000_000
    home = [
        login(event_id=f"h{n}", device_id="home", ip="192.0.2.1", occurred_at=start_ms + n * 60_000)
        for n in range(8)
    ]
    factor = change(
        event_id="f", change="totp_enrolled", device_id="home", ip="192.0.2.1", occurred_at=start_ms + 480_000
    )
    return [
        *home,
        factor,
        *(
            login(
                event_id=f"s{n}",
                device_id=f"strange-{n}",
                ip="192.0.2.1",
                occurred_at=start_ms + 600_000 + int(n * day_s * 1000),
            )
            for n in range(count)
        ),
    ]


def asks(decision: Decision) -> bool:
    return any(isinstance(effect, IssueChallenge) for effect in decision.effects)


def test_a_worker_counts_its_challenges_and_asks_for_no_more_than_the_budget(tmp_path: Path) -> None:
    decisions = lived(tmp_path, "3", strange_logins(DAY_S, 9))[-9:]

    assert [asks(each) for each in decisions] == [True] * 3 + [False] * 4 + [True] * 2
    assert [each.action for each in decisions[3:7]] == ["hold"] * 4
    assert all(BUDGET_SPENT in each.states for each in decisions[3:7])


def test_without_a_budget_there_is_no_end_of_challenges(tmp_path: Path) -> None:
    decisions = lived(tmp_path, '"unlimited"', strange_logins(3600.0, 15))[-15:]

    assert all(asks(each) for each in decisions)
