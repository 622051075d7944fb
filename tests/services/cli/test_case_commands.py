"""`payguard cases pack`, and `payguard admin audit pack`, which knows its files."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest
from msgspec import json
from typer.testing import CliRunner, Result

from services.cases.hold_service import HoldService
from services.cases.references import case_number
from services.cases.unfreezing import Unfreezing
from services.cli.main import app
from services.desk.packs import RULE, UNMASKED
from services.platform.database import Database
from services.staff.members import made
from tests.services.cases.databases import migrated_file  # noqa: F401  found here by the tests
from tests.services.desk.written_cases import Clock, a_dispute, put_case


def payguard(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], prog_name="payguard")


@pytest.fixture
def dispute(tmp_path: Path, migrated_file: Path) -> tuple[str, str]:  # noqa: F811
    """A database with a dispute in it, and the dispute's id."""
    shutil.copy(migrated_file, tmp_path / "cases.db")
    url = f"sqlite:///{tmp_path / 'cases.db'}"

    async def written() -> str:
        store = Database(url)
        case = await a_dispute(store, Clock())
        await store.close()
        return case.case_id

    return url, asyncio.run(written())


def test_a_pack_is_written_and_the_audit_knows_its_file_until_it_is_changed(
    tmp_path: Path, dispute: tuple[str, str]
) -> None:
    url, case_id = dispute
    file = tmp_path / "pack.json"
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


def test_a_case_is_named_by_the_number_that_people_say_however_it_is_typed(
    tmp_path: Path, dispute: tuple[str, str]
) -> None:
    url, case_id = dispute
    number = case_number(case_id)
    for said in (number, number.lower().replace("-", " ")):
        file = tmp_path / f"{len(said.split())}.json"
        made = payguard("cases", "pack", said, "--output", str(file), "--database", url)

        assert made.exit_code == 0, made.output
        assert json.decode(file.read_bytes())["case"]["case_id"] == case_id


def test_a_number_that_two_cases_share_asks_for_the_id(dispute: tuple[str, str]) -> None:
    url, case_id = dispute
    other = case_id[:-1] + ("0" if case_id[-1] != "0" else "1")

    async def share() -> None:
        store = Database(url)
        await put_case(store, other)
        await store.close()

    asyncio.run(share())
    made = payguard("cases", "pack", case_number(case_id), "--database", url)

    assert made.exit_code == 1
    assert "2 cases have this number" in made.stderr
    assert case_id in made.stderr
    assert other in made.stderr


def test_a_complete_pack_is_made_once_another_person_allowed_it(
    tmp_path: Path, dispute: tuple[str, str]
) -> None:
    url, case_id = dispute
    file = tmp_path / "whole.json"
    wanted = ("cases", "pack", case_id, "--complete", "--output", str(file), "--database", url)
    refused = payguard(*wanted)
    asked = payguard("cases", "pack", case_id, "--ask", "the regulator asks", "--json", "--database", url)
    waiting = payguard(*wanted)

    async def allow() -> None:
        store = Database(url)
        holds = HoldService(store, time.time, Unfreezing(), {UNMASKED: RULE})
        await holds.decide(json.decode(asked.stdout)["approval_id"], made("li.na", "senior"), "approved")
        await store.close()

    asyncio.run(allow())
    whole = payguard(*wanted)

    assert [each.exit_code for each in (refused, asked, waiting, whole)] == [1, 0, 1, 0], whole.output
    assert "a complete copy needs a second person" in refused.stderr
    assert json.decode(file.read_bytes())["masked"] is False


def test_asking_without_a_reason_is_a_usage_error(dispute: tuple[str, str]) -> None:
    url, case_id = dispute

    assert payguard("cases", "pack", case_id, "--ask", " ", "--database", url).exit_code == 2
