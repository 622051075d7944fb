"""The life of a case: open -> in_review -> resolved, and back to open. Pure: times and names are arguments."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from contracts.case_clocks import DECIDE_S
from contracts.decisions import Severity
from contracts.report_kinds import APPEAL_S, RULES, Clock, Kind, Outcome, ReportKind

State = Literal["open", "in_review", "resolved"]
#: What support may say. `unclear` labels nothing and lets nothing go.
Verdict = Literal["fraud", "legitimate", "unclear"]
#: How a case may have ended: of risk by a verdict, else as its kind has it; its owner took back what opened a `withdrawn` one.
#: a `duplicate` goes on in another case of the account.
Closing = Literal[Verdict, "withdrawn", "duplicate", Outcome]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
#: Of a case that somebody should look at.
AWAKE: dict[str, str | float | None] = {"snoozed_until": None, "waiting_for": None, "waiting_since": None}


class Case(Struct, frozen=True, kw_only=True):
    """One account's affair with support; times in epoch seconds, `version` grows by one with every change.

    What an owner reported has another `kind` than risk, and clocks: a first answer until `first_response_due_at`, an end until
    `due_at`. It may be appealed once; then `decided_by`, who had it before, may not have it again. One of risk has `decide_by`,
    which is the desk's own and promised to nobody.

    Until `snoozed_until` nobody looks at it; `waiting_for` says what it waits for. An `escalated_at` one is for senior people.
    `at_stake` is the largest amount that it is about. A duplicate was `merged_into` another case. At `next_due_at` somebody
    must have answered its owner, or else decided.
    """

    case_id: str
    account_id: str
    state: State
    severity: Severity
    opened_at: float
    changed_at: float
    version: int = 1
    verdict: Closing | None = None
    assignee: str | None = None
    resolved_at: float | None = None
    kind: Kind = "risk"
    subject_event_id: str | None = None
    first_response_due_at: float | None = None
    due_at: float | None = None
    first_answered_at: float | None = None
    appealed_at: float | None = None
    decided_by: str | None = None
    decide_by: float | None = None
    snoozed_until: float | None = None
    waiting_for: str | None = None
    waiting_since: float | None = None
    escalated_at: float | None = None
    at_stake: str | None = None
    stake_currency: str | None = None
    merged_into: str | None = None
    next_due_at: float = 0.0


class IllegalTransition(Exception):
    """The case is not in a state that allows this."""


def opened(
    case_id: str,
    account_id: str,
    severity: Severity,
    at: float,
    decide_s: Mapping[Severity, float] = DECIDE_S,
) -> Case:
    """A new case nobody looks at yet; `decide_s` says by severity within how many seconds somebody should decide on it."""
    by = at + decide_s[severity]
    return Case(
        case_id=case_id,
        account_id=account_id,
        state="open",
        severity=severity,
        opened_at=at,
        changed_at=at,
        decide_by=by,
        next_due_at=by,
    )


def reported(
    case_id: str, account_id: str, kind: ReportKind, subject_event_id: str | None, at: float, clock: Clock
) -> Case:
    """A new case that its owner reported, with the clocks of its kind."""
    return Case(
        case_id=case_id,
        account_id=account_id,
        state="open",
        severity=RULES[kind].severity,
        opened_at=at,
        changed_at=at,
        kind=kind,
        subject_event_id=subject_event_id,
        first_response_due_at=at + clock.first_answer_s,
        due_at=at + clock.closed_s,
        next_due_at=at + min(clock),
    )


def promised(case: Case, due_at: float) -> Case:
    """The case whose owner is told that somebody answers them by `due_at`; an earlier promise stands, as does an answer."""
    if case.first_answered_at is not None:
        return case
    known = case.first_response_due_at
    return _timed(replace(case, first_response_due_at=due_at if known is None else min(known, due_at)))


def joined(case: Case, severity: Severity, at: float, decide_s: Mapping[Severity, float] = DECIDE_S) -> Case:
    """The case with one more event, which wakes it; its severity only rises, and its time with it only shrinks.

    Raises IllegalTransition once resolved.
    """
    refuse_resolved(case, "joined")
    worst = max(case.severity, severity, key=SEVERITIES.index)
    by = case.decide_by
    if worst != case.severity or by is None:
        by = at + decide_s[worst] if by is None else min(by, at + decide_s[worst])
    return changed(case, at, severity=worst, decide_by=by, **AWAKE)


def assigned(case: Case, assignee: str, at: float) -> Case:
    """The case in review by `assignee`; reviewing may be handed on. Raises IllegalTransition once resolved, and for an appeal
    that would go to whoever decided before."""
    refuse_resolved(case, "assigned")
    if case.decided_by is not None and _same_name(case.decided_by, assignee):
        raise IllegalTransition(
            f"an appeal goes to another person than the one who decided before, {case.decided_by}"
        )
    return changed(case, at, state="in_review", assignee=assignee)


def answered(case: Case, at: float) -> Case:
    """The case after support wrote to its owner. Raises IllegalTransition once resolved."""
    refuse_resolved(case, "written about: reopen it first")
    first = at if case.first_answered_at is None else case.first_answered_at
    return changed(case, at, first_answered_at=first)


def added(case: Case, at: float) -> Case:
    """The case after its owner added something, which wakes it. Raises IllegalTransition once resolved."""
    refuse_resolved(case, "added to")
    return changed(case, at, **AWAKE)


def resolved(case: Case, verdict: Verdict, at: float) -> Case:
    """The case closed with a verdict. Raises IllegalTransition unless it is of risk and somebody is reviewing it."""
    if case.kind != "risk":
        ends = ", ".join(RULES[case.kind].outcomes)
        raise IllegalTransition(f"a case of {case.kind} has no verdict; close it as one of {ends}")
    return _ended(case, verdict, at)


def closed(case: Case, outcome: Outcome, at: float) -> Case:
    """The case of a report closed as its kind may be. Raises IllegalTransition for another, and unless somebody reviews it."""
    if case.kind == "risk":
        raise IllegalTransition("a case of risk ends with a verdict; resolve it")
    if outcome not in RULES[case.kind].outcomes:
        ends = ", ".join(RULES[case.kind].outcomes)
        raise IllegalTransition(f"a case of {case.kind} is closed as one of {ends}, not {outcome}")
    case = _ended(case, outcome, at)
    return case if case.first_answered_at is not None else replace(case, first_answered_at=case.resolved_at)


def reopened(case: Case, at: float) -> Case:
    """The case as one that nobody looks at yet, without its verdict. Raises IllegalTransition unless it is resolved."""
    if case.state != "resolved":
        raise IllegalTransition(f"a case that is {case.state} cannot be reopened")
    return changed(
        case,
        at,
        state="open",
        verdict=None,
        assignee=None,
        resolved_at=None,
        escalated_at=None,
        merged_into=None,
    )


def withdrawn(case: Case, at: float) -> Case:
    """The case closed because its owner took back what opened it.

    Raises IllegalTransition once resolved, and where a case of risk was taken by somebody.
    """
    refuse_resolved(case, "withdrawn")
    if case.kind == "risk" and case.state != "open":
        raise IllegalTransition(f"a case that is {case.state} cannot be withdrawn")
    ended = max(case.changed_at, at)
    return changed(case, at, state="resolved", verdict="withdrawn", resolved_at=ended, **AWAKE)


def may_appeal(case: Case, at: float) -> bool:
    """Whether its owner may have another person decide again: once, within APPEAL_S of an end that support made."""
    return (
        case.kind != "risk"
        and case.resolved_at is not None
        and case.verdict not in ("withdrawn", "duplicate")
        and case.appealed_at is None
        and at < case.resolved_at + APPEAL_S
    )


def appealed(case: Case, at: float, clock: Clock) -> Case:
    """The case open again, for another person than the one who decided, its clocks begun anew.

    Raises IllegalTransition unless `may_appeal`.
    """
    if not may_appeal(case, at):
        raise IllegalTransition("a case is appealed once, within 30 days of the end that support gave it")
    return changed(
        case,
        at,
        state="open",
        verdict=None,
        assignee=None,
        resolved_at=None,
        decided_by=case.assignee,
        appealed_at=at,
        first_answered_at=None,
        first_response_due_at=at + clock.first_answer_s,
        due_at=at + clock.closed_s,
        escalated_at=None,
    )


def _ended(case: Case, verdict: Closing, at: float) -> Case:
    if case.state != "in_review":
        raise IllegalTransition(f"a case that is {case.state} cannot be resolved; assign it first")
    ended = max(case.changed_at, at)
    return changed(case, at, state="resolved", verdict=verdict, resolved_at=ended, **AWAKE)


def _same_name(one: str, other: str) -> bool:
    """Whether people would read the same name: letters' case, width and spaces around it tell nobody apart."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def changed(case: Case, at: float, **fields: str | float | None) -> Case:
    """The next version of the case, with these fields."""
    return _timed(replace(case, changed_at=max(case.changed_at, at), version=case.version + 1, **fields))


def _timed(case: Case) -> Case:
    last = case.decide_by or case.due_at or case.opened_at
    first = case.first_response_due_at if case.first_answered_at is None else None
    return replace(case, next_due_at=last if first is None else min(first, last))


def refuse_resolved(case: Case, verb: str) -> None:
    """Raise IllegalTransition once the case is resolved."""
    if case.state == "resolved":
        raise IllegalTransition(f"a resolved case cannot be {verb}")
