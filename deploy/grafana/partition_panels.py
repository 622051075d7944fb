"""The panels on which partition holds what, and on what workers agree about."""

from __future__ import annotations

from deploy.grafana.shapes import WINDOW, Panel, Query, Row

PARTITIONS = Row(
    "Does everything lie where it belongs?",
    (
        Panel(
            "Records moved",
            "Per second, from a partition that their key does not belong to.",
            (Query(f"sum (rate(payguard_moved_records_total{WINDOW}))", "moved"),),
            "reqps",
        ),
        Panel(
            "Workers that refuse their topic",
            "1 while a worker decides nothing because its memory was learned from another topic.",
            (Query("max by (instance, reason) (payguard_worker_refuses)", "{{instance}} {{reason}}"),),
        ),
        Panel(
            "Workers by policy",
            "How many decide under each version.",
            (Query("count by (version) (payguard_policy_info == 1)", "{{version}}"),),
        ),
    ),
)
