"""Metrics and health of a process without an API."""

from __future__ import annotations

import httpx

from services.exposition import serve


def test_metrics_and_health_are_served() -> None:
    """Prometheus text, and alive."""
    port = serve("127.0.0.1", 0)

    assert "payguard_decisions_total" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_a_fault_fails_the_health_page_and_says_why() -> None:
    """503 with the words of the fault."""
    answer = httpx.get(f"http://127.0.0.1:{serve('127.0.0.1', 0, lambda: 'stands still')}/healthz")

    assert (answer.status_code, answer.text) == (503, "stands still\n")


def test_other_paths_are_not_found() -> None:
    """And the answer names the ones there are."""
    answer = httpx.get(f"http://127.0.0.1:{serve('127.0.0.1', 0)}/")

    assert answer.status_code == 404
    assert "/healthz" in answer.text
