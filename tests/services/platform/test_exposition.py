"""Metrics and health of a process without an API."""

from __future__ import annotations

import httpx

from services.platform.exposition import serve


def test_metrics_and_health_are_served() -> None:
    port = serve("127.0.0.1", 0)

    assert "payguard_decisions_total" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_a_fault_fails_the_health_page_and_says_why() -> None:
    answer = httpx.get(f"http://127.0.0.1:{serve('127.0.0.1', 0, lambda: 'stands still')}/healthz")

    assert (answer.status_code, answer.text) == (503, "stands still\n")


def test_a_process_may_live_and_not_be_ready() -> None:
    port = serve("127.0.0.1", 0, not_ready=lambda: "waits")
    pages = [httpx.get(f"http://127.0.0.1:{port}/{page}") for page in ("healthz", "readyz")]

    assert [(page.status_code, page.text) for page in pages] == [(200, "alive\n"), (503, "waits\n")]


def test_without_words_of_its_own_ready_is_what_alive_is() -> None:
    answer = httpx.get(f"http://127.0.0.1:{serve('127.0.0.1', 0, lambda: 'stands still')}/readyz")

    assert answer.status_code == 503


def test_other_paths_are_not_found() -> None:
    answer = httpx.get(f"http://127.0.0.1:{serve('127.0.0.1', 0)}/")

    assert answer.status_code == 404
    assert "/healthz" in answer.text
