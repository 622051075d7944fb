"""Detectors x batch: each event judged against its account as it was before it, then learned. Pure but for its counters."""

# long because one event's way, from a glance to what it teaches, is read in one piece

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from contracts.actions import STOPPING, Action
from contracts.decisions import AnyEffect, Contribution, Decision
from contracts.events import EVENT_TYPES, Activity, AnyEvent, Erasure, Login, Settlement, Transaction
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, Mode, Tallies
from contracts.profile import Key, Profile, Waiting
from detectors import Detector
from detectors.measures.steps import device_unknown
from detectors.shared_device import TALLY
from services.memory.codec import pack, unpack
from services.memory.forgetting import forget
from services.memory.freezes import is_frozen
from services.memory.glance import Glance, look
from services.memory.learning import (
    auto_release,
    has_other_content,
    knows_event,
    learn,
    note_event,
    resolve,
)
from services.memory.waiting import note_try, repeated, set_aside
from services.policy.policy import AWAY_STATES, Account, Policy, Ruling
from services.risk.fusion import Fused, quiet_risk
from services.risk.learned_pattern import NAME as LEARNED
from services.risk.model import Evidence, Reader
from services.scoring.attempts import Attempts
from services.scoring.counterfactual import Came, chains_of, counterfactuals, may_pass
from services.scoring.crowds import CROWD_COUNT, DEVICE_OF_A_CROWD, SLOT, leave_out_device
from services.scoring.effects import effects_for
from services.scoring.frozen import is_stopped, refused, with_end, with_freeze
from services.scoring.plan import Asked, Plan, teach_memories
from services.scoring.repeats import answer_to_repeat, freed, note_answer
from services.scoring.shown import recognisable

THIN_LOGINS = 3
_LEARNING = ("learning",)


class Counts:
    """What a run counted, for the metrics."""

    def __init__(self) -> None:
        self.duplicates = self.redelivered = self.late = self.crowds = 0
        #: of the event that was looked at last
        self.circumstances = 0
        #: how far attempts got, and why they were stopped
        self.attempts = Attempts()
        #: indexes in the batch of events whose known id had another content
        self.reused: list[int] = []
        self.findings: dict[tuple[str, str], int] = {}
        self.failed: dict[str, int] = {}
        #: by status, money that a frozen account was asked for
        self.frozen: dict[str, int] = {}

    def count(self, findings: Iterable[Finding | Contribution], modes: Mapping[str, Mode]) -> None:
        """Count findings by detector and mode."""
        for finding in findings:
            counted = (finding.detector, modes.get(finding.detector, "on"))
            self.findings[counted] = self.findings.get(counted, 0) + 1


class AccountState(Protocol):
    """An account being worked on: its profile once it is open, and the offset up to which it has learned."""

    profile: Profile | None
    learned_offset: int

    def open(self) -> Profile: ...


class Runner:
    """Runs every detector that is not off over a batch, decides, and teaches the profiles.

    `model` is a trained model; None is the untrained fusion. `rates` say what amounts are worth beside each other. `stated` is
    the policy as it was given, `policy` the same with the rates in it. Unless `freezes_stand`, each event is judged on its own:
    a freeze stops nothing that comes after it.
    """

    def __init__(
        self,
        detectors: Sequence[Detector],
        policy: Policy,
        lateness_s: float,
        model: Reader | None = None,
        rates: ExchangeRates = NO_RATES,
        freezes_stand: bool = True,
    ) -> None:
        self.stated = policy
        self.policy = policy = policy.priced(rates)
        self.rates = rates
        self._freezes_stand = freezes_stand
        self._model = model
        self._acting_model = model if policy.modes.get(LEARNED, "on") != "off" else None
        self._detectors = detectors
        self._lateness_s = lateness_s
        self._quiet = policy.quiet if policy.quiet.risk < policy.quiet_below else None
        in_use = [found for found in detectors if policy.modes.get(found.spec.name, "on") != "off"]
        self._counted = [found.spec.tally for found in in_use if found.spec.tally is not None]
        self._across = frozenset(found.spec.name for found in in_use if found.spec.tally is not None)
        self._chains = chains_of(in_use, policy)
        #: what these remember is of recent money and changes, not of habits
        self._forgetful = [found.spec.name for found in in_use if Login not in found.taught_by]
        self._plans = {kind: Plan(kind, in_use, policy, rates) for kind in EVENT_TYPES}

    def under(self, policy: Policy) -> Runner:
        """The same detectors under another policy."""
        return Runner(self._detectors, policy, self._lateness_s, self._model, self.rates, self._freezes_stand)

    def run(
        self,
        events: Sequence[AnyEvent],
        offsets: Sequence[int],
        event_keys: Sequence[Key],
        digests: Sequence[bytes],
        about_keys: Mapping[int, Key],
        accounts: Sequence[AccountState],
        tallies: Sequence[Tallies],
        states: Sequence[tuple[str, ...]],
        counts: Counts,
    ) -> list[Decision | None]:
        """One decision an event, in order; None for an event that was decided before (redelivered, or a repeated id).

        A repeated id whose `digest` is not the one noted with it is among `counts.reused`, and decided by nobody.
        All sequences run beside `events`; `about_keys` holds, by index, the key of the event that an outcome, report or
        label speaks of. Profiles and learned offsets of `accounts` are changed in place.
        """
        decisions: list[Decision | None] = []
        decide, add = self._decide, decisions.append
        index = -1
        for event, offset, event_key, digest, account, counted, known in zip(
            events, offsets, event_keys, digests, accounts, tallies, states, strict=True
        ):
            index += 1
            if offset <= account.learned_offset:
                counts.redelivered += 1
                add(None)
                continue
            profile = account.profile
            if profile is None:
                profile = account.open()
            if profile.event_ids.find(event_key) >= 0 and knows_event(profile, event_key):
                if has_other_content(profile, event_key, digest):
                    counts.reused.append(index)
                else:
                    counts.duplicates += 1
                add(None)
                continue
            account.learned_offset = offset
            if SLOT in profile.slots or (counted and counted.get(TALLY, 0) >= CROWD_COUNT):
                known += leave_out_device(event, profile, counted)
                counts.crowds += DEVICE_OF_A_CROWD in known
            about = about_keys.get(index) if about_keys else None
            decision = decide(event, event_key, digest, about, profile, counted, known, counts)
            if isinstance(event, Activity):
                counts.attempts.note(event, counts.circumstances, decision)
            add(decision)
        return decisions

    def _decide(
        self,
        event: AnyEvent,
        event_key: Key,
        digest: bytes,
        about_key: Key | None,
        profile: Profile,
        tallies: Tallies,
        states: tuple[str, ...],
        counts: Counts,
    ) -> Decision:
        if profile.quarantined:
            auto_release(profile, event.at)
        stopped = profile.frozen is not None and is_stopped(event, profile)
        waits = profile.waiting and not stopped
        first = repeated(event, profile, self.policy.acts.hold_due_s) if waits else None
        back = None if first is None else set_aside(profile, first)
        plan = self._plans[event.__class__]
        glance = look(event, profile, tallies)
        asked, taught = plan.awake.get(glance.circumstances) or plan.wake(glance.circumstances)
        findings, degraded = _ask(asked, event, profile, tallies, counts) if asked else ([], ())
        late = event.at < profile.last_at - self._lateness_s
        if late:
            counts.late, states = counts.late + 1, (*states, "late")
        if profile.logins < THIN_LOGINS and profile.transactions < THIN_LOGINS:
            states = (*states, *_LEARNING) if states else _LEARNING
        decision = self._judge(event, plan, profile, glance, findings, tallies, states, degraded, counts)
        if stopped:
            return self._refused(event, event_key, digest, profile, decision, counts)
        if first is not None and back is not None:
            profile.quarantined = back
            if (again := self._again(event, profile, decision, first)) is not None:
                _note_try(profile, event_key, digest, first, again)
                return again
        if decision.action != "allow" and not degraded and may_pass(event, decision.action):
            decision = self._with_counterfactuals(event, plan, profile, decision, tallies, states, counts)
        if not late:
            if taught and not decision.held:
                teach_memories(taught, event, profile, degraded)
            if about_key is not None:
                if profile.waiting and not is_frozen(profile):
                    decision = recognisable(freed(event, about_key, profile, decision), event, profile)
                resolve(profile, event, about_key)
            else:
                learn(profile, event, event_key, decision.held, decision.action in STOPPING, glance)
        if decision.effects:
            note_answer(profile, event, event_key, decision, first)
        if self._freezes_stand and (decision.effects or about_key is not None):
            decision = self._with_freezes(event, event_key, about_key, profile, decision)
        note_event(profile, event_key, event.at, digest)
        return _forgotten(event, profile, decision) if decision.effects else decision

    def _with_freezes(
        self, event: AnyEvent, event_key: Key, about_key: Key | None, profile: Profile, decision: Decision
    ) -> Decision:
        """The decision, once memory has noted the freeze that follows from it, or the end of one."""
        if about_key is not None and isinstance(event, Settlement):
            return with_end(decision, event, profile, event_key, about_key, self._forgetful)
        return with_freeze(decision, profile, event_key)

    def _refused(
        self,
        event: AnyEvent,
        event_key: Key,
        digest: bytes,
        profile: Profile,
        judged: Decision,
        counts: Counts,
    ) -> Decision:
        """Money that would leave, or has left, a frozen account; what is gone may yet turn out to be the owner's."""
        assert isinstance(event, Transaction)
        decision = refused(event, profile, judged, self.policy)
        if decision.effects:
            learn(profile, event, event_key, held=True)
        note_event(profile, event_key, event.at, digest)
        counts.count(decision.findings[:1], self.policy.modes)
        counts.frozen[event.status] = counts.frozen.get(event.status, 0) + 1
        return decision

    def _judge(
        self,
        event: AnyEvent,
        plan: Plan,
        profile: Profile,
        glance: Glance,
        findings: list[Finding],
        tallies: Tallies,
        states: tuple[str, ...],
        degraded: tuple[str, ...],
        counts: Counts,
    ) -> Decision:
        policy, counts.circumstances = self.policy, glance.circumstances
        evidence, stamp, failed = self._evidence(event, profile, glance, tallies, counts)
        degraded += failed
        if (
            self._quiet is not None
            and not findings
            and not degraded
            and plan.is_activity
            and event.account_id not in policy.denied
            and (not states or AWAY_STATES.isdisjoint(states))
        ):
            if evidence is None:
                crowd = tallies if DEVICE_OF_A_CROWD in states else None
                return _quiet(event, plan.tag, self._quiet.risk, policy.version, states, stamp, crowd)
            if (risk := quiet_risk(evidence, policy.modes, policy.prior)) < policy.quiet_below:
                return _quiet(event, plan.tag, risk, policy.version, states, stamp, tallies)
        account = _standing(policy, event, profile)
        fused, ruling, added, modes = policy.judge(event, findings, account, states, bool(degraded), evidence)
        counts.count([*findings, *_learned(fused)], modes)
        told = fused.reasoned or degraded or evidence is not None or DEVICE_OF_A_CROWD in states
        decision = Decision(
            event_id=event.event_id,
            account_id=event.account_id,
            type=plan.tag,
            at=event.at,
            risk=fused.risk,
            score=fused.score,
            action=ruling.action,
            policy_version=policy.version,
            findings=fused.reasoned,
            effects=self._effects(event, ruling, fused.reasoned),
            states=(*states, *added) if added else states,
            degraded=degraded,
            tallies=dict(tallies) if tallies and told else None,
            held=ruling.action != "allow"
            and any(each.quarantine and modes.get(each.detector, "on") == "on" for each in findings),
            model_version=stamp,
            waits_for=ruling.waits_for,
        )
        return recognisable(decision, event, profile)

    def _again(
        self, event: AnyEvent, profile: Profile, decision: Decision, first: Waiting
    ) -> Decision | None:
        """The answer to a payment that repeats one that was stopped, None where it is answered as any other."""
        may_challenge = self.policy.may_challenge(_standing(self.policy, event, profile))
        assert isinstance(event, Transaction)
        again = answer_to_repeat(
            event, decision, first, self.policy, may_challenge, profile.enrolled_as_asked_at
        )
        return again and recognisable(again, event, profile)

    def _effects(
        self, event: AnyEvent, ruling: Ruling, reasoned: Sequence[Contribution]
    ) -> tuple[AnyEffect, ...]:
        """The effects of a ruling, given the findings."""
        across = any(each.mode == "on" and each.detector in self._across for each in reasoned)
        return effects_for(event, ruling.action, self.policy, ruling.may_challenge, across, ruling.asks_owner)

    def _evidence(
        self, event: AnyEvent, profile: Profile, glance: Glance, tallies: Tallies, counts: Counts
    ) -> tuple[Evidence | None, str | None, tuple[str, ...]]:
        """What the model says of a transaction, its version, and its name when it failed."""
        model = self._acting_model
        if model is None or event.__class__ is not Transaction:
            return None, None, ()
        try:
            return model.of(event, profile, glance, tallies), model.version, ()
        except Exception:  # isolated: a broken model leaves the untrained fusion
            counts.failed[LEARNED] = counts.failed.get(LEARNED, 0) + 1
            return None, model.version, (LEARNED,)

    def _with_counterfactuals(
        self,
        event: Came,
        plan: Plan,
        profile: Profile,
        decision: Decision,
        tallies: Tallies,
        states: tuple[str, ...],
        counts: Counts,
    ) -> Decision:
        def judge(changed: AnyEvent, account: Profile, counted: Tallies) -> Action:
            glance = look(changed, account, counted)
            asked, _ = plan.awake.get(glance.circumstances) or plan.wake(glance.circumstances)
            findings, broken = _ask(asked, changed, account, counted, Counts())
            if broken:
                raise RuntimeError(f"{broken[0]} failed on the changed event")
            evidence, _, failed = self._evidence(changed, account, glance, counted, counts)
            standing = _standing(policy, changed, account)
            return policy.judge(changed, findings, standing, states, bool(failed), evidence).ruling.action

        policy = self.policy
        try:
            found = counterfactuals(
                event, decision.action, unpack(pack(profile)), tallies, self._counted, self._chains, judge
            )
        except Exception:  # isolated: a detector that fails here costs the explanation, not the decision
            counts.failed["counterfactual"] = counts.failed.get("counterfactual", 0) + 1
            return decision
        return replace(decision, counterfactuals=found) if found else decision


def _forgotten(event: AnyEvent, profile: Profile, decision: Decision) -> Decision:
    """The decision, after an erasure with a profile that knows nothing."""
    if event.__class__ is Erasure:
        forget(profile)
    return decision


def _ask(
    asked: tuple[Asked, ...], event: AnyEvent, profile: Profile, tallies: Tallies, counts: Counts
) -> tuple[list[Finding], tuple[str, ...]]:
    """What the detectors find, and the names of those that failed."""
    findings: list[Finding] = []
    degraded: tuple[str, ...] = ()
    for observe, params, recall, name, if_remembered, if_counted in asked:
        if if_remembered and name not in profile.slots:
            continue
        if if_counted is not None and tallies.get(if_counted[0], 0) < if_counted[1]:
            continue
        try:
            memory = None if recall is None else recall(profile)
            finding = observe(event, profile, tallies, memory, params)
            if finding is not None:
                findings.append(finding)
        except Exception:  # isolated: one broken detector never stops the pipeline
            counts.failed[name] = counts.failed.get(name, 0) + 1
            degraded += (name,)
    return findings, degraded


def _standing(policy: Policy, event: AnyEvent, profile: Profile) -> Account:
    account = policy.standing(profile, event.at)
    if event.__class__ is Transaction and event.kind in policy.exempt_kinds:
        return account._replace(stranger=device_unknown(event, profile))
    return account


def _learned(fused: Fused) -> list[Contribution]:
    return [reasoned for reasoned in fused.reasoned if reasoned.detector == LEARNED]


def _note_try(profile: Profile, event_key: Key, digest: bytes, first: Waiting, decision: Decision) -> None:
    """A repeat teaches nothing but that it happened, and that a code was asked for."""
    note_try(profile, first, event_key, decision.waits_for == "owner")
    note_answer(profile, None, event_key, decision)
    note_event(profile, event_key, decision.at, digest)


def _quiet(
    event: AnyEvent,
    tag: str,
    risk: float,
    version: str,
    states: tuple[str, ...],
    stamp: str | None,
    tallies: Tallies | None,
) -> Decision:
    return Decision(
        event_id=event.event_id,
        account_id=event.account_id,
        type=tag,
        at=event.at,
        risk=risk,
        score=0,
        action="allow",
        policy_version=version,
        states=states,
        tallies=dict(tallies) if tallies else None,
        model_version=stamp,
    )
