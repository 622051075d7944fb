"""The panels on the store that holds memory."""

from __future__ import annotations

from deploy.grafana.shapes import Panel, Query, Row

STORE = Row(
    "Is memory whole?",
    (
        Panel(
            "Memory lost",
            "1 while what was remembered of a partition's accounts is lost.",
            (Query("max by (partition) (payguard_memory_lost)", "{{partition}}"),),
        ),
        Panel(
            "Records the store forgot",
            "Learned, and not in the store any more, by partition.",
            (Query("max by (partition) (payguard_memory_behind_records)", "{{partition}}"),),
        ),
        Panel(
            "Evictions",
            "Whether the store may evict keys, and how many it has evicted since it started.",
            (
                Query("max(payguard_store_may_evict)", "may evict"),
                Query("max(payguard_store_evicted_keys)", "evicted"),
            ),
        ),
        Panel(
            "Clocks",
            "How far each process is ahead of the database and the store.",
            (
                Query(
                    "max by (instance, against) (payguard_clock_offset_seconds)", "{{instance}} {{against}}"
                ),
            ),
            "s",
        ),
    ),
)
