"""Who was right: how many of a detector's findings support called fraud, and how many owners said were not them."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, json
from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Contribution
from services.cases import fatigue
from services.cases.tables import case_entries, cases, recorded_decisions
from services.desk.report_window import Window

#: So many decisions on closed cases are looked at, the last closed first.
MOST_DECISIONS = 5000


class _Found(Struct, frozen=True):
    """What is needed of a decision."""

    findings: tuple[Contribution, ...] = ()


class Right(Struct, frozen=True, kw_only=True):
    """One detector: of what it acted on, how much support called fraud or legitimate, and owners not theirs or theirs."""

    detector: str
    fraud: int = 0
    legitimate: int = 0
    not_me: int = 0
    was_me: int = 0

    @property
    def support(self) -> float | None:
        """The share that support called fraud; None without a verdict."""
        return share(self.fraud, self.fraud + self.legitimate)

    @property
    def owners(self) -> float | None:
        """The share that owners said was not them; None without an answer."""
        return share(self.not_me, self.not_me + self.was_me)


_decode = json.Decoder(_Found).decode


async def precision_of(connection: AsyncConnection, window: Window) -> list[Right]:
    """Each detector that support or owners judged in the window, most judged first."""
    verdicts = await _verdicts(connection, window)
    answers = await fatigue.detectors_answered(connection, window.since, window.until)
    found = [
        Right(
            detector=detector,
            fraud=verdicts[detector, "fraud"],
            legitimate=verdicts[detector, "legitimate"],
            not_me=answers[detector, "not_me"],
            was_me=answers[detector, "was_me"],
        )
        for detector in {name for name, _ in (*verdicts, *answers)}
    ]
    return sorted(found, key=lambda each: (-(each.fraud + each.legitimate), each.detector))


def share(part: int, whole: int) -> float | None:
    """The part of the whole, 0 to 1; None of nothing."""
    return part / whole if whole else None


async def _verdicts(connection: AsyncConnection, window: Window) -> Counter[tuple[str, str]]:
    # The cases are chosen first: a planner that does not know how many have decisions would read all of the window.
    closed = (
        select(cases.c.case_id, cases.c.account_id, cases.c.verdict, cases.c.resolved_at)
        .where(window.of(cases.c.resolved_at), cases.c.kind == "risk")
        .where(cases.c.verdict.in_(["fraud", "legitimate"]))
        .order_by(cases.c.resolved_at.desc())
        .limit(MOST_DECISIONS)
        .subquery()
    )
    decided = and_(
        recorded_decisions.c.account_id == closed.c.account_id,
        recorded_decisions.c.event_id == case_entries.c.event_id,
    )
    joined = closed.join(case_entries, case_entries.c.case_id == closed.c.case_id)
    query = (
        select(closed.c.verdict, recorded_decisions.c.body)
        .select_from(joined.join(recorded_decisions, decided))
        .order_by(closed.c.resolved_at.desc())
        .limit(MOST_DECISIONS)
    )
    found: Counter[tuple[str, str]] = Counter()
    for verdict, body in await connection.execute(query):
        acted = {each.detector for each in _decode(body).findings if each.mode == "on"}
        found.update((detector, verdict) for detector in acted)
    return found
