"""Evidence packs: what they hold and hide, their paper, their hashes in the audit, and the second person for a complete copy."""

from __future__ import annotations

import io
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace
from pypdf import PdfReader
from sqlalchemy.exc import IntegrityError

from contracts.errors import Malformed
from services.audit import audit_log
from services.cases import approvals
from services.cases.hold_service import HoldService
from services.cases.hold_tables import approvals as rows
from services.desk.pack import Pack, schema, sha256, written
from services.desk.pack_masks import Masked
from services.desk.pack_pdf import GlyphMissing, font_for, pdf_of, printable
from services.desk.packs import ALLOWED_S, MADE, RULE, UNMASKED, NotAllowed, Wanted, known
from services.mfa.vault import Vault
from services.platform.database import Database
from tests.services.desk.written_cases import (
    ACCOUNT,
    PAYEE,
    SAID,
    Clock,
    a_dispute,
    packs_over,
    put_case,
)

MARKUP = "#strong[x] <b>y</b> $a_1$ \\ @ref *bold* `code` {{ t }} // no comment"
WANG, LI = "staff:wang.min", "staff:li.na"


class Key:
    """Whoever decides."""

    def __init__(self, actor: str) -> None:
        self.actor = actor

    def allows(self, _scope: str) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


def wanted(case_id: str, **more: object) -> Wanted:
    return Wanted(case_id=case_id, by=WANG, time_zone="Asia/Shanghai", **more)  # type: ignore[arg-type]


async def looked(database: Database, clock: Clock, locale: str = "en") -> Pack:
    case = await a_dispute(database, clock)
    pack = await packs_over(database, clock).look(wanted(case.case_id, locale=locale))
    assert pack is not None
    return pack


async def test_each_line_of_a_pack_names_the_record_that_says_so(database: Database, clock: Clock) -> None:
    pack = await looked(database, clock)

    sources = {line.source.partition(" ")[0] for line in pack.story}
    assert sources == {"activity", "decision", "challenge", "answer", "message"}
    assert [line.source for line in pack.story if line.mine] == ["decision pay-1"]
    assert [each.words for each in pack.acts if each.what == "Note"] == ["Rang the seller."]
    assert [(each.kind, each.wallet[0].result) for each in pack.holds if each.wallet] == [("freeze", "done")]
    assert [each.state for each in pack.challenges] == ["passed"]
    assert [each.what for each in pack.deadlines] == ["First answer", "Decision"]
    assert pack.statement is not None
    assert pack.statement.answers[0].answer == "It never arrived"


async def test_a_masked_copy_holds_neither_names_nor_numbers_nor_any_code(
    database: Database, clock: Clock
) -> None:
    body = written(await looked(database, clock)).decode()

    for hidden in (ACCOUNT, PAYEE, "13800002207", "lin@qq.com", "59666543"):
        assert hidden not in body
    assert "138•••2207" in body


async def test_a_pack_fits_its_published_schema_and_says_its_zone(database: Database, clock: Clock) -> None:
    pack = await looked(database, clock, "zh-CN")

    jsonschema.validate(json.decode(written(pack)), json.decode(schema()))
    assert pack.made_at == "2026-09-21T23:13:20+08:00"
    assert Path("docs/evidence-pack.schema.json").read_bytes() == schema(), "run make docs"


async def test_the_same_case_at_the_same_time_makes_the_same_bytes(database: Database, clock: Clock) -> None:
    pack = await looked(database, clock, "zh-CN")
    body = written(pack)

    assert pdf_of(pack, body) == pdf_of(pack, body)


async def test_the_paper_is_pdf_a_with_chinese_that_can_be_copied_and_its_json_attached(
    database: Database, clock: Clock
) -> None:
    case = await a_dispute(database, clock, note=f"{MARKUP} 😀")
    made = await packs_over(database, clock).make(wanted(case.case_id, locale="zh-CN"), pdf=True)
    assert made is not None
    assert made.pdf is not None
    reader = PdfReader(io.BytesIO(made.pdf))
    text = "\n".join(page.extract_text() for page in reader.pages)

    assert "没收到" in text
    assert "第 1 页，共 2 页" in text
    assert sha256(made.body) in text
    flat = "".join(text.split())
    assert "".join(MARKUP.split()) in flat, "a note is printed as it was written"
    assert "[grinningface]" in flat
    assert reader.attachments["pack.json"] == [made.body]
    metadata = reader.xmp_metadata
    assert metadata is not None
    raw = metadata.stream.get_data().decode()
    assert "pdfaid:part" in raw
    assert ">3<" in raw
    assert ">B<" in raw
    glyphs = [font for page in reader.pages for font in page["/Resources"]["/Font"]]  # type: ignore[index]
    assert glyphs


async def test_a_letter_that_no_font_has_is_an_error_that_names_the_font(
    database: Database, clock: Clock
) -> None:
    pack = await looked(database, clock)
    assert pack.statement is not None
    odd = replace(pack, statement=replace(pack.statement, text="\ua9b2"))

    with pytest.raises(GlyphMissing, match=r"U\+A9B2.*fonts-noto-core"):
        pdf_of(odd, written(odd))
    assert font_for("例") == "fonts-noto-cjk"


async def test_the_audit_knows_a_pack_by_the_hash_of_its_file(database: Database, clock: Clock) -> None:
    case = await a_dispute(database, clock)
    made = await packs_over(database, clock).make(wanted(case.case_id), pdf=True)
    assert made is not None
    assert made.pdf is not None

    for body in (made.body, made.pdf):
        [one] = await known(database, sha256(body))
        assert one.by == WANG
    assert await known(database, sha256(made.body + b" ")) == []
    [row] = await audit_log.rows(database, ACCOUNT, MADE)
    assert f"file 1 {made.pack.files[0].sha256}" in str(row.entry.reason)
    assert row.seq > made.pack.anchor.row
    assert (await audit_log.verify(database)).broken == []


async def test_a_file_is_hashed_as_it_is_handed_out_and_not_where_it_does_not_open(
    database: Database, clock: Clock
) -> None:
    case = await a_dispute(database, clock)
    other = Vault({1: bytes([9]) * 32}, 1)
    opened = await packs_over(database, clock).look(wanted(case.case_id))
    closed = await packs_over(database, clock, other).look(wanted(case.case_id))
    assert opened is not None
    assert closed is not None

    assert opened.files[0].sha256 is not None
    assert closed.files[0].sha256 is None


async def test_a_complete_copy_is_made_by_whoever_asked_while_a_second_person_s_word_holds(
    database: Database, clock: Clock
) -> None:
    case = await a_dispute(database, clock)
    packs, holds = packs_over(database, clock), HoldService(database, clock, acts={UNMASKED: RULE})
    complete = wanted(case.case_id, masked=False)
    with pytest.raises(NotAllowed):
        await packs.look(complete)
    asked = await packs.ask_unmasked(case.case_id, WANG, "the regulator asks")
    assert asked is not None
    with pytest.raises(approvals.SamePerson):
        await holds.decide(asked.approval_id, Key(WANG), "approved")  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        await packs.look(complete)
    await holds.decide(asked.approval_id, Key(LI), "approved")  # type: ignore[arg-type]

    pack = await packs.look(complete)
    assert pack is not None
    assert (pack.case.account, pack.allowed_by, pack.statement and pack.statement.text) == (
        ACCOUNT,
        "li.na",
        SAID,
    )
    with pytest.raises(NotAllowed):
        await packs.look(replace(complete, by=LI))
    clock.at += ALLOWED_S + 1.0
    with pytest.raises(NotAllowed):
        await packs.look(complete)
    acts = [row.entry.action for row in await audit_log.rows(database, ACCOUNT)]
    assert acts[:2] == ["pack_unmasked_decided", "pack_unmasked_asked"]


async def test_the_database_refuses_a_complete_copy_that_one_person_asks_for_and_allows(
    database: Database, clock: Clock
) -> None:
    await put_case(database, "c-1")
    asked = await packs_over(database, clock).ask_unmasked("c-1", WANG, "why")
    assert asked is not None
    decided = (
        rows.update()
        .where(rows.c.approval_id == asked.approval_id)
        .values(decided_by=WANG, decided_at=clock.at, decision="approved")
    )

    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await connection.execute(decided)


async def test_a_case_that_there_is_not_and_a_zone_that_there_is_not_make_no_pack(
    database: Database, clock: Clock
) -> None:
    packs = packs_over(database, clock)
    await put_case(database, "c-1")

    assert await packs.make(wanted("nobody's"), pdf=False) is None
    with pytest.raises(Malformed):
        await packs.look(Wanted(case_id="c-1", by=WANG, time_zone="Asia/Nowhere"))


async def test_an_erasure_takes_the_packs_hashes_out_of_the_audit_and_the_chain_stays_whole(
    database: Database, clock: Clock
) -> None:
    case = await a_dispute(database, clock)
    made = await packs_over(database, clock).make(wanted(case.case_id), pdf=False)
    assert made is not None
    async with database.begin() as connection:
        words = await audit_log.take_words(connection, ACCOUNT)
        entry = audit_log.Entry(
            at=clock.at,
            action="account_erased",
            result="done",
            actor="key:boss",
            account_id=ACCOUNT,
            reason=words,
        )
        await audit_log.record(connection, entry)

    assert await known(database, sha256(made.body)) == []
    assert (await audit_log.verify(database)).broken == []


@given(st.text(max_size=80))
def test_what_is_printed_has_neither_controls_nor_what_nobody_sees(said: str) -> None:
    shown = printable(said)

    assert shown == printable(shown)
    assert all(
        each == "\n" or each.isprintable() or each in "\u00a0\u3000" or each.isspace() for each in shown
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Rang 138 0000 2207 on 2026-11-29 at 09:41", "Rang 138•••2207 on 2026-11-29 at 09:41"),
        ("TU-6620418, CNY 18000.00", "TU-6620418, CNY 18000.00"),
        ("an li.na@upay.example", "an l•••@upay.example"),
        ("单号6620418号", "单号66•••18号"),
    ],
)
def test_long_numbers_and_addresses_are_masked_and_days_and_amounts_are_not(said: str, shown: str) -> None:
    assert Masked().text(said) == shown
