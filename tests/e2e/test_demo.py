"""The demo as a newcomer runs it: one command, real processes, a clean ledger, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEDGER = re.compile(
    r"ledger accepted=(\d+) decided=(\d+) undecided=(\d+) lost=(\d+) duplicate_effects=(\d+) "
    r"p50_ms=[\d.]+ p99_ms=[\d.]+"
)
GONE_WITHIN_S = 90.0

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the embedded parts have no build for Windows"
)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "services.cli.main", "up", "--data-dir", str(folder), *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def processes_of(folder: Path) -> list[int]:
    """Every process whose command line or environment names the folder (Linux), but for zombies."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if str(folder).encode() in told and state != "Z" and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def wait_until_gone(folder: Path) -> list[int]:
    deadline_s = time.monotonic() + GONE_WITHIN_S
    while (left := processes_of(folder)) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    return left


def wait_for(child: subprocess.Popen[str], told: str) -> str:
    """Read until a line holds the text; everything read."""
    assert child.stdout is not None
    read = ""
    for line in child.stdout:
        read += line
        if told in line:
            return read
    raise AssertionError(f"{told!r} was never said:\n{read}")


def test_the_demo_loses_nothing_doubles_nothing_and_decides_each_story_as_it_says(tmp_path: Path) -> None:
    child = start(tmp_path, "--demo", "--for", "10")
    output, _ = child.communicate(timeout=280)
    last = output.rstrip().splitlines()[-1]
    found = LEDGER.fullmatch(last)

    assert found is not None, output
    accepted, decided, undecided, lost, doubled = (int(figure) for figure in found.groups())
    assert accepted == decided > 5_000
    assert (undecided, lost, doubled) == (0, 0, 0)
    assert "NOT met" not in output
    assert len(re.findall(r" met *$", output, re.MULTILINE)) >= 9
    assert list((tmp_path / "outbox").glob("*.eml"))
    assert child.returncode == 0
    assert wait_until_gone(tmp_path) == []


def test_ctrl_c_stops_everything(tmp_path: Path) -> None:
    child = start(tmp_path)
    wait_for(child, "logs:")
    os.kill(child.pid, signal.SIGINT)
    output, _ = child.communicate(timeout=120)

    assert "Traceback" not in output
    assert wait_until_gone(tmp_path) == []


def test_ctrl_c_twice_leaves_nothing_behind(tmp_path: Path) -> None:
    child = start(tmp_path)
    wait_for(child, "logs:")
    os.kill(child.pid, signal.SIGINT)
    os.kill(child.pid, signal.SIGINT)
    child.communicate(timeout=120)

    assert wait_until_gone(tmp_path) == []


@pytest.mark.chaos
def test_kill_9_of_the_parent_leaves_no_orphan(tmp_path: Path) -> None:
    child = start(tmp_path)
    wait_for(child, "logs:")
    assert len(processes_of(tmp_path)) > 3
    child.kill()
    child.communicate(timeout=120)

    assert wait_until_gone(tmp_path) == []


@pytest.mark.chaos
def test_a_worker_that_dies_is_started_again(tmp_path: Path) -> None:
    child = start(tmp_path)
    wait_for(child, "logs:")
    (worker,) = [pid for pid in processes_of(tmp_path) if is_program(pid, b"worker")]
    os.kill(worker, signal.SIGKILL)
    wait_for(child, "worker ended; starting it again")
    deadline_s = time.monotonic() + 90
    while time.monotonic() < deadline_s and not any(
        is_program(pid, b"worker") for pid in processes_of(tmp_path)
    ):
        time.sleep(0.1)
    again = [pid for pid in processes_of(tmp_path) if is_program(pid, b"worker")]
    os.kill(child.pid, signal.SIGINT)
    child.communicate(timeout=120)

    assert again
    assert again != [worker]


def test_two_on_one_folder_are_refused_with_what_to_do(tmp_path: Path) -> None:
    first = start(tmp_path)
    wait_for(first, "embedded broker")
    second = start(tmp_path)
    output, _ = second.communicate(timeout=120)
    os.kill(first.pid, signal.SIGINT)
    first.communicate(timeout=120)

    assert second.returncode == 3
    assert "--data-dir" in output


def is_program(pid: int, name: bytes) -> bool:
    """Whether the process is `python -m services.cli.main NAME` itself, not its guard."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return arguments[1:4] == [b"-m", b"services.cli.main", name]
