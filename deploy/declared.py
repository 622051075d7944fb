"""Names that a query may use, the series of the declared metrics and of the recording rules; and who uses each metric."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from prometheus_client import Histogram

from deploy.grafana.generate import DASHBOARDS
from deploy.prometheus.generate import ALERTS, RECORDINGS
from services.platform import metrics

User = TypeVar("User")
_USED = re.compile(r"\bpayguard[_:][A-Za-z0-9_:]+")


def declared_series() -> frozenset[str]:
    """Every series name our processes serve or Prometheus records."""
    return frozenset(_series()) | {name for group in RECORDINGS.values() for name, _ in group}


def used_series(expression: str) -> set[str]:
    """Our series names in a query."""
    return set(_USED.findall(expression))


def panels_of() -> dict[str, list[tuple[str, str]]]:
    """The panels that show each metric, as (name of the dashboard, title of the panel)."""
    return _users(
        ((dashboard.name, panel.title), query.expression)
        for dashboard in DASHBOARDS
        for panel in dashboard.panels
        for query in panel.queries
    )


def alerts_of() -> dict[str, list[str]]:
    """The alerts that watch each metric, by name."""
    return _users((name, alert.expression) for name, alert in ALERTS.items())


def _users(expressions: Iterable[tuple[User, str]]) -> dict[str, list[User]]:
    recorded = {name: expression for group in RECORDINGS.values() for name, expression in group}
    metric_of = {series: name for name in metrics.ALL for series in _series_of(name)}
    found: dict[str, list[User]] = {name: [] for name in metrics.ALL}
    for user, expression in expressions:
        used = used_series(expression)
        while (
            more := {each for name in used & recorded.keys() for each in used_series(recorded[name])} - used
        ):
            used |= more
        for name in {metric_of[series] for series in used if series in metric_of}:
            if user not in found[name]:
                found[name].append(user)
    return found


def _series() -> Iterator[str]:
    for name in metrics.ALL:
        yield from _series_of(name)


def _series_of(name: str) -> tuple[str, ...]:
    if isinstance(metrics.ALL[name], Histogram | metrics.BulkHistogram):
        return f"{name}_bucket", f"{name}_sum", f"{name}_count"
    return (name,)
