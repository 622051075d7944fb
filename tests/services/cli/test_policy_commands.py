"""`payguard policy`: what a person sees of a good file, a bad one, and two that differ."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.policy.file import read_policy

ROOT = Path(__file__).resolve().parents[3]
MINE = """
version = "mine"
fade = 0.4
[lists]
deny = ["acct-8", "acct-9"]
[detectors.new_device]
mode = "shadow"
[[bands.CNY]]
from = 3000
challenge = 0.05
[[snoozes]]
account = "acct-42"
detector = "new_country"
until = 2026-12-01T00:00:00Z
reason = "moves house, ticket 4711"
"""
BAD = 'version = "bad"\nprior = 3\ncolour = 1\n[lists]\ndeny = 2\n'


def policy(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["policy", *arguments], prog_name="payguard", env={"COLUMNS": "200"})


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.toml"
    path.write_text(BAD, encoding="utf-8")
    return str(path)


def test_check_tells_the_version_and_what_differs_from_the_default(mine: str) -> None:
    result = policy("check", mine)

    assert result.exit_code == 0
    assert read_policy(Path(mine)).version in result.output
    assert "fade" in result.output
    assert "acct-8, acct-9" in result.output
    assert "thresholds.login.notify" not in result.output


def test_check_tells_every_wrong_key_and_ends_with_2(bad: str) -> None:
    result = policy("check", bad)

    assert result.exit_code == 2
    assert [line.removeprefix(f"error: {bad}: ") for line in result.stderr.splitlines()] == [
        "colour: unknown key; known here: " + result.stderr.split("known here: ")[1].splitlines()[0],
        "prior: expected a probability between 0 and 0.5, got 3",
        "lists.deny: expected a list of account ids, got 2",
    ]


def test_check_tells_a_program_the_same(mine: str, bad: str) -> None:
    good, wrong = policy("check", mine, "--json"), policy("check", bad, "--json")

    assert json.loads(good.stdout)["usable"] is True
    assert wrong.exit_code == 2
    assert len(json.loads(wrong.stdout)["faults"]) == 3


def test_every_contradiction_between_keys_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(
        'version = "odd"\n[thresholds.login]\nnotify = 0.5\n[lists]\nallow = ["a"]\ndeny = ["a"]\n'
        '[cost]\nrule = "also"\n[[snoozes]]\nfrom = 2026-12-02T00:00:00Z\nuntil = 2026-12-01T00:00:00Z\nreason = "r"\n',
        encoding="utf-8",
    )
    told = [line.removeprefix(f"error: {path}: ") for line in policy("check", str(path)).stderr.splitlines()]

    assert told == [
        "lists.deny: 1 of these accounts are on lists.allow too",
        "thresholds.login.challenge: expected at least the threshold before it (0.5), got 0.035",
        'cost.currency: missing; expected while cost.rule is "also"',
        'cost.friction: missing; expected while cost.rule is "also"',
        "snoozes[0]: expected an account, a detector or both",
        "snoozes[0].until: expected a time after from (2026-12-02T00:00:00+00:00), got 2026-12-01T00:00:00+00:00",
    ]


def test_diff_names_each_key_that_differs_with_both_values(mine: str) -> None:
    told = json.loads(policy("diff", "default", mine, "--json").stdout)
    found = {each["key"]: (each["a"], each["b"]) for each in told["differences"]}

    assert (told["a"], told["b"]) == (read_policy().version, read_policy(Path(mine)).version)
    assert found == {
        "fade": (0.5, 0.4),
        "bands.CNY from 3000": (None, {"notify": 0.02, "challenge": 0.05, "hold": 0.9, "deny": 0.985}),
        "bands.CNY from 5000": (found["bands.CNY from 5000"][0], None),
        "bands.CNY from 50000": (found["bands.CNY from 50000"][0], None),
        "lists.deny": ([], ["acct-8", "acct-9"]),
        "snoozes new_country acct-42": (
            None,
            {
                "from": None,
                "until": "2026-12-01T00:00:00Z",
                "reason": "moves house, ticket 4711",
                "holds": False,
            },
        ),
        "detectors.new_device.mode": ("on", "shadow"),
    }


def test_diff_is_a_table_for_people(mine: str) -> None:
    output = policy("diff", mine, "default").output

    assert "7 keys differ" in output
    assert "moves house, ticket 4711" in output


def test_a_policy_does_not_differ_from_itself(mine: str) -> None:
    assert json.loads(policy("diff", mine, mine, "--json").stdout)["differences"] == []
    assert "nothing differs" in policy("diff", "default", "default").output


def test_a_parameter_that_is_stated_as_the_detector_has_it_is_no_difference(tmp_path: Path) -> None:
    """What counts is the value in effect, not where it is written."""
    own = dict(
        line.split(": ")
        for line in policy("show").output.splitlines()
        if line.startswith("detectors.velocity_count.params")
    )
    path, value = next(iter(own.items()))
    name = path.rpartition(".")[2]
    stated = tmp_path / "same.toml"
    stated.write_text(
        f'version = "same"\n[detectors.velocity_count]\nparams = {{ {name} = {value} }}\n', encoding="utf-8"
    )

    assert json.loads(policy("diff", "default", str(stated), "--json").stdout)["differences"] == []


def test_show_prints_every_key_in_effect(mine: str) -> None:
    output = policy("show", mine).output

    assert "fade: 0.4" in output
    assert "detectors.new_device.mode: shadow" in output
    assert "challenge.exempt_kinds: refund, top_up" in output


@pytest.mark.parametrize("arguments", [("policy", "diff", "default"), ("replay", "-", "--policy")])
def test_a_bad_policy_is_told_without_a_traceback_whoever_reads_it(
    bad: str, arguments: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main", *arguments, bad],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )

    assert done.returncode == 2
    assert f"error: {bad}: prior: expected a probability between 0 and 0.5, got 3" in done.stderr
    assert "Traceback" not in done.stderr
