"""The command line as a person meets it: help, wrong flags, missing files, broken pipes, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.cli.options import with_plain_errors

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = [
    "up",
    "worker",
    "api",
    "cases",
    "notifier",
    "simulate",
    "convert",
    "replay",
    "send",
    "bench",
    "lab",
    "policy",
    "admin",
]


def payguard(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), prog_name="payguard", env={"COLUMNS": "200"})


def process(*arguments: str, **pipes: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "services.cli.main", *arguments], cwd=ROOT, **pipes)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def events_file(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    result = payguard("simulate", "--accounts", "8", "--days", "3", "--stories", "none", "--out", str(file))
    assert result.exit_code == 0
    return file


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = payguard(command, "--help")

    assert result.exit_code == 0
    assert len(result.output) > 200


def test_help_names_every_command() -> None:
    output = payguard("--help").output

    assert all(command in output for command in COMMANDS)


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = "import sys, services.cli.main; print([m for m in ('faust','sqlalchemy','aiokafka','fastapi') if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["replay", "/no/such/file"], "there is no file"),
        (["simulate", "--stories", "nonsense"], "unknown story"),
        (["simulate", "--accounts", "3"], "--accounts"),
        (["simulate", "--start", "yesterday"], "--start"),
        (["simulate", "--nonsense"], "No such option"),
        (["send", "/dev/null", "--url", "http://127.0.0.1:9"], "--key"),
        (["admin", "dead", "redrive"], "--all"),
        (["admin", "database", "migrate", "--database", "mysql://x"], "sqlite:///"),
        (["convert", "nonsense", "x"], "handbook"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_do(arguments: list[str], told: str) -> None:
    result = payguard(*arguments)

    assert result.exit_code == 2, result.output
    assert told in result.output
    assert "Traceback" not in result.output


def test_an_unknown_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYGUARD_NONSENSE", "1")
    result = payguard("simulate", "--accounts", "1", "--stories", "none")

    assert result.exit_code == 2
    assert "PAYGUARD_NONSENSE" in result.output


def test_replay_prints_one_decision_a_line(events_file: Path) -> None:
    result = payguard("replay", str(events_file))
    decisions = [json.loads(line) for line in result.stdout.splitlines()]

    assert result.exit_code == 0
    assert len(decisions) == len(events_file.read_text().splitlines())
    assert {"event_id", "action", "score"} <= decisions[0].keys()


def test_replay_with_json_prints_one_object(events_file: Path) -> None:
    figures = json.loads(payguard("replay", str(events_file), "--json").stdout)

    assert figures["events"] == sum(figures["actions"].values())
    assert figures["refused_lines"] == 0


def test_replay_summary_shows_tables_and_no_decisions(events_file: Path) -> None:
    output = payguard("replay", str(events_file), "--summary").output

    assert "Actions" in output
    assert "event_id" not in output


def test_a_line_that_is_no_event_is_reported_and_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"type":"login"}\n')
    result = payguard("replay", str(file))

    assert result.exit_code == 2
    assert "line 1: invalid_event" in result.stderr


def test_a_broker_that_is_away_ends_with_3_and_says_which(events_file: Path) -> None:
    child = process("send", str(events_file), "--kafka", "127.0.0.1:9", stderr=subprocess.PIPE)
    _, told = child.communicate(timeout=120)

    assert child.returncode == 3
    assert b"127.0.0.1:9" in told
    assert b"Traceback" not in told


def test_a_reader_that_leaves_early_is_no_error_to_shout_about() -> None:
    child = process("simulate", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    told = child.stderr.read()
    child.stderr.close()
    child.wait(timeout=120)

    assert b"Traceback" not in told


def test_ctrl_c_ends_a_long_command_with_130_and_without_a_traceback() -> None:
    child = process("simulate", "--days", "3000", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    os.kill(child.pid, signal.SIGINT)
    _, told = child.communicate(timeout=120)

    assert child.returncode == 130
    assert b"Traceback" not in told


def test_api_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'keys.sqlite3'}"
    made = json.loads(
        payguard(
            "admin", "api-key", "create", "wallet", "--scope", "ingest", "--database", database, "--json"
        ).stdout
    )
    listed = payguard("admin", "api-key", "list", "--database", database).output

    assert made["key"].startswith("pg_")
    assert made["key_id"] in listed
    assert made["key"] not in listed
    assert payguard("admin", "api-key", "revoke", made["key_id"], "--database", database).exit_code == 0
    assert payguard("admin", "api-key", "revoke", made["key_id"], "--database", database).exit_code == 1


def test_simulate_says_nothing_on_standard_error_where_there_is_no_terminal(events_file: Path) -> None:
    child = process("replay", str(events_file), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, told = child.communicate(timeout=120)

    assert told == b""


@pytest.mark.parametrize(
    ("package", "install"),
    [("numpy.linalg", "pip install 'payguard[lab]'"), ("fastapi", "make dev")],
)
def test_a_missing_package_is_named_with_what_installs_it(
    package: str, install: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command_line() -> None:
        raise ModuleNotFoundError(name=package)

    with pytest.raises(SystemExit) as ended:
        with_plain_errors(command_line)

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"error: the package {package} is not installed; run: {install}\n"
