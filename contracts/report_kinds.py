"""What a case may be about, and how one of each kind may end. Pure; the rows come from services/cases/kinds by `make docs`."""

from __future__ import annotations

from typing import Literal, NamedTuple

from contracts.decisions import Severity
from contracts.kind_rows import ROWS, Outcome, ReportKind

__all__ = ("APPEAL_S", "REPORTS", "RULES", "Clock", "Kind", "Outcome", "ReportKind", "ReportRule", "Subject")

#: `risk` is what decisions open; it ends with a verdict.
Kind = Literal["risk", ReportKind]
#: The event of activity that a report may be about: any, one of money, one of access, or none.
Subject = Literal["any", "money_out", "money_failed", "top_up", "access", "none"]
#: So long after its end an owner may appeal, once.
APPEAL_S = 30 * 86_400.0


class Clock(NamedTuple):
    """Within how many seconds a report of a kind gets its first answer, and its end."""

    first_answer_s: int
    closed_s: int


class ReportRule(NamedTuple):
    """One kind of report: what it is in the words of the policy's page, how severe its case is, how it may end, which events it
    may be about, and its clock while a policy does not say."""

    name: ReportKind
    about: str
    severity: Severity
    outcomes: tuple[Outcome, ...]
    subject: Subject
    clock: Clock


REPORTS = tuple(
    ReportRule(name, about, severity, outcomes, subject, Clock(first_answer_s, closed_s))
    for name, about, severity, outcomes, subject, first_answer_s, closed_s in ROWS
)
RULES = {rule.name: rule for rule in REPORTS}
