"""What a dashboard is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Grafana's: at least four scrapes; and all of the time that is looked at.
WINDOW = "[$__rate_interval]"
RANGE = "[$__range]"
#: What a panel says in place of data where nothing happened.
NOTHING = "nothing in this time"
Kind = Literal["timeseries", "stat", "bargauge", "table"]


@dataclass(frozen=True)
class Query:
    """One PromQL expression and how its series are called."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """`unit` is Grafana's; `limit` draws a line, or colours a figure from there on; figures are those of the end of the time that
    is looked at. `empty` is said where there is no data. `runbooks` names files of docs/runbooks beside it."""

    title: str
    meaning: str
    queries: tuple[Query, ...]
    unit: str = "short"
    limit: float | None = None
    kind: Kind = "timeseries"
    empty: str = NOTHING
    runbooks: tuple[str, ...] = ()
    decimals: int | None = None


@dataclass(frozen=True)
class Row:
    """A question and the panels that answer it."""

    question: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """What a dashboard can be narrowed down by: values of a label of a metric."""

    name: str
    title: str
    metric: str


@dataclass(frozen=True)
class Dashboard:
    """One question, `name` in its address."""

    name: str
    question: str
    meaning: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    hours: int = 6

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in order."""
        return tuple(panel for row in self.rows for panel in row.panels)


TYPE = Variable("type", "Event type", "payguard_decisions_total")
CHANNEL = Variable("channel", "Channel", "payguard_messages_total")
DETECTOR = Variable("detector", "Detector", "payguard_findings_total")


def quantiles(
    metric: str, where: str = "", by: str = "", of: tuple[float, ...] = (0.5, 0.99), window: str = WINDOW
) -> tuple[Query, ...]:
    """Quantiles of a histogram; `by` is one more label, written `, label`."""
    return tuple(
        Query(
            f"histogram_quantile({quantile}, sum by (le{by}) (rate({metric}_bucket{where}{window})))",
            f"p{quantile * 100:g}" + (f" {{{{{by.strip(', ')}}}}}" if by else ""),
        )
        for quantile in of
    )


def rate(metric: str, *by: str, where: str = "", called: str = "") -> Query:
    """Increase a second, summed by labels; `called` stands before them."""
    return Query(f"sum{_grouped(by)} (rate({metric}{where}{WINDOW}))", _legend(by, called))


def over(metric: str, *by: str, where: str = "", called: str = "", one: str = "sum") -> Query:
    """Increase over all of the time that is looked at, summed by labels; `one` is `max` where each process counts the same."""
    return Query(f"{one}{_grouped(by)} (increase({metric}{where}{RANGE}))", _legend(by, called))


def now(metric: str, *by: str, where: str = "", called: str = "") -> Query:
    """A gauge that each process shows the same."""
    return Query(f"max{_grouped(by)} ({metric}{where})", _legend(by, called))


def _grouped(by: tuple[str, ...]) -> str:
    return f" by ({', '.join(by)})" if by else ""


def _legend(by: tuple[str, ...], called: str) -> str:
    return " ".join([*([called] if called else []), *(f"{{{{{label}}}}}" for label in by)]) or "all"
