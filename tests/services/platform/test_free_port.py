"""A free port stays free for whoever asked for it: a server may start much later than the search."""

from __future__ import annotations

import socket

import pytest

from services.platform.embedded import free_port


def test_no_two_searches_find_the_same_port() -> None:
    found = [free_port() for _ in range(500)]

    assert len(set(found)) == len(found)


def test_who_lets_the_system_choose_is_not_given_a_port_that_was_found() -> None:
    found = {free_port() for _ in range(500)}
    chosen = set()
    for _ in range(5_000):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            chosen.add(other.getsockname()[1])

    assert not found & chosen


def test_a_server_listens_on_the_port_that_was_found_for_it() -> None:
    port = free_port()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)):
        socket.create_connection(("127.0.0.1", port)).close()
