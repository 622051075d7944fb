"""While an account is frozen its outgoing money is denied, without a new case or letter for each try."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from contracts.decisions import Contribution, Decision, Freeze
from contracts.events import AnyEvent, Settlement, Transaction
from contracts.findings import Reason, Spec
from contracts.profile import Key, Profile
from detectors.measures.steps import money_leaves
from services.memory.freezes import End, note_end, note_freeze
from services.policy.policy import Policy
from services.scoring.effects import alarm, refreeze
from services.scoring.shown import recognisable

NAME = "account_frozen"
_PAID = "paid_while_frozen"

SPEC = Spec(
    name=NAME,
    version=1,
    event_types=(Transaction,),
    family=NAME,
    reasons=(
        Reason(
            code=NAME,
            en="The account has been frozen for {baseline:duration}: no money goes out until it is released.",
            zh_cn="账户已冻结 {baseline:duration}，解除冻结前不能转出资金。",
        ),
        Reason(
            code=_PAID,
            en="The wallet has carried this out, although the account had been frozen for {baseline:duration}.",
            zh_cn="账户已冻结 {baseline:duration}，钱包却仍完成了这笔转出。",
        ),
    ),
)


def is_stopped(event: AnyEvent, profile: Profile) -> bool:
    """Whether the event takes money out of an account that is frozen, or asks to; what was done before the freeze does not."""
    frozen = profile.frozen
    return (
        frozen is not None
        and frozen.since > 0.0
        and isinstance(event, Transaction)
        and money_leaves(event)
        and (event.status == "requested" or event.at >= frozen.since)
    )


def refused(event: Transaction, profile: Profile, judged: Decision, policy: Policy) -> Decision:
    """The decision on money that leaves a frozen account, `judged` as if it were not: the risk stays, its facts are held.

    Of a try nobody is told again. Money that is gone already is an alert and joins the case: the wallet did not keep the freeze.
    """
    assert profile.frozen is not None
    gone = event.status == "completed"
    since_s = max(0.0, event.at - profile.frozen.since)
    finding = Contribution(detector=NAME, reason=_PAID if gone else NAME, weight=0.0, baseline=since_s)
    effects = alarm(event, policy, policy.severity["deny"]) if gone else ()
    decision = replace(
        judged,
        action="deny",
        findings=(finding, *judged.findings),
        effects=effects,
        held=True,
        shown=None,
        waits_for=None,
    )
    return recognisable(decision, event, profile)


def with_freeze(decision: Decision, profile: Profile, event_key: Key) -> Decision:
    """Remember the freeze that follows from a decision; one that stands is not placed again, whatever else follows."""
    effects = tuple(effect for effect in decision.effects if effect.__class__ is not Freeze)
    if len(effects) == len(decision.effects) or note_freeze(profile, event_key, decision.at):
        return decision
    return replace(decision, effects=effects)


def with_end(
    decision: Decision,
    event: Settlement,
    profile: Profile,
    event_key: Key,
    about_key: Key,
    forgetful: Collection[str],
) -> Decision:
    """Remember the end of the freeze; where a newer reason to freeze has come in between, it is placed anew.

    With the freeze the memories of the `forgetful` detectors end, so that a thief's changes do not speak against the owner.
    """
    if event.settles != "account":
        return decision
    end = note_end(profile, event, event_key, about_key)
    if end is End.OVERTAKEN:
        return recognisable(replace(decision, effects=refreeze(event)), event, profile)
    if end is End.ENDED:
        for name in forgetful:
            profile.slots.pop(name, None)
    return decision
