"""What every test gets: parts by fixture, no address but this machine's, and the same random numbers each run."""

from __future__ import annotations

import gc
import ipaddress
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.kinds import KINDS, may_hold, place_of
from tests.parts.fixtures import (  # noqa: F401  found here by every test
    any_kafka,
    embedded_kafka,
    embedded_redis,
    in_memory,
    parts_folder,
    real_kafka,
    real_kafka_cluster,
    real_postgres,
    real_postgres_server,
    real_redis,
    real_redis_server,
)
from tests.services.cases.databases import (  # noqa: F401  found here by every test
    migrated_file,
    migrated_postgres,
)

settings.register_profile(
    "house", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")

# A shell starts what runs in the background with Ctrl-C ignored, and processes that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


#: Their files take longest, and wait more than they compute: begun last they would be all that is left.
_FIRST = ("e2e", "benchmarks", "deploy", "mutants")


def pytest_configure() -> None:
    """Temporary folders in memory, where there is room for them; pytest's own variable names another place.

    Training runs on one thread: on a machine that is busy, threads that wait for each other take minutes.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    gc.disable()  # what is being collected is no garbage
    if (memory := in_memory()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


#: Where else such tests have their own target: `make test-real`, `make chaos`, `make test-browser`, `make bench`.
_ELSEWHERE = ("real", "chaos", "browser", "bench")


# First, so that `-m` sees the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the stories of whole processes, and put the folders of long tests first, so that processes which share the files
    out end together."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here / "e2e") and not any(map(item.get_closest_marker, _ELSEWHERE)):
            item.add_marker("e2e")
        if stray := {mark.name for mark in item.iter_markers()} & KINDS - place_of(item.path).kinds:
            raise pytest.UsageError(
                f"{item.nodeid} is {stray}: tests/kinds.py must say that its place may hold that"
            )
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in _FIRST)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files in which `-m` can want nothing, but for those that are named."""
    expression: str = config.option.markexpr
    if not expression or not collection_path.name.startswith("test_"):
        return None
    named = any(Path(each.partition("::")[0]).resolve() == collection_path for each in config.args)
    return None if named or may_hold(place_of(collection_path), expression) else True


def pytest_collection_finish() -> None:
    """What was collected stays until the end: looking through it for garbage again and again takes as long as many tests."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


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
