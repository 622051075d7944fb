"""The containers' health check, against the server our processes use."""

from __future__ import annotations

from deploy.alive import alive
from services.platform.embedded import free_port
from services.platform.exposition import serve


def test_a_process_that_is_well_is_alive() -> None:
    assert alive(serve("127.0.0.1", 0))


def test_a_worker_that_stands_still_is_not() -> None:
    assert not alive(serve("127.0.0.1", 0, lambda: "no offset was committed for 60 s"))


def test_a_page_may_be_asked_for_of_its_own() -> None:
    port = serve("127.0.0.1", 0, not_ready=lambda: "cases has failed for 11 s: disk_full")

    assert (alive(port), alive(port, "/readyz")) == (True, False)


def test_nobody_listening_is_not_alive() -> None:
    assert not alive(free_port())
