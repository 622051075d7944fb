"""What a dashboard is made of."""

from __future__ import annotations

from dataclasses import dataclass

#: Grafana's: at least four scrapes.
WINDOW = "[$__rate_interval]"


@dataclass(frozen=True)
class Query:
    """One PromQL expression and how its series are called."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """`unit` is Grafana's; `limit` draws a line; `kind` is timeseries or stat."""

    title: str
    meaning: str
    queries: tuple[Query, ...]
    unit: str = "short"
    limit: float | None = None
    kind: str = "timeseries"


@dataclass(frozen=True)
class Row:
    """A question and the panels that answer it."""

    question: str
    panels: tuple[Panel, ...]


def quantiles(metric: str, where: str = "", by: str = "") -> tuple[Query, ...]:
    """Median and p99 of a histogram; `by` is one more label, written `, label`."""
    return tuple(
        Query(
            f"histogram_quantile({quantile}, sum by (le{by}) (rate({metric}_bucket{where}{WINDOW})))",
            f"p{quantile * 100:g}" + (f" {{{{{by.strip(', ')}}}}}" if by else ""),
        )
        for quantile in (0.5, 0.99)
    )


def rate(metric: str, *by: str, where: str = "") -> Query:
    """Increase a second, summed by labels."""
    legend = " ".join(f"{{{{{label}}}}}" for label in by)
    grouped = f" by ({', '.join(by)})" if by else ""
    return Query(f"sum{grouped} (rate({metric}{where}{WINDOW}))", legend or "all")
