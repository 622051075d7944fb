"""`payguard attacks` names attacks, and one with who gave way."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec import json
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.platform.database import Database
from tests.services.attacks.made import NOW
from tests.services.attacks.rows_made import happened, look, wave


def attacks(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["attacks", *arguments], prog_name="payguard")


async def attacked(url: str) -> None:
    database = Database(url)
    rows, _ = wave("stuff", 60, 6, NOW, 600.0, gives_way=0.1)
    await happened(database, rows, NOW + 700.0)
    await look(database, NOW + 700.0)
    await database.close()


def test_attacks_are_listed_and_shown(migrated_file: Path) -> None:
    url = f"sqlite:///{migrated_file.with_name('attacked.db')}"
    migrated_file.with_name("attacked.db").write_bytes(migrated_file.read_bytes())
    asyncio.run(attacked(url))

    assert "W-1  credential_stuffing  open" in attacks("list", "--database", url).output
    [listed] = json.decode(attacks("list", "--open", "--database", url, "--json").output)
    shown = attacks("show", "W-1", "--database", url).output
    assert f"{listed['gave_way']} gave way" in shown
    assert shown.count("gave way: stuff-") == listed["gave_way"] > 0
    assert "recognised by payguard" in shown
    assert attacks("show", "W-9", "--database", url).exit_code == 1
