"""Effects of each action, and the ids that make them happen once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from contracts.actions import ACTIONS, Action
from contracts.decisions import (
    AnyEffect,
    HoldPayment,
    IssueChallenge,
    Notify,
    OpenCase,
    RaiseAlert,
    approval_digest,
    effect_id,
)
from contracts.events import AnyEvent
from services.policy.file import read_policy
from services.policy.policy import Policy
from services.scoring.effects import challenge_id, effects_for
from tests.services.scoring.events import change, label, login, outcome, report, transaction

ACTED_ON = [login(), transaction(), change()]


def kinds(effects: tuple[AnyEffect, ...]) -> list[str]:
    return [str(effect.__struct_config__.tag) for effect in effects]


@pytest.mark.parametrize("event", ACTED_ON, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize(
    ("action", "has_factor", "wanted"),
    [
        ("allow", True, []),
        ("notify", True, ["notify"]),
        ("challenge", True, ["issue_challenge", "raise_alert"]),
        ("hold", True, ["issue_challenge", "raise_alert", "open_case", "notify"]),
        ("hold", False, ["raise_alert", "open_case", "notify"]),
        ("deny", True, ["freeze", "revoke_sessions", "raise_alert", "open_case", "notify"]),
    ],
)
def test_each_action_has_its_effects(
    policy: Policy, event: AnyEvent, action: Action, has_factor: bool, wanted: list[str]
) -> None:
    effects = effects_for(event, action, policy, has_factor)

    assert kinds(tuple(effect for effect in effects if not isinstance(effect, HoldPayment))) == wanted


def test_a_payment_that_is_held_waits_with_what_it_is_and_until_when(policy: Policy) -> None:
    (held,) = [each for each in effects_for(transaction(), "hold", policy) if isinstance(each, HoldPayment)]

    assert (held.amount, held.currency, held.payee_id) == ("412.00", "CNY", None)
    assert held.due_s == policy.acts.hold_due_s


@pytest.mark.parametrize(
    ("event", "action", "template"),
    [
        (login(), "notify", "login_notice"),
        (transaction(), "notify", "transaction_notice"),
        (change(), "notify", "change_notice"),
        (transaction(), "hold", "hold_notice"),
        (transaction(), "deny", "deny_notice"),
    ],
)
def test_the_owner_reads_what_was_done_or_without_a_stop_of_the_kind_of_event(
    policy: Policy, event: AnyEvent, action: Action, template: str
) -> None:
    effects = effects_for(event, action, policy, True)

    assert [effect.template for effect in effects if isinstance(effect, Notify)] == [template]


@pytest.mark.parametrize("event", ACTED_ON, ids=lambda event: type(event).__name__)
def test_what_counts_across_accounts_is_an_alert_even_where_its_owner_is_only_told(
    policy: Policy, event: AnyEvent
) -> None:
    assert kinds(effects_for(event, "notify", policy, True, across=True)) == ["raise_alert", "notify"]


@pytest.mark.parametrize("action", ["challenge", "hold", "deny"])
def test_what_stops_an_event_is_one_alert_whatever_was_found(policy: Policy, action: Action) -> None:
    effects = kinds(effects_for(transaction(), action, policy, True, across=True))

    assert effects == kinds(effects_for(transaction(), action, policy, True))
    assert effects.count("raise_alert") == 1


@pytest.mark.parametrize("across", [True, False])
def test_a_failed_login_alerts_the_security_team_alone(policy: Policy, across: bool) -> None:
    assert kinds(effects_for(login(outcome="failure"), "notify", policy, across=across)) == ["raise_alert"]


@pytest.mark.parametrize(
    ("action", "severity"),
    [("notify", "low"), ("challenge", "low"), ("hold", "high"), ("deny", "critical")],
)
def test_severity_follows_the_policy(policy: Policy, action: Action, severity: str) -> None:
    effects = effects_for(transaction(), action, policy, True, across=True)

    assert {effect.severity for effect in effects if isinstance(effect, (RaiseAlert, OpenCase))} == {severity}


@pytest.mark.parametrize("event", [report(), label(source="chargeback")], ids=["report", "label"])
def test_a_not_me_report_and_a_fraud_label_open_a_case(policy: Policy, event: AnyEvent) -> None:
    effects = kinds(effects_for(event, "allow", policy))

    assert [kind for kind in effects if kind not in ("freeze", "revoke_sessions")] == [
        "raise_alert",
        "open_case",
    ]


@pytest.mark.parametrize(
    ("acts", "wanted"),
    [
        ('["freeze", "revoke_sessions", "case"]', ["freeze", "revoke_sessions", "raise_alert", "open_case"]),
        ('["case"]', ["raise_alert", "open_case"]),
        ("[]", ["raise_alert"]),
    ],
)
def test_what_follows_from_not_me_is_the_policys_to_say(tmp_path: Path, acts: str, wanted: list[str]) -> None:
    own = tmp_path / "policy.toml"
    own.write_text(f'version = "mine"\n[report]\nnot_me = {acts}\n')
    stated = read_policy(own)

    assert kinds(effects_for(report(), "allow", stated)) == wanted


@pytest.mark.parametrize(
    "event",
    [report(verdict="was_me"), label(verdict="legitimate"), label(source="support"), outcome()],
    ids=["was me", "legitimate", "verdict of support", "outcome"],
)
def test_other_verdicts_and_outcomes_have_no_effects(policy: Policy, event: AnyEvent) -> None:
    assert effects_for(event, "allow", policy) == ()


def test_a_challenge_is_bound_to_amount_currency_and_payee(policy: Policy) -> None:
    event = transaction(amount=41_200, payee_id="payee-9")
    (challenge, _) = effects_for(event, "challenge", policy, True)

    assert challenge == IssueChallenge(
        effect_id=effect_id(event.account_id, "e1", "issue_challenge"),
        challenge_id=challenge_id(event.account_id, "e1"),
        purpose="transaction",
        digest=approval_digest("e1", "transaction", "412.00", "CNY", "payee-9"),
        lifetime_s=300,
        amount="412.00",
        currency="CNY",
        payee_id="payee-9",
        letter_after_s=120,
    )


def test_a_challenge_beside_a_notice_has_no_letter_of_its_own(policy: Policy) -> None:
    held = [
        each for each in effects_for(transaction(), "hold", policy, True) if isinstance(each, IssueChallenge)
    ]

    assert [each.letter_after_s for each in held] == [None]


@pytest.mark.parametrize(
    ("stated", "lifetime_s", "after_s"),
    [("0", 300, 0), ("3600", 60, 60), ('"never"', 300, None), ("30", 30, 30)],
)
def test_a_letter_of_a_challenge_is_due_by_policy_and_not_after_its_end(
    tmp_path: Path, stated: str, lifetime_s: int, after_s: int | None
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        f'version = "own"\n[challenge]\nlifetime_s = {lifetime_s}\nletter_after_s = {stated}\n', "utf-8"
    )
    (challenge, _) = effects_for(login(), "challenge", read_policy(file), True)

    assert isinstance(challenge, IssueChallenge)
    assert challenge.letter_after_s == after_s


def test_minor_units_and_decimal_text_approve_the_same(policy: Policy) -> None:
    minor = effects_for(transaction(amount=41_200), "challenge", policy, True)

    assert minor == effects_for(transaction(amount="412"), "challenge", policy, True)


@pytest.mark.parametrize(("event", "purpose"), [(login(), "login"), (change(), "change")])
def test_a_challenge_without_money_carries_none(policy: Policy, event: AnyEvent, purpose: str) -> None:
    (challenge, _) = effects_for(event, "challenge", policy, True)

    assert isinstance(challenge, IssueChallenge)
    assert (challenge.purpose, challenge.amount, challenge.currency, challenge.payee_id) == (
        purpose,
        None,
        None,
        None,
    )


@pytest.mark.parametrize("action", ACTIONS)
def test_repeating_an_event_repeats_its_effects_byte_for_byte(policy: Policy, action: Action) -> None:
    once, again = (msgspec.json.encode(effects_for(transaction(), action, policy, True)) for _ in range(2))

    assert once == again


@pytest.mark.parametrize("action", ACTIONS)
def test_an_effect_s_id_is_made_of_its_event_and_its_kind(policy: Policy, action: Action) -> None:
    """Whoever repeats an effect after an upgrade must find the same id."""
    for effect in (
        *effects_for(transaction(event_id="e1"), action, policy, True),
        *effects_for(report(event_id="e1", verdict="not_me"), "allow", policy, True),
    ):
        kind = effect.__struct_config__.tag
        assert effect.effect_id == effect_id("acct-1", "e1", str(kind))
        if isinstance(effect, IssueChallenge):
            assert effect.challenge_id == effect_id("acct-1", "e1", "challenge")
