"""`payguard cases pack`, and `payguard admin audit pack`, which knows its files."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from msgspec import json
from typer.testing import CliRunner

from services.cli.main import app
from services.platform.database import Database
from tests.services.cases.databases import migrated_file  # noqa: F401  found here by the tests
from tests.services.desk.written_cases import Clock, a_dispute


def test_a_pack_is_written_and_the_audit_knows_its_file_until_it_is_changed(
    tmp_path: Path,
    migrated_file: Path,  # noqa: F811
) -> None:
    shutil.copy(migrated_file, tmp_path / "cases.db")
    url = f"sqlite:///{tmp_path / 'cases.db'}"

    async def written() -> str:
        store = Database(url)
        case = await a_dispute(store, Clock())
        await store.close()
        return case.case_id

    case_id, file = asyncio.run(written()), tmp_path / "pack.json"
    wanted = ["cases", "pack", case_id, "--locale", "zh-CN", "--output", str(file), "--database", url]
    known = ["admin", "audit", "pack", str(file), "--database", url]

    made = CliRunner().invoke(app, wanted, prog_name="payguard")
    right = CliRunner().invoke(app, known, prog_name="payguard")
    pack = json.decode(file.read_bytes())
    file.write_bytes(file.read_bytes().replace(b"1,299.00", b"9,299.00"))
    wrong = CliRunner().invoke(app, known, prog_name="payguard")

    assert (made.exit_code, right.exit_code, wrong.exit_code) == (0, 0, 1)
    assert (pack["locale"], pack["masked"]) == ("zh-CN", True)
    assert pack["case"]["number"] in right.output
    nobody = CliRunner().invoke(app, ["cases", "pack", "nobody", "--database", url], prog_name="payguard")
    assert nobody.exit_code == 1
