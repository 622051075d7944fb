"""What follows from an action: effects as plain data, each with an id derived from the account and the event."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.actions import KIND_OF, Action, EffectName
from contracts.amounts import canonical_amount
from contracts.case_kinds import CASE_KINDS
from contracts.decisions import (
    AnyEffect,
    ForgetAccount,
    Freeze,
    HoldPayment,
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
    Erasure,
    Login,
    OwnerAct,
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
_REPORTED: tuple[EffectName, ...] = ("raise_alert", "open_case")
#: What may follow from an owner's "not me", in order, and the word of the policy for it; an alert always does.
_NOT_ME: tuple[EffectName, ...] = ("freeze", "revoke_sessions", "raise_alert", "open_case")
_ACTS: dict[EffectName, str] = {"freeze": "freeze", "revoke_sessions": "revoke_sessions", "open_case": "case"}
_PURPOSES: dict[type, Purpose] = {Login: "login", Transaction: "transaction", AccountChange: "change"}


def effects_for(
    event: AnyEvent,
    action: Action,
    policy: Policy,
    may_challenge: bool = False,
    across: bool = False,
    asks_owner: bool = False,
) -> tuple[AnyEffect, ...]:
    """The effects of an action, in the order in which they are carried out.

    What makes a notice is an alert for the security team only where `across` says that a finding counts across accounts.
    Of a failed login the owner gets no notice, but the security team an alert: nobody else would hear of guessing.

    What waits for its owner's word alone (`asks_owner`) is like a notice to the security team, and no case.

    A held event of an account that may be challenged also gets a challenge, so that its owner can free it. An event that is
    allowed may still open a case, see `contracts.case_kinds`; from an owner's "not me" follows what the policy says besides.
    """
    kind = KIND_OF[action]
    names, notice = kind.effects, ""
    if names:
        severity, notice = policy.severity[action], kind.notice or NOTICES[event.__class__]
        if not may_challenge:
            names = tuple(name for name in names if name != "issue_challenge")
        if asks_owner:
            names = ("hold_payment", "notify")
        if event.__class__ is not Transaction:
            names = tuple(name for name in names if name != "hold_payment")
        if not kind.stops or asks_owner:
            if event.__class__ is Login and event.outcome == "failure":
                names = ("raise_alert",)
            elif across:
                names = ("raise_alert", *names)
    elif event.__class__ is Erasure:
        return (ForgetAccount(effect_id=effect_id(event.account_id, event.event_id, "forget_account")),)
    elif event.__class__ is OwnerAct:
        return refreeze(event) if event.act == "lock" else ()
    else:
        for case in CASE_KINDS:
            if case.opens(event):
                names, severity = _REPORTED, policy.severity[case.name]
                break
        else:
            return ()
        if event.__class__ is UserReport:
            names = tuple(name for name in _NOT_ME if _ACTS.get(name, "") in {"", *policy.acts.not_me})
    told = notice if "notify" in names else ""
    return tuple(_effect(name, event, policy, severity, told) for name in names)


def effects_of_repeat(
    event: Transaction, policy: Policy, may_challenge: bool, joins: str | None, to_support: bool = False
) -> tuple[AnyEffect, ...]:
    """The effects of a payment that repeats one that was stopped: it waits with that one, and nobody is told again.

    `joins` is the event id of the payment that is held, None where only a code was asked for. `to_support`: what waited for the
    owner's word is support's from now on.
    """
    effects: list[AnyEffect] = [_challenge(event, policy, None)] if may_challenge else []
    if joins is not None:
        held = _hold(event, policy, effect_id(event.account_id, event.event_id, "hold_payment"))
        effects.append(replace(held, joins=joins))
    if to_support:
        severity, names = policy.severity["hold"], _REPORTED
        effects += [_effect(name, event, policy, severity, "") for name in names]
    return tuple(effects)


def alarm(event: AnyEvent, policy: Policy, severity: Severity) -> tuple[AnyEffect, ...]:
    """An alert, and a case that is opened or joined."""
    return tuple(_effect(name, event, policy, severity, "") for name in _REPORTED)


def refreeze(event: AnyEvent) -> tuple[AnyEffect, ...]:
    """A freeze by this event, and nothing else."""
    return (Freeze(effect_id=effect_id(event.account_id, event.event_id, "freeze")),)


def challenge_id(account_id: str, event_id: str) -> str:
    """The id of the challenge about an account's event, the same on every repeat."""
    return effect_id(account_id, event_id, "challenge")


def _effect(name: EffectName, event: AnyEvent, policy: Policy, severity: Severity, notice: str) -> AnyEffect:
    if name == "issue_challenge":
        # Beside a notice of the event the challenge has no letter of its own.
        return _challenge(event, policy, None if notice else policy.letter_after_s)
    known = effect_id(event.account_id, event.event_id, name)
    if name == "raise_alert":
        return RaiseAlert(effect_id=known, severity=severity)
    if name == "open_case":
        return OpenCase(effect_id=known, severity=severity)
    if name == "hold_payment":
        return _hold(event, policy, known)
    if name == "notify":
        return Notify(effect_id=known, template=notice)
    return Freeze(effect_id=known) if name == "freeze" else RevokeSessions(effect_id=known)


def _hold(event: AnyEvent, policy: Policy, known: str) -> HoldPayment:
    assert isinstance(event, Transaction)
    return HoldPayment(
        effect_id=known,
        due_s=policy.acts.hold_due_s,
        amount=canonical_amount(event.amount, event.currency),
        currency=event.currency,
        payee_id=event.payee_id,
    )


def _challenge(event: AnyEvent, policy: Policy, letter_after_s: int | None) -> IssueChallenge:
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
        letter_after_s=letter_after_s,
        amount=amount,
        currency=currency,
        payee_id=payee_id,
    )
