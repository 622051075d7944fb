"""`payguard admin keys` and `payguard admin audit` as an operator meets them."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from services.audit.audit_log import rows
from services.bootstrap.rest import open_api
from services.cli.main import app
from services.http.api_keys import ApiKeys
from services.mfa.factor_records import NewFactor
from services.mfa.factors import start_enrolment
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.keyring import parse_keyring
from services.platform.secrets import UnusableKeys
from services.platform.settings import Settings
from tests.chaos.stack import environment_of

ROOT = Path(__file__).resolve().parents[3]
OLD, NEW, WRONG = bytes(range(32)), bytes([7]) * 32, bytes([9]) * 32


def as_text(*keys: tuple[int, bytes]) -> str:
    return ",".join(f"{version}:{b64encode(key).decode()}" for version, key in keys)


GRANT = as_text((1, bytes([5]) * 32))


@pytest.fixture
def url(tmp_path: Path, migrated_file: Path) -> str:
    """A database with three factors sealed under version 1."""
    shutil.copy(migrated_file, tmp_path / "test.db")
    made = f"sqlite:///{tmp_path / 'test.db'}"

    async def fill() -> None:
        database = Database(made)
        async with database.begin() as connection:
            for number in range(3):
                account_id = f"account-{number}"
                sealed = Vault({1: OLD}, 1).seal(account_id, "A" * 32)
                new = NewFactor(f"factor-{number}", account_id, sealed, f"{number}", None, 1.0)
                await start_enrolment(connection, new)
        await database.close()

    asyncio.run(fill())
    return made


def payguard(url: str, keys: str, *arguments: str) -> Result:
    environment = {"PAYGUARD_DATABASE": url, "PAYGUARD_FACTOR_KEY": keys, "COLUMNS": "200"}
    return CliRunner().invoke(app, ["admin", *arguments], prog_name="payguard", env=environment)


def answered(result: Result) -> Any:
    return json.loads(result.stdout)


def test_show_names_each_version_and_how_many_secrets_need_it(url: str) -> None:
    result = payguard(url, as_text((2, NEW), (1, OLD)), "keys", "show", "--json")

    assert answered(result) == {
        "current": 2,
        "versions": [
            {"version": 2, "state": "current", "secrets": 0},
            {"version": 1, "state": "held", "secrets": 3},
        ],
    }


def test_a_version_that_is_needed_and_not_held_is_a_bad_result(url: str) -> None:
    result = payguard(url, as_text((2, NEW)), "keys", "show")

    assert result.exit_code == 1
    assert "version 1: not held, seals 3 secrets" in result.stdout


def test_rotation_seals_everything_under_the_current_key_and_is_repeatable(url: str) -> None:
    both = as_text((2, NEW), (1, OLD))
    first, again = (answered(payguard(url, both, "keys", "rotate", "--json")) for _ in range(2))

    assert first == {"current": 2, "resealed": 3, "do_not_open": []}
    assert again == {"current": 2, "resealed": 0, "do_not_open": []}
    assert payguard(url, as_text((2, NEW)), "keys", "check").stdout == "3 of 3 secrets open\n"


def test_check_names_what_does_not_open(url: str) -> None:
    result = payguard(url, as_text((1, WRONG)), "keys", "check")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "0 of 3 secrets open",
        *(f"factor factor-{number} does not open" for number in range(3)),
    ]


def test_a_new_key_is_usable_and_stored_nowhere(url: str) -> None:
    key = payguard(url, "", "keys", "new").stdout.strip()

    assert parse_keyring("X", key).current == 1


def test_keys_are_in_no_output(url: str) -> None:
    both = as_text((2, NEW), (1, OLD))
    said = "".join(payguard(url, both, "keys", verb).output for verb in ("show", "check", "rotate"))

    assert not any(part in said for part in both.replace(":", ",").split(",") if len(part) > 3)


def test_the_audit_of_administrators_acts_is_shown_and_whole(url: str) -> None:
    made = answered(payguard(url, "", "api-key", "create", "wallet", "--scope", "verify", "--json"))
    payguard(url, "", "api-key", "revoke", made["key_id"])
    payguard(url, as_text((2, NEW), (1, OLD)), "keys", "rotate")

    shown = answered(payguard(url, "", "audit", "show", "--json"))
    assert [(row["action"], row["result"]) for row in shown] == [
        ("keys_rotated", "done"),
        ("api_key_revoked", "done"),
        ("api_key_made", "done"),
    ]
    assert all(row["actor"].startswith("cli:") for row in shown)
    assert shown[-1]["reason"] == f"{made['key_id']} verify"
    assert made["key"] not in json.dumps(shown)
    assert "3 rows, every one in its place" in payguard(url, "", "audit", "verify").stdout
    assert payguard(url, "", "audit", "show", "--limit", "1").stdout.count("\n") == 1


def test_a_changed_row_is_named_and_a_bad_result(url: str) -> None:
    payguard(url, "", "api-key", "create", "wallet", "--scope", "verify")
    changed(url, "UPDATE audit SET actor = 'cli:somebody-else'")

    plain, figures = payguard(url, "", "audit", "verify"), payguard(url, "", "audit", "verify", "--json")

    assert (plain.exit_code, figures.exit_code) == (1, 1)
    assert "BROKEN  partition 32, row 1 was altered" in plain.stdout
    assert answered(figures)["broken"][0]["seq"] == 1


def test_heads_kept_elsewhere_tell_of_an_end_cut_off(url: str, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    payguard(url, "", "api-key", "create", "wallet", "--scope", "verify")
    assert payguard(url, "", "audit", "verify", "--heads", str(file)).exit_code == 0
    assert payguard(url, "", "audit", "verify", "--against", str(file)).exit_code == 0
    changed(url, "DELETE FROM audit", "UPDATE audit_heads SET seq = 0, hash = zeroblob(32)")

    assert payguard(url, "", "audit", "verify").exit_code == 0
    result = payguard(url, "", "audit", "verify", "--against", str(file))
    assert result.exit_code == 1
    assert "was cut off since the heads were saved" in result.stdout


def test_a_file_that_holds_no_heads_is_refused(url: str, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    file.write_text('[{"lane": 1}]')
    result = payguard(url, "", "audit", "verify", "--against", str(file))

    assert "was not written by" in str(result.exception)


@pytest.mark.parametrize(
    ("keys", "grant", "told"),
    [
        (as_text((1, OLD)), "", "neither PAYGUARD_GRANT_KEY nor PAYGUARD_GRANT_KEY_FILE is set"),
        ("", GRANT, "neither PAYGUARD_FACTOR_KEY nor PAYGUARD_FACTOR_KEY_FILE is set"),
        ("nonsense", GRANT, "entry 1 holds 6 bytes instead of 32"),
        (as_text((1, WRONG)), GRANT, "PAYGUARD_FACTOR_KEY is not the key"),
        (as_text((2, NEW)), GRANT, "stored secrets need key version 1"),
    ],
)
async def test_the_api_does_not_open_without_the_keys_that_are_needed(
    url: str, keys: str, grant: str, told: str
) -> None:
    database = Database(url)
    with pytest.raises((ValueError, UnusableKeys)) as refused:
        await open_api(_settings(url, keys, grant), database)
    await database.close()

    assert told in str(refused.value)
    assert not keys or keys not in str(refused.value)


def test_an_api_that_does_not_open_ends_with_one_sentence(url: str) -> None:
    settings = _settings(url, as_text((1, WRONG)), GRANT)
    ended = subprocess.run(
        [sys.executable, "-m", "services.cli.main", "api"],
        env=environment_of(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: a factor does not open")
    assert ended.stderr.count("\n") == 1


def _settings(url: str, keys: str, grant: str) -> Settings:
    return Settings(
        database=url,
        factor_key=keys,
        pseudonym_key=as_text((1, NEW)).removeprefix("1:"),
        grant_key=grant,
        event_key=GRANT,
        http_port=0,
        log_level="WARNING",
    )


async def test_a_key_that_was_revoked_before_is_not_revoked_again_in_the_audit(
    tmp_path: Path, migrated_file: Path
) -> None:
    database = Database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'keys.db')}")
    keys = ApiKeys(database)
    _, key = await keys.create("wallet", ["verify"], "cli:ops")
    for _ in range(2):
        await keys.revoke(key.key_id, "cli:ops")
    acts = [row.entry.action for row in await rows(database)]
    await keys.close()
    await database.close()

    assert acts == ["api_key_revoked", "api_key_made"]


def changed(url: str, *statements: str) -> None:
    async def change() -> None:
        database = Database(url)
        async with database.begin() as connection:
            for name in ("audit_no_update", "audit_no_delete", "audit_heads_move_on"):
                await connection.execute(text(f"DROP TRIGGER {name}"))
            for statement in statements:
                await connection.execute(text(statement))
        await database.close()

    asyncio.run(change())
