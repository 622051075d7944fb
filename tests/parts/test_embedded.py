"""The embedded broker and store work, and never outlive their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from services.platform import embedded
from services.platform.embedded import EmbeddedStore, PartNotAvailable
from services.platform.guarded_process import GuardedProcess
from tests.parts.test_real_parts import consume, create_topic, produce

PARENT = """
import sys, time
from pathlib import Path
from services.platform.embedded import EmbeddedBroker, EmbeddedStore
folder = Path(sys.argv[1])
with EmbeddedBroker(folder) as broker, EmbeddedStore(folder) as store:
    print(broker.pid, store.pid, flush=True)
    time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def start_parent(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    parent.stdout.close()
    assert len(pids) == 2
    return parent, pids


async def test_the_embedded_broker_takes_and_gives_records(embedded_kafka: str) -> None:
    sent = [b"record %02d" % number for number in range(30)]
    await create_topic(embedded_kafka, "embedded-round-trip")
    await produce(embedded_kafka, "embedded-round-trip", sent, idempotent=False)

    assert sent == await consume(embedded_kafka, "embedded-round-trip", len(sent))


def test_the_embedded_store_keeps_its_data_through_a_kill(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        url = store.start()
        with redis.Redis.from_url(url) as client:
            client.set("kept", "yes")
            client.execute_command("WAITAOF", 1, 0, 5000)
        store.kill9()
        store.start()
        with redis.Redis.from_url(url) as client:
            assert client.get("kept") == b"yes"


def test_the_embedded_store_asks_for_its_password_which_no_argument_tells(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        with redis.Redis(port=store.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.get("pg:x")
        with redis.Redis.from_url(store.url) as client:
            assert client.ping()
        told = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(store.pid)], capture_output=True, check=True
        )

        assert len(store.password) >= 32
        assert store.password.encode() not in told.stdout
        assert store.password not in store.folder.joinpath("store.log").read_text()
    assert (tmp_path / "store.conf").stat().st_mode & 0o777 == 0o600
    assert EmbeddedStore(tmp_path).password == store.password
    assert EmbeddedStore(tmp_path / "other").password != store.password


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_part_outlives_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    parent, pids = start_parent(tmp_path)
    parent.send_signal(how)
    parent.wait(60)

    assert within(60, lambda: not any(map(is_alive, pids)))


def test_two_ctrl_c_in_a_row_leave_no_orphan(tmp_path: Path) -> None:
    parent, pids = start_parent(tmp_path)
    os.killpg(parent.pid, signal.SIGINT)
    os.killpg(parent.pid, signal.SIGINT)
    parent.wait(60)

    assert within(60, lambda: not any(map(is_alive, pids)))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_killed_guard_takes_its_program_along(tmp_path: Path) -> None:
    process = GuardedProcess(["sleep", "60"], tmp_path / "log")
    os.kill(process._guard.pid, signal.SIGKILL)

    assert within(60, lambda: not is_alive(process.pid))
    process.stop()


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 1; done"
    process = GuardedProcess(["sh", "-c", stubborn], tmp_path / "log", grace_s=0.2)
    assert within(5, lambda: "ready" in process.log_tail())
    process.stop()

    assert not is_alive(process.pid)


def test_a_missing_program_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        GuardedProcess(["no-such-program"], tmp_path / "log")


def test_a_part_that_ends_while_starting_shows_the_end_of_its_log(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store", port=1)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "appendonlydir").write_text("not a folder")

    with pytest.raises(PartNotAvailable, match="ended while starting"):
        store.start()


def test_a_system_without_builds_is_told_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")

    with pytest.raises(PartNotAvailable, match="payguard up --kafka"):
        embedded.EmbeddedBroker(Path("unused"))._argv()
    with pytest.raises(PartNotAvailable, match="payguard up --redis"):
        EmbeddedStore(Path("unused"))._argv()
