"""Snoozes: findings that do not act for a while, by the events' own time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from contracts.actions import Action
from contracts.decisions import Decision
from contracts.events import AnyEvent, Login
from contracts.findings import Finding
from services.bootstrap.pipelines import offline_core
from services.platform import metrics
from services.platform.settings import Settings
from services.policy.policy import SNOOZED, Account, Policy, Verdict
from services.replay.offline import offline_records
from tests.services.risk.test_model import evidence
from tests.services.scoring.events import login, transaction
from tests.services.scoring.policies import plain

#: The events' time is 2025-10-09T08:53:20Z.
SNOOZE = """
[[snoozes]]
{whose}
until = {until}
reason = "moves house"
{more}
"""
LATER = "2025-10-09T08:53:21Z"
ACCOUNT, DETECTOR = 'account = "acct-1"', 'detector = "new_device"'
PAIR = f"{ACCOUNT}\n{DETECTOR}"


def snoozing(whose: str = PAIR, until: str = LATER, more: str = "") -> Policy:
    return plain(SNOOZE.format(whose=whose, until=until, more=more))


def finding(detector: str, weight: float = 5.0) -> Finding:
    return Finding(detector=detector, reason=detector, family=detector, weight=weight, quarantine=True)


def verdict(policy: Policy, *findings: Finding, event: Login | None = None) -> Verdict:
    return policy.judge(event or login(), findings, Account(True))


def action(policy: Policy, *findings: Finding, event: Login | None = None) -> Action:
    return verdict(policy, *findings, event=event).ruling.action


def test_a_snoozed_finding_is_recorded_and_does_not_act() -> None:
    quieted = verdict(snoozing(), finding("new_device"))

    assert quieted.ruling.action == "allow"
    assert [(each.detector, each.mode, each.share) for each in quieted.fused.reasoned] == [
        ("new_device", "shadow", 0)
    ]
    assert quieted.states == (SNOOZED,)
    assert verdict(plain(), finding("new_device")).ruling.action == "challenge"


@pytest.mark.parametrize(
    ("until", "wanted"),
    [
        ("2025-10-09T08:53:20.001Z", "allow"),
        ("2025-10-09T16:53:21+08:00", "allow"),
        ("2025-10-09T08:53:20Z", "challenge"),
        ("2025-10-09T08:53:19Z", "challenge"),
        ("2999-01-01T00:00:00Z", "allow"),
    ],
)
def test_a_snooze_ends_by_the_event_s_time(until: str, wanted: Action) -> None:
    assert action(snoozing(until=until), finding("new_device")) == wanted


def test_an_expired_snooze_changes_not_a_byte() -> None:
    expired = verdict(snoozing(until="2025-10-09T08:53:20Z"), finding("new_device"))

    assert expired[:3] == verdict(plain(), finding("new_device"))[:3]


def test_a_snooze_does_not_reach_back_beyond_its_beginning() -> None:
    early = snoozing(until="2999-01-01T00:00:00Z", more="from = 2025-10-09T08:53:20.001Z")
    begun = snoozing(until="2999-01-01T00:00:00Z", more="from = 2025-10-09T08:53:20Z")

    assert action(early, finding("new_device")) == "challenge"
    assert action(begun, finding("new_device")) == "allow"


def test_a_snooze_of_an_account_and_a_detector_is_for_that_pair() -> None:
    policy = snoozing()

    assert action(policy, finding("new_country")) == "challenge"
    assert action(policy, finding("new_device"), event=login(account_id="acct-2")) == "challenge"
    both = verdict(policy, finding("new_device", 0.2), finding("new_country"))
    assert {each.detector: each.mode for each in both.fused.reasoned} == {
        "new_device": "shadow",
        "new_country": "on",
    }


def test_a_snooze_of_an_account_is_for_all_its_findings() -> None:
    policy = snoozing(ACCOUNT)

    assert action(policy, finding("new_device", 2.0), finding("new_country", 2.5)) == "allow"
    assert action(policy, finding("new_device"), event=login(account_id="acct-2")) == "challenge"


def test_a_snooze_of_a_detector_is_for_all_accounts() -> None:
    policy = snoozing(DETECTOR)

    assert action(policy, finding("new_device"), event=login(account_id="acct-2")) == "allow"
    assert action(policy, finding("new_country"), event=login(account_id="acct-2")) == "challenge"


@pytest.mark.parametrize(("weight", "full"), [(5.6, "hold"), (7.0, "deny")])
@pytest.mark.parametrize("whose", [PAIR, ACCOUNT, DETECTOR])
def test_a_hold_or_a_denial_is_not_lowered_unless_the_snooze_says_so(
    whose: str, weight: float, full: Action
) -> None:
    kept = verdict(snoozing(whose), finding("new_device", weight))

    assert (kept.ruling.action, kept.states) == (full, ())
    assert kept.fused.reasoned[0].mode == "on"
    assert action(snoozing(whose, more="holds = true"), finding("new_device", weight)) == "allow"


def test_of_two_snoozes_each_lowers_what_it_may() -> None:
    """The one that may lower a hold does; what is left is a challenge, which the other lowers."""
    both = plain(
        SNOOZE.format(whose=PAIR, until=LATER, more="holds = true")
        + SNOOZE.format(whose='account = "acct-1"\ndetector = "new_country"', until=LATER, more="")
    )

    assert action(both, finding("new_device", 5.0), finding("new_country", 4.5)) == "allow"
    assert action(both, finding("new_device", 5.0), finding("new_country", 5.5)) == "hold"


def test_a_snooze_lowers_no_denial_that_stands_on_the_list() -> None:
    policy = plain(SNOOZE.format(whose=ACCOUNT, until=LATER, more="") + '[lists]\ndeny = ["acct-1"]\n')

    assert action(policy, finding("new_device")) == "deny"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('account = "a"\nreason = "r"', "snoozes[0].until: missing; expected a date and time with an offset"),
        (
            'account = "a"\nuntil = 2026-01-01T00:00:00\nreason = "r"',
            "snoozes[0].until: expected a date and time with an offset such as 2026-12-01T08:00:00Z, got ",
        ),
        (
            'account = "a"\nuntil = "tomorrow"\nreason = "r"',
            "snoozes[0].until: expected a date and time with an offset such as 2026-12-01T08:00:00Z, got 'tomorrow'",
        ),
        (
            'account = "a"\nuntil = 2026-01-01T00:00:00Z',
            "snoozes[0].reason: missing; expected 1 to 200 characters",
        ),
        (
            'account = "a"\nuntil = 2026-01-01T00:00:00Z\nreason = ""',
            "snoozes[0].reason: expected 1 to 200 characters, got ''",
        ),
        ('until = 2026-01-01T00:00:00Z\nreason = "r"', "snoozes[0]: expected an account, a detector or both"),
        (
            'account = "a"\nuntil = 2026-01-01T00:00:00Z\nreason = "r"\nfrom = 2026-01-01T00:00:00Z',
            "snoozes[0].until: expected a time after from (2026-01-01T00:00:00+00:00), got 2026-01-01T00:00:00+00:00",
        ),
        (
            'account = "a"\nuntil = 2026-01-01T00:00:00Z\nreason = "r"\nends = 1',
            "snoozes[0].ends: unknown key; known here: account, detector, from, until, reason, holds",
        ),
    ],
)
def test_a_snooze_that_is_not_whole_is_refused(row: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        plain(f"[[snoozes]]\n{row}\n")

    assert str(caught.value).startswith(said)


def last(tmp_path: Path, more: str) -> Decision:
    """What a core answers to a login from a new device after a habit of one device."""
    file = tmp_path / "policy.toml"
    file.write_text(f'version = "s"\n{more}', encoding="utf-8")
    start_ms = 1_760_000_000_000
    events: list[AnyEvent] = [
        login(
            event_id=f"e{number}",
            device_id="home" if number < 20 else "strange",
            ip="192.0.2.1",
            occurred_at=start_ms + number * 3_600_000,
        )
        for number in range(21)
    ]
    return asyncio.run(offline_core(Settings(policy=file)).decide(offline_records(events))).decisions[-1]


def counted(mode: str) -> float:
    return float(metrics.FINDINGS.labels("new_device", mode)._value.get())


@pytest.mark.parametrize(
    "more",
    [
        '[detectors.new_device]\nmode = "shadow"\n',
        SNOOZE.format(whose='account = "acct-1"', until="2030-01-01T00:00:00Z", more="holds = true"),
    ],
    ids=["shadow", "snoozed"],
)
def test_a_worker_records_and_counts_what_does_not_act(tmp_path: Path, more: str) -> None:
    acting = last(tmp_path, "")
    assert acting.action != "allow"
    assert acting.held

    before = counted("shadow")
    quiet = last(tmp_path, more)
    told = {each.detector: each for each in quiet.findings}["new_device"]

    assert (told.mode, told.share) == ("shadow", 0)
    assert (quiet.held, quiet.effects if "snoozes" in more else ()) == (False, ())
    assert counted("shadow") == before + 1
    assert quiet.risk < acting.risk


def test_a_snooze_of_the_learned_pattern_quiets_the_model_and_no_other_finding() -> None:
    policy = snoozing('account = "acct-1"\ndetector = "learned_pattern"')
    event, told = transaction(amount="20000.00"), evidence()

    loud = plain().judge(event, (), Account(True), evidence=told)
    quieted = policy.judge(event, (), Account(True), evidence=told)
    other = policy.judge(event, [finding("new_device", 5.2)], Account(True), evidence=told)

    assert (loud.ruling.action, quieted.ruling.action) == ("challenge", "allow")
    assert quieted.states == (SNOOZED,)
    assert [(each.detector, each.mode) for each in quieted.fused.reasoned] == [("learned_pattern", "shadow")]
    assert other.ruling.action == "deny"


def test_a_snooze_adds_no_state_to_an_event_that_nothing_speaks_against() -> None:
    allowed = snoozing(ACCOUNT).judge(login(), (), Account(True))

    assert (allowed.ruling.action, allowed.states) == ("allow", ())


def test_a_snooze_of_another_finding_adds_no_state() -> None:
    allowed = verdict(snoozing('account = "acct-1"\ndetector = "new_country"'), finding("new_device", 0.1))

    assert (allowed.ruling.action, allowed.states) == ("allow", ())


def test_a_snooze_of_a_detector_in_shadow_adds_no_state() -> None:
    shadowed = plain(
        SNOOZE.format(whose=PAIR, until=LATER, more="") + '[detectors.new_device]\nmode = "shadow"\n'
    )

    assert verdict(shadowed, finding("new_device")).states == ()


def test_a_spent_budget_adds_no_state_to_an_allowed_event() -> None:
    policy = plain("[budget]\nchallenges_per_week = 1\n")

    assert policy.judge(login(), (), Account(True, 5)).states == ()
