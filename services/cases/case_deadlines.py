"""The deadlines of a case: the clocks that are promised to its owner, and what the set of deadlines says beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from contracts.report_kinds import RULES, Clock, ReportKind
from services.cases.business_days import DeadlineSet, standing
from services.cases.kind_files import kinds
from services.cases.kind_shapes import Said
from services.cases.states import Case

#: Within how long a report of a kind is answered and ended that is made at that time, epoch seconds.
ClockOf = Callable[[ReportKind, float], Clock]


class Deadline(Struct, frozen=True, kw_only=True):
    """One deadline of a case: by which rule, when (epoch seconds), how it stands, and who says so."""

    rule: str
    said: Said
    due_at: float
    stands: Literal["calm", "warned", "late"]
    source: str
    business_days: int | None


def promised(kind: ReportKind, clock: Clock, deadlines: DeadlineSet | None, now: float) -> Clock:
    """Within how long a report that is made now is answered and ended: as the policy says where it says anything of its own,
    else as the set of deadlines does, else as the kind does."""
    usual = RULES[kind].clock
    times = {"first_answer": clock.first_answer_s, "closed": clock.closed_s}
    own = {
        "first_answer": clock.first_answer_s != usual.first_answer_s,
        "closed": clock.closed_s != usual.closed_s,
    }
    for due in kinds()[kind].deadlines if deadlines is not None else ():
        ends = None if deadlines is None else deadlines.due(due.rule, now)
        if due.binds is not None and not own[due.binds] and ends is not None:
            times[due.binds] = max(int(ends - now), 1)
    return Clock(min(times["first_answer"], times["closed"]), times["closed"])


def promises(clocks: Mapping[ReportKind, Clock], deadlines: DeadlineSet | None = None) -> ClockOf:
    """`promised` by the policy's clocks and a set of deadlines, for whoever opens cases."""
    return lambda kind, now: promised(kind, clocks[kind], deadlines, now)


def deadlines_of(case: Case, deadlines: DeadlineSet, now: float) -> list[Deadline]:
    """Every deadline that the set has for the case's kind, the first due first. An appeal begins them anew."""
    began = case.opened_at if case.appealed_at is None else case.appealed_at
    found = []
    for due in kinds()[case.kind].deadlines:
        due_at = deadlines.due(due.rule, began)
        if due_at is None:
            continue
        rule = deadlines.rules[due.rule]
        found.append(
            Deadline(
                rule=due.rule,
                said=due.said,
                due_at=due_at,
                stands=standing(began, due_at, now),
                source=rule.source,
                business_days=rule.business_days,
            )
        )
    return sorted(found, key=lambda each: each.due_at)
