"""The report of the desk's work, and its figures as CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from services.cases.case_measures import DAY_S
from services.desk.precision import Right, precision_of, share
from services.desk.report_figures import Load, OfKind, Spread, complaints_of, kinds_of, loads_of
from services.desk.report_window import Window
from services.platform.database import Database

#: What spreadsheets take for a formula, or act on.
_ACTED_ON = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: Kinds that their owner reported, which are complaints or questions of theirs; the rest began with a decision.
LONGEST_DAYS = 366
Row = tuple[str, str, str, object]


class Year(Struct, frozen=True, kw_only=True):
    """What a payment institution publishes of a year's complaints: how many of each kind, how many of them are closed, and how
    fast."""

    year: int
    kinds: Sequence[OfKind]
    closed: dict[str, int]

    @property
    def made(self) -> int:
        """How many there were."""
        return sum(each.opened for each in self.kinds)

    @property
    def share_closed(self) -> float | None:
        """The part of them that is closed."""
        return share(sum(self.closed.values()), self.made)


class Report(Struct, frozen=True, kw_only=True):
    """The figures of a window; `loads` are empty for whoever may not see them."""

    window: Window
    kinds: Sequence[OfKind]
    detectors: Sequence[Right]
    loads: Sequence[Load]


class Reports:
    """Reads reports. Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def of(self, since: float, until: float, *, loads: bool) -> Report:
        """The report from `since` until before `until`, epoch seconds; a stretch of more than LONGEST_DAYS begins later."""
        since = max(since, until - LONGEST_DAYS * DAY_S)
        window = Window(since, until, self._clock())
        async with self._database.read() as connection:
            return Report(
                window=window,
                kinds=await kinds_of(connection, window),
                detectors=await precision_of(connection, window),
                loads=await loads_of(connection, window) if loads else [],
            )

    async def year(self, year: int) -> Year:
        """The complaints that owners made in a year of UTC, as they stand now."""
        since, until = (datetime(each, 1, 1, tzinfo=UTC).timestamp() for each in (year, year + 1))
        async with self._database.read() as connection:
            kinds, closed = await complaints_of(connection, Window(since, until, self._clock()))
        return Year(year=year, kinds=kinds, closed=closed)


def rows_of(report: Report) -> Iterator[Row]:
    """The report's figures, one a row: which table, of what, which figure, and its value. Times are seconds, shares 0 to 1."""
    for each in report.kinds:
        yield from _of_kind("kinds", each)
    for right in report.detectors:
        for name in ("fraud", "legitimate", "not_me", "was_me", "support", "owners"):
            yield "detectors", right.detector, name, getattr(right, name)
    for load in report.loads:
        yield "people", load.person, "holds", load.holds
        yield "people", load.person, "reveals", load.reveals
        yield from _spread("people", load.person, "closed", load.closing)


def rows_of_year(year: Year) -> Iterator[Row]:
    """The same of a year's complaints."""
    yield "complaints", "all", "made", year.made
    yield "complaints", "all", "share_closed", year.share_closed
    for each in year.kinds:
        yield "complaints", each.kind, "made", each.opened
        yield "complaints", each.kind, "closed", year.closed.get(each.kind, 0)
        yield from _spread("complaints", each.kind, "first_answer", each.first_answer)
        yield from _spread("complaints", each.kind, "closing", each.closing)


def csv_of(rows: Iterator[Row]) -> bytes:
    """The rows as CSV (RFC 4180, UTF-8 with its mark, for spreadsheets). A cell that a spreadsheet would act on is text."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["table", "of", "figure", "value"])
    for row in rows:
        writer.writerow([safe(each) for each in row])
    return text.getvalue().encode("utf-8-sig")


def safe(value: object) -> str:
    """The value as a cell: empty for None, and text where it begins as formulas do."""
    if value is None:
        return ""
    said = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    acted_on = said.startswith(_ACTED_ON) or said.lstrip().startswith(_ACTED_ON)
    return f"'{said}" if acted_on else said


def _of_kind(table: str, each: OfKind) -> Iterator[Row]:
    yield table, each.kind, "opened", each.opened
    yield from _spread(table, each.kind, "first_answer", each.first_answer)
    yield from _spread(table, each.kind, "closing", each.closing)
    yield table, each.kind, "late_first_answer", each.late_first
    yield table, each.kind, "late_closing", each.late_closed
    yield table, each.kind, "opened_again", each.again
    yield table, each.kind, "reveals", each.reveals
    for age, count in each.backlog.items():
        yield table, each.kind, f"backlog_{age}", count
    for outcome, count in sorted(each.ended.items()):
        yield table, each.kind, f"ended_{outcome}", count


def _spread(table: str, name: str, figure: str, spread: Spread) -> Iterator[Row]:
    yield table, name, f"{figure}_count", spread.count
    yield table, name, f"{figure}_median_s", spread.median_s
    yield table, name, f"{figure}_p90_s", spread.p90_s
