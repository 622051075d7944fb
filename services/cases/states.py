"""The life of a case: open -> in_review -> resolved, and back to open. Pure: times and names are arguments."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from contracts.decisions import Severity

State = Literal["open", "in_review", "resolved"]
#: What support may say. `unclear` labels nothing and lets nothing go.
Verdict = Literal["fraud", "legitimate", "unclear"]
#: How a case may have ended; its owner took back what opened a `withdrawn` one.
Closing = Literal[Verdict, "withdrawn"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


class Case(Struct, frozen=True, kw_only=True):
    """One account's affair with support; times in epoch seconds, `version` grows by one with every change."""

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


class IllegalTransition(Exception):
    """The case is not in a state that allows this."""


def opened(case_id: str, account_id: str, severity: Severity, at: float) -> Case:
    """A new case nobody looks at yet."""
    return Case(
        case_id=case_id,
        account_id=account_id,
        state="open",
        severity=severity,
        opened_at=at,
        changed_at=at,
    )


def joined(case: Case, severity: Severity, at: float) -> Case:
    """The case with one more event; its severity only rises. Raises IllegalTransition once resolved."""
    _refuse_resolved(case, "joined")
    return _changed(case, at, severity=max(case.severity, severity, key=SEVERITIES.index))


def assigned(case: Case, assignee: str, at: float) -> Case:
    """The case in review by `assignee`; reviewing may be handed on. Raises IllegalTransition once resolved."""
    _refuse_resolved(case, "assigned")
    return _changed(case, at, state="in_review", assignee=assignee)


def resolved(case: Case, verdict: Verdict, at: float) -> Case:
    """The case closed with a verdict. Raises IllegalTransition unless somebody is reviewing it."""
    if case.state != "in_review":
        raise IllegalTransition(f"a case that is {case.state} cannot be resolved; assign it first")
    return _changed(case, at, state="resolved", verdict=verdict, resolved_at=max(case.changed_at, at))


def reopened(case: Case, at: float) -> Case:
    """The case as one that nobody looks at yet, without its verdict. Raises IllegalTransition unless it is resolved."""
    if case.state != "resolved":
        raise IllegalTransition(f"a case that is {case.state} cannot be reopened")
    return _changed(case, at, state="open", verdict=None, assignee=None, resolved_at=None)


def withdrawn(case: Case, at: float) -> Case:
    """The case closed because its owner took back what opened it. Raises IllegalTransition unless nobody has taken it."""
    if case.state != "open":
        raise IllegalTransition(f"a case that is {case.state} cannot be withdrawn")
    return _changed(case, at, state="resolved", verdict="withdrawn", resolved_at=max(case.changed_at, at))


def _changed(case: Case, at: float, **fields: str | float | None) -> Case:
    return replace(case, changed_at=max(case.changed_at, at), version=case.version + 1, **fields)


def _refuse_resolved(case: Case, verb: str) -> None:
    if case.state == "resolved":
        raise IllegalTransition(f"a resolved case cannot be {verb}")
