"""Panels of what a process holds for others: connections of the API, batches of a worker."""

from __future__ import annotations

from deploy.grafana.shapes import Panel, Query, rate

HELD = (
    Panel(
        "HTTP connections",
        "Open, by process of the API.",
        (Query("sum by (instance) (payguard_http_connections)", "{{instance}}"),),
    ),
    Panel(
        "HTTP connections cut",
        "Per second, by reason.",
        (rate("payguard_http_connections_cut_total", "reason"),),
        "reqps",
    ),
    Panel(
        "Batches in flight",
        "Read and not yet acknowledged, by worker.",
        (Query("sum by (instance) (payguard_in_flight_batches)", "{{instance}}"),),
    ),
)
