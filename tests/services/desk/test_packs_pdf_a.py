"""What an evidence pack promises of its paper, as veraPDF sees it: PDF/A-3b, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.desk.pack import written
from services.desk.pack_pdf import pdf_of
from services.platform.database import Database
from tests.parts.fixtures import started_or_explained
from tests.parts.verapdf import broken_rules, verapdf
from tests.services.desk.test_packs import MARKUP, wanted
from tests.services.desk.written_cases import Clock, a_dispute, packs_over

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def libs() -> Path:
    """Where veraPDF's jars are."""
    return started_or_explained(verapdf)


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_a_pack_keeps_to_every_rule_of_pdf_a_3b(
    database: Database, tmp_path: Path, libs: Path, locale: str
) -> None:
    clock = Clock()
    case = await a_dispute(database, clock, note=f"{MARKUP} 😀")
    pack = await packs_over(database, clock).look(wanted(case.case_id, locale=locale))
    assert pack is not None
    file = tmp_path / "pack.pdf"
    file.write_bytes(pdf_of(pack, written(pack)))

    assert broken_rules(libs, file) == []


async def test_a_pdf_that_is_none_of_pdf_a_breaks_rules(
    database: Database, tmp_path: Path, libs: Path
) -> None:
    clock = Clock()
    case = await a_dispute(database, clock)
    pack = await packs_over(database, clock).look(wanted(case.case_id))
    assert pack is not None
    file = tmp_path / "pack.pdf"
    file.write_bytes(pdf_of(pack, written(pack)).replace(b"pdfaid:part", b"pdfaid:tarp"))

    assert broken_rules(libs, file)
