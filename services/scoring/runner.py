"""Detectors x batch: each event judged against its account as it was before it, then learned. Pure but for its counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from contracts.decisions import Decision
from contracts.events import EVENT_TYPES, AnyEvent, ChallengeOutcome, Label, UserReport
from contracts.findings import Finding, Tallies
from contracts.profile import Key, Profile
from detectors import Detector
from services.memory.learning import conclude, knows_event, learn, mature, note_event
from services.scoring.effects import effects_for
from services.scoring.policy import Policy

THIN_LOGINS = 3
_PACK = msgspec.msgpack.Encoder().encode
_VERDICTS = (ChallengeOutcome, UserReport, Label)


class AccountState(Protocol):
    """An account being worked on: its profile, and the offset up to which it has learned."""

    profile: Profile
    learned_offset: int


class Counts:
    """What a run counted, for the metrics."""

    def __init__(self) -> None:
        self.duplicates = 0
        self.redelivered = 0
        self.late = 0
        self.findings: dict[tuple[str, str], int] = {}
        self.failed: dict[str, int] = {}


class _Planned(NamedTuple):
    detector: Detector
    observe: Any
    params: Any
    memory: Any
    name: str
    version: int


class Runner:
    """Runs every detector that is not off over a batch, decides, and teaches the profiles."""

    def __init__(self, detectors: Sequence[Detector], policy: Policy, lateness_s: float) -> None:
        self.policy = policy
        self._lateness_s = lateness_s
        in_use = [found for found in detectors if policy.modes.get(found.spec.name, "on") != "off"]
        self._plan: dict[type, tuple[_Planned, ...]] = {
            kind: tuple(self._planned(found) for found in in_use if kind in found.spec.event_types)
            for kind in EVENT_TYPES
        }

    def _planned(self, found: Detector) -> _Planned:
        spec = found.spec
        params = self.policy.params_for(spec.name, found.params)
        return _Planned(found, found.observe, params, found.memory, spec.name, spec.version)

    def run(
        self,
        events: Sequence[AnyEvent],
        offsets: Sequence[int],
        event_keys: Sequence[Key],
        about_keys: Mapping[int, Key],
        accounts: Sequence[AccountState],
        tallies: Sequence[Tallies],
        states: Sequence[tuple[str, ...]],
        counts: Counts,
    ) -> list[Decision | None]:
        """One decision an event, in order; None for an event that was decided before (redelivered, or a repeated id).

        All sequences run beside `events`; `about_keys` holds, by index, the key of the event that an outcome, report or
        label speaks of. Profiles and learned offsets of `accounts` are changed in place.
        """
        decisions: list[Decision | None] = []
        for index, event in enumerate(events):
            account = accounts[index]
            offset = offsets[index]
            if offset <= account.learned_offset:
                counts.redelivered += 1
                decisions.append(None)
                continue
            account.learned_offset = offset
            if knows_event(account.profile, event_keys[index]):
                counts.duplicates += 1
                decisions.append(None)
                continue
            about = about_keys.get(index) if about_keys else None
            decisions.append(
                self._decide(event, event_keys[index], about, account.profile, tallies[index], states[index], counts)
            )
        return decisions

    def _decide(
        self,
        event: AnyEvent,
        event_key: Key,
        about_key: Key | None,
        profile: Profile,
        tallies: Tallies,
        states: tuple[str, ...],
        counts: Counts,
    ) -> Decision:
        findings: list[Finding] = []
        degraded: tuple[str, ...] = ()
        if profile.pending:
            mature(profile, event.at)
        plan = self._plan[event.__class__]
        for planned in plan:
            try:
                memory = None if planned.memory is None else _memory_of(profile, planned)
                finding = planned.observe(event, profile, tallies, memory, planned.params)
            except Exception:  # the fence: one broken detector never stops the belt
                counts.failed[planned.name] = counts.failed.get(planned.name, 0) + 1
                degraded += (planned.name,)
                continue
            if finding is not None:
                findings.append(finding)
        late = event.at < profile.last_at - self._lateness_s
        if late:
            counts.late += 1
            states = (*states, "late")
        if profile.logins < THIN_LOGINS and profile.transactions < THIN_LOGINS:
            states = (*states, "learning")
        decision, held = self._judge(event, profile, findings, tallies, states, degraded, counts)
        if not late:
            for planned in plan:
                if planned.memory is not None and not held and planned.name not in degraded:
                    _teach_memory(profile, planned, event)
            if about_key is not None:
                conclude(profile, event, about_key)
            else:
                learn(profile, event, event_key, held, decision.action != "notify")
        note_event(profile, event_key, event.at)
        return decision

    def _judge(
        self,
        event: AnyEvent,
        profile: Profile,
        findings: list[Finding],
        tallies: Tallies,
        states: tuple[str, ...],
        degraded: tuple[str, ...],
        counts: Counts,
    ) -> tuple[Decision, bool]:
        policy = self.policy
        fused = policy.fuse(findings)
        action = policy.decide(event, fused.risk, profile.has_factor, states, fused.reasoned)
        held = False
        for finding in findings:
            mode = policy.modes.get(finding.detector, "on")
            held = held or (finding.hold and mode == "on" and action != "allow")
            counted = (finding.detector, mode)
            counts.findings[counted] = counts.findings.get(counted, 0) + 1
        decision = Decision(
            event_id=event.event_id,
            account_id=event.account_id,
            type=event.__struct_config__.tag,  # type: ignore[arg-type]
            at=event.at,
            risk=fused.risk,
            score=fused.score,
            action=action,
            policy_version=policy.version,
            findings=fused.reasoned,
            effects=effects_for(event, action, policy, profile.has_factor),
            states=states,
            degraded=degraded,
            tallies=dict(tallies) if tallies and findings else None,
            held=held,
        )
        return decision, held


def _memory_of(profile: Profile, planned: _Planned) -> Any:
    kept = profile.slots.get(planned.name)
    if kept is None:
        return planned.memory()
    version, packed = kept
    if version != planned.version:
        assert planned.detector.upgrade is not None
        return planned.detector.upgrade(version, packed)
    return msgspec.msgpack.decode(packed, type=planned.memory)


def _teach_memory(profile: Profile, planned: _Planned, event: AnyEvent) -> None:
    assert planned.detector.learn is not None
    before = _memory_of(profile, planned)
    after = planned.detector.learn(event, before, planned.params)
    if after != before:
        profile.slots[planned.name] = (planned.version, _PACK(after))
