"""Lines of the queue as its page shows them: in groups of urgency, with the time that is left and what is at stake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from contracts.amounts import grouped
from notifier import spelled
from services.cases.kind_files import kinds
from services.cases.queue import BREACHING_S
from services.cases.references import case_number
from services.cases.row_facts import NOTHING, Facts, stake_of
from services.cases.states import SEVERITIES, Case
from services.desk.sentences import said
from services.portal.wording import Wording
from services.scoring.explain import Reasons

_HOUR_S, _DAY_S = 3600.0, 86_400.0
#: From these shares of its time on, a clock is amber, and red.
_WARNS, _BURNS = 0.75, 0.9
_YUAN = {"zh-CN": {"CNY": "元"}}


class Line(Struct, frozen=True, kw_only=True):
    """One case: `used` is the share of its time that is gone, 0 to 1, and `tone` what that means: "", warn or bad."""

    case: Case
    number: str
    level: int
    severity: str
    kind: str
    said: str
    stake: str
    left: str
    used: float
    tone: str


class Group(Struct, frozen=True):
    """Cases of one urgency."""

    title: str
    lines: list[Line]


def kind_name(kind: str, t: Wording) -> str:
    """A kind of case as the desk calls it."""
    known = kinds().get(kind)
    return kind if known is None else known.name.in_(t.locale)


def spelled_left(seconds: float, t: Wording) -> str:
    """How long that is: "11 min", "2 h 5 min", "3 d"; of what is over, how late it is."""
    if seconds < 0:
        return t("queue_span.late", span=span(-seconds, t))
    return span(seconds, t)


def span(seconds: float, t: Wording) -> str:
    """A span of time, cut to what one acts on."""
    if seconds < _HOUR_S:
        return t("queue_span.minutes", n=int(seconds // 60))
    if seconds < 2 * _DAY_S:
        hours, minutes = int(seconds // _HOUR_S), int(seconds % _HOUR_S // 60)
        return t("queue_span.hours", h=hours, m=minutes) if minutes else t("queue_span.hours_only", h=hours)
    return t("queue_span.days", n=int(seconds // _DAY_S))


def currency_of(found: Sequence[Case], facts: Mapping[str, Facts]) -> str | None:
    """The currency of everything at stake in these cases; None where there are several, or none."""
    stakes = [stake_of(case, facts.get(case.case_id, NOTHING)) for case in found]
    currencies = {stake[1] for stake in stakes if stake is not None}
    return currencies.pop() if len(currencies) == 1 else None


def unit(currency: str, locale: str) -> str:
    """What a column of amounts is headed by."""
    return _YUAN.get(locale, {}).get(currency, currency)


def line_of(
    case: Case, facts: Facts, t: Wording, reasons: Reasons, now: float, currency: str | None = None
) -> Line:
    """The line of a case at that time; amounts of `currency` go without its name."""
    stake = stake_of(case, facts)
    amount = t("queue.nobody")
    if stake is not None:
        amount = grouped(stake[0]) if stake[1] == currency else spelled.money(*stake, t.locale)
    began = case.opened_at if case.appealed_at is None else case.appealed_at
    whole = max(case.next_due_at - began, 60.0)
    used = min(1.0, max(0.0, (now - began) / whole))
    left = case.next_due_at - now
    return Line(
        case=case,
        number=case_number(case.case_id),
        level=SEVERITIES.index(case.severity) + 1,
        severity=t(f"queue_severity.{case.severity}"),
        kind=kind_name(case.kind, t),
        said=said(case, facts, t, reasons),
        stake=amount,
        left=spelled_left(left, t),
        used=used,
        tone="bad" if used >= _BURNS else "warn" if used >= _WARNS else "",
    )


def groups(lines: Sequence[Line], t: Wording, now: float, time_zone: str) -> list[Group]:
    """The lines by urgency, on that clock; a group that is empty is left out."""
    ends = _end_of_day(now, time_zone)
    found: dict[str, list[Line]] = {"breaching": [], "hour": [], "today": [], "later": []}
    for line in lines:
        due = line.case.next_due_at
        name = (
            "breaching"
            if due < now + BREACHING_S
            else "hour"
            if due < now + _HOUR_S
            else "today"
            if due < ends
            else "later"
        )
        found[name].append(line)
    return [Group(t(f"queue_group.{name}"), those) for name, those in found.items() if those]


def start_of_day(now: float, time_zone: str) -> float:
    """When the day of `now` began on that clock, in epoch seconds."""
    here = datetime.fromtimestamp(now, ZoneInfo(time_zone))
    return here.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _end_of_day(now: float, time_zone: str) -> float:
    began = datetime.fromtimestamp(start_of_day(now, time_zone), ZoneInfo(time_zone))
    return (began + timedelta(days=1)).timestamp()
