"""What follows from an action: effects as plain data, each with an id derived from the account and the event."""

from __future__ import annotations

from contracts.actions import KIND_OF, Action, EffectName
from contracts.amounts import canonical_amount
from contracts.case_kinds import CASE_KINDS
from contracts.decisions import (
    AnyEffect,
    Freeze,
    IssueChallenge,
    Notify,
    OpenCase,
    RaiseAlert,
    RevokeSessions,
    Severity,
    approval_digest,
    effect_id,
)
from contracts.events import (
    AccountChange,
    AnyEvent,
    Login,
    Purpose,
    Transaction,
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

    A held event of an account that may be challenged also gets a challenge, so that its owner can free it. An event that is
    allowed may still open a case, see `contracts.case_kinds`.
    """
    kind = KIND_OF[action]
    names, notice = kind.effects, ""
    if names:
        severity, notice = policy.severity[action], kind.notice or NOTICES[event.__class__]
        if not may_challenge:
            names = tuple(name for name in names if name != "issue_challenge")
        if not kind.stops and event.__class__ is Login and event.outcome == "failure":
            names = ("raise_alert",)
    else:
        for case in CASE_KINDS:
            if case.opens(event):
                names, severity = ("raise_alert", "open_case"), policy.severity[case.name]
                break
        else:
            return ()
    return tuple(_effect(name, event, policy, severity, notice) for name in names)


def challenge_id(account_id: str, event_id: str) -> str:
    """The id of the challenge about an account's event, the same on every repeat."""
    return effect_id(account_id, event_id, "challenge")


def _effect(name: EffectName, event: AnyEvent, policy: Policy, severity: Severity, notice: str) -> AnyEffect:
    if name == "issue_challenge":
        return _challenge(event, policy)
    known = effect_id(event.account_id, event.event_id, name)
    if name == "raise_alert":
        return RaiseAlert(effect_id=known, severity=severity)
    if name == "open_case":
        return OpenCase(effect_id=known, severity=severity)
    if name == "notify":
        return Notify(effect_id=known, template=notice)
    return Freeze(effect_id=known) if name == "freeze" else RevokeSessions(effect_id=known)


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
