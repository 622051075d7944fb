"""Panels of what a process holds for others: connections of the API, batches of a worker, and what it leaves out of events."""

from __future__ import annotations

from deploy.grafana.shapes import WINDOW, Panel, Query, rate

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
        "Left out of events",
        "Per second: addresses and devices that name nobody, and fields that only help and were mended.",
        (
            rate("payguard_ignored_addresses_total", "fault"),
            rate("payguard_ignored_devices_total", "why"),
            Query(f"sum(rate(payguard_mended_events_total{WINDOW}))", "mended"),
        ),
        "reqps",
    ),
    Panel(
        "Money asked of frozen accounts",
        "Per second. requested: refused. completed: carried out all the same; see whether the wallet keeps freezes.",
        (rate("payguard_frozen_money_total", "status"),),
        "reqps",
    ),
    Panel(
        "Batches in flight",
        "Read and not yet acknowledged, by worker.",
        (Query("sum by (instance) (payguard_in_flight_batches)", "{{instance}}"),),
    ),
)
