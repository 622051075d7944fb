"""What follows from an action: effects as plain data, each with an id derived from the account and the event."""

from __future__ import annotations

from contracts.amounts import canonical_amount
from contracts.decisions import (
    Action,
    AnyEffect,
    Freeze,
    IssueChallenge,
    Notify,
    OpenCase,
    RaiseAlert,
    RevokeSessions,
    approval_digest,
    effect_id,
)
from contracts.events import (
    AccountChange,
    AnyEvent,
    Label,
    Login,
    Purpose,
    Transaction,
    UserReport,
)
from services.policy.policy import Policy

#: The notice of a `notify`, by event type.
NOTICES: dict[type, str] = {
    Login: "login_notice",
    Transaction: "transaction_notice",
    AccountChange: "change_notice",
}
_PURPOSES: dict[type, Purpose] = {Login: "login", Transaction: "transaction", AccountChange: "change"}


def effects_for(
    event: AnyEvent, action: Action, policy: Policy, may_challenge: bool = False
) -> tuple[AnyEffect, ...]:
    """The effects of an action, in the order in which they are carried out.

    A held event of an account that may be challenged also gets a challenge, so that its owner can free it.
    A "not me" report and a fraud label from outside raise an alert and open a case.
    """
    if action == "allow":
        return _reported(event, policy)
    account_id, event_id = event.account_id, event.event_id
    alert = RaiseAlert(
        effect_id=effect_id(account_id, event_id, "raise_alert"), severity=policy.severity[action]
    )
    if action == "notify":
        if event.__class__ is Login and event.outcome == "failure":
            return (alert,)
        return alert, _notice(event, NOTICES[event.__class__])
    if action == "challenge":
        return _challenge(event, policy), alert
    case = OpenCase(effect_id=effect_id(account_id, event_id, "open_case"), severity=policy.severity[action])
    if action == "hold":
        held: tuple[AnyEffect, ...] = (alert, case, _notice(event, "hold_notice"))
        return (_challenge(event, policy), *held) if may_challenge else held
    return (
        Freeze(effect_id=effect_id(account_id, event_id, "freeze")),
        RevokeSessions(effect_id=effect_id(account_id, event_id, "revoke_sessions")),
        alert,
        case,
        _notice(event, "deny_notice"),
    )


def challenge_id(account_id: str, event_id: str) -> str:
    """The id of the challenge about an account's event, the same on every repeat."""
    return effect_id(account_id, event_id, "challenge")


def _reported(event: AnyEvent, policy: Policy) -> tuple[AnyEffect, ...]:
    # A label of support is the end of a case; it must not open the next one.
    accused = (isinstance(event, UserReport) and event.verdict == "not_me") or (
        isinstance(event, Label) and event.verdict == "fraud" and event.source != "support"
    )
    if accused:
        severity = policy.severity["report"]
        return (
            RaiseAlert(
                effect_id=effect_id(event.account_id, event.event_id, "raise_alert"), severity=severity
            ),
            OpenCase(effect_id=effect_id(event.account_id, event.event_id, "open_case"), severity=severity),
        )
    return ()


def _notice(event: AnyEvent, template: str) -> Notify:
    return Notify(effect_id=effect_id(event.account_id, event.event_id, "notify"), template=template)


def _challenge(event: AnyEvent, policy: Policy) -> IssueChallenge:
    purpose = _PURPOSES[event.__class__]
    amount = currency = payee_id = None
    if event.__class__ is Transaction:
        amount, currency = canonical_amount(event.amount, event.currency), event.currency
        payee_id = event.payee_id
    return IssueChallenge(
        effect_id=effect_id(event.account_id, event.event_id, "issue_challenge"),
        challenge_id=challenge_id(event.account_id, event.event_id),
        purpose=purpose,
        digest=approval_digest(event.event_id, purpose, amount, currency, payee_id),
        lifetime_s=policy.lifetime_s,
        amount=amount,
        currency=currency,
        payee_id=payee_id,
    )
