"""What is answered to a payment that repeats one that was stopped, and what memory keeps of an answer."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.decisions import Decision, IssueChallenge, ReleasePayment, WaitsFor, effect_id
from contracts.events import AnyEvent, ChallengeOutcome, Transaction
from contracts.profile import Key, Profile, Waiting
from services.memory.waiting import note_asks_owner, note_challenge, note_stopped
from services.policy.policy import Policy
from services.scoring.effects import effects_of_repeat

#: State of a payment that repeats one that was stopped and has not ended.
REPEATED = "repeated"


def answer_to_repeat(
    event: Transaction,
    decision: Decision,
    first: Waiting,
    policy: Policy,
    may_challenge: bool,
    enrolled_at: float,
) -> Decision | None:
    """The answer to a repeat of `first`; None where it is answered as any other event. `decision` is what it got by itself.

    A repeat of a held payment waits with it. A code frees it, if the first try asked for one or the authenticator was enrolled as
    we asked, at `enrolled_at`: any other may be that of whoever tries. A repeat of a payment that a code was asked for is asked
    for one, unless it gets another answer by now. Where the first waits for its owner and the repeat would wait for support, or
    be refused, both are support's from then on.
    """
    if event.account_id in policy.denied:
        return None
    if first.held:
        owners = first.coded or enrolled_at > first.at
        may_challenge = may_challenge and owners and decision.action != "deny"
    elif decision.action != "challenge":
        return None
    to_support = first.asks_owner and (decision.action == "deny" or decision.waits_for == "support")
    waits_for: WaitsFor | None = None
    if first.held:
        waits_for = "owner" if first.asks_owner and not to_support else "support"
    joins = first.event_id if first.held else None
    return replace(
        decision,
        action="hold" if first.held else "challenge",
        effects=effects_of_repeat(event, policy, may_challenge, joins, to_support),
        states=(*decision.states, REPEATED),
        held=False,
        waits_for=waits_for,
    )


def note_answer(
    profile: Profile, event: AnyEvent | None, event_key: Key, decision: Decision, first: Waiting | None = None
) -> None:
    """Remember what was asked of the owner; of a payment that is stopped also what it was, unless it is a repeat (None)."""
    coded = any(effect.__class__ is IssueChallenge for effect in decision.effects)
    if coded:
        note_challenge(profile, decision.at)
    if decision.action not in ("challenge", "hold"):
        return
    profile.asked_at = max(profile.asked_at, int(decision.at))
    if decision.waits_for == "owner":
        note_asks_owner(profile, event_key)
    if isinstance(event, Transaction):
        note_stopped(
            profile, event, event_key, decision.action == "hold", coded, decision.waits_for == "owner", first
        )


def freed(event: AnyEvent, about_key: Key, profile: Profile, decision: Decision) -> Decision:
    """The decision on an event about another; a code that was passed for a try of a held payment lets that try go."""
    if not isinstance(event, ChallengeOutcome) or event.outcome != "passed":
        return decision
    for each in profile.waiting:
        if each.held and (about_key == each.event_key or about_key in each.tries):
            known = effect_id(event.account_id, event.event_id, "release_payment")
            released = ReleasePayment(effect_id=known, event_id=event.challenged_event_id)
            return replace(decision, effects=(*decision.effects, released))
    return decision
