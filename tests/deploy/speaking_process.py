"""A process that serves every declared metric, each of them moving: `python -m tests.deploy.speaking_process`.

Prints its port and runs until it is ended.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from contracts.events import EVENT_TYPE_NAMES
from deploy.prometheus.rules import VERIFY_ROUTE
from services.platform import metrics

_LABELS: dict[str, list[tuple[str, ...]]] = {
    "payguard_http_request_seconds": [(VERIFY_ROUTE, "200"), (VERIFY_ROUTE, "503")],
    "payguard_consumer_lag_records": [("0",)],
    "payguard_consumer_lag_seconds": [("0",)],
    "payguard_stage_seconds": [("score",)],
    "payguard_detector_verdicts_total": [("new_payee", "fraud"), ("new_payee", "legitimate")],
    "payguard_letters_answered_30d": [("login_notice", "was_me"), ("login_notice", "not_me")],
    "payguard_detector_answers_30d": [("new_payee", "was_me"), ("new_payee", "not_me")],
}
#: Gauges of which a panel shows what is out of the ordinary alone: what a child stands at, by its last label.
_STANDS = {
    "payguard_letters_answered_30d": {"was_me": 300, "not_me": 3},
    "payguard_detector_answers_30d": {"was_me": 300, "not_me": 3},
}
#: What says that something is so stands at 1.
_INFO = frozenset({"payguard_build_info", "payguard_policy_info"})


def children(name: str, metric: Any) -> list[tuple[str, Any]]:
    """The metric itself or, where it has labels, its children with the last label of each; one is made where none is known."""
    if not metric._labelnames:
        return [("", metric)]
    invented = ("example",) * len(metric._labelnames)
    known = _LABELS.get(name) or list(metric._metrics) or [invented]
    return [(values[-1], metric.labels(*values)) for values in known]


def move(round_number: int) -> None:
    """Change every metric."""
    for name, metric in metrics.ALL.items():
        if isinstance(metric, metrics.BulkHistogram):
            for label in EVENT_TYPE_NAMES if metric is metrics.SCORE else ("",):
                metric.observe_many(label, 0.02 + round_number % 3, 5)
            continue
        for label, child in children(name, metric):
            if isinstance(metric, Counter):
                child.inc(3)
            elif isinstance(metric, Gauge):
                moving = 1 if name in _INFO else 1 + round_number % 5
                child.set(_STANDS.get(name, {}).get(label, moving))
            elif isinstance(metric, Histogram):
                child.observe(0.02)


def main() -> None:
    """Serve and move until ended."""
    move(0)
    server, _thread = start_http_server(0, "127.0.0.1", metrics.REGISTRY)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    round_number = 0
    while True:
        round_number += 1
        move(round_number)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
