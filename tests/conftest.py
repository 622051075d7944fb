"""What every test gets: parts by fixture, no address but this machine's, and the same random numbers each run."""

from __future__ import annotations

import ipaddress
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.parts.fixtures import (  # noqa: F401  found here by every test
    any_kafka,
    embedded_kafka,
    embedded_redis,
    parts_folder,
    real_kafka,
    real_kafka_cluster,
    real_postgres,
    real_postgres_server,
    real_redis,
    real_redis_server,
)

settings.register_profile(
    "house", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")

# A shell starts what runs in the background with Ctrl-C ignored, and processes that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_this_machine(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(str(address[0]).split("%")[0]).is_loopback
    except ValueError:
        return bool(address[0] == "localhost")


@pytest.fixture(autouse=True, scope="session")
def only_this_machine() -> Iterator[None]:
    """A test that tries to reach any other machine fails, whatever library it goes through."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            original = getattr(socket.socket, name)

            def guarded(self: socket.socket, address: Any, *, _original: Any = original) -> Any:
                if not _is_this_machine(address):
                    raise AssertionError("a test tried to reach another machine")
                return _original(self, address)

            patch.setattr(socket.socket, name, guarded)
        yield
