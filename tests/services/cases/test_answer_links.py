"""The text of a link follows from its notice: the same on every try, and nobody else's."""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import insert, select

from contracts.decisions import Notify
from services.cases.answer_links import (
    Answered,
    AnswerLink,
    AnswerLinks,
    LinkProof,
    Verdict,
    is_nuisance,
    note_answer,
)
from services.cases.hold_tables import owner_words
from services.cases.incident_rows import answer_incident
from services.cases.link_texts import read
from services.cases.owner_tables import incidents
from services.cases.repository import keep
from services.platform.database import Database
from services.platform.keyring import Keyring
from tests.services.cases.decided import no_challenges, notify, recorded

NOW = 1_790_000_100.0

OLD, NEW = b"o" * 32, b"n" * 32
LINKS = AnswerLinks(Keyring({1: OLD}, 1))
NOTICE = "0123456789abcdef" * 2
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def text(notice_id: str = NOTICE, account_id: str = "li") -> str:
    found = LINKS.text(notice_id, account_id)
    assert found is not None
    return found


def old_text(notice_id: str = NOTICE, account_id: str = "li") -> str:
    """As letters bore it before: the whole id and the whole hash."""
    key = Keyring({1: OLD}, 1).derived("payguard answers").keys[1]
    mac = digest(key, f"link\0{notice_id}\0{account_id}".encode(), "sha256")
    return urlsafe_b64encode(bytes.fromhex(notice_id) + mac).decode()


def test_a_letter_that_is_sent_again_holds_the_same_link() -> None:
    assert text() == text()
    assert text().isalnum()
    assert len(text()) == 27
    assert text() != text(account_id="wang") != text(notice_id="f" * 32)
    assert len("https://security.some-longer-wallet-name.example" + "/my/answer/" + text() + "/yes") < 200


def test_a_text_is_a_link_of_its_own_notice_and_account_alone() -> None:
    assert read(text()).names(NOTICE)
    assert not read(text()).names("f" * 32)
    assert LINKS.is_of(text(), NOTICE, "li")
    assert not LINKS.is_of(text(), NOTICE, "wang")
    assert not LINKS.is_of(text(), "f" * 32, "li")


def test_links_of_a_former_key_still_answer_and_new_ones_are_of_the_current() -> None:
    both = AnswerLinks(Keyring({2: NEW, 1: OLD}, 2))

    assert both.is_of(text(), NOTICE, "li")
    assert both.text(NOTICE, "li") != text()
    assert not AnswerLinks(Keyring({2: NEW}, 2)).is_of(text(), NOTICE, "li")


def test_ten_thousand_mutations_are_no_links() -> None:
    chance, mutated = random.Random(12), set[str]()
    while len(mutated) < 10_000:
        letters = list(text())
        for _ in range(chance.randint(1, 4)):
            act, place = chance.choice("scid"), chance.randrange(len(letters))
            if act == "s":
                letters[place] = chance.choice(_LETTERS)
            elif act == "c":
                letters[place] = letters[place].swapcase()
            elif act == "i":
                letters.insert(place, chance.choice(_LETTERS))
            else:
                del letters[place]
        mutated.add("".join(letters))
    mutated.discard(text())

    assert not any(LINKS.is_of(each, NOTICE, "li") for each in mutated)


@hypothesis.given(st.text("0123456789abcdef", min_size=32, max_size=32), st.text(max_size=20))
def test_every_notice_has_one_text_that_names_it(notice_id: str, account_id: str) -> None:
    said = text(notice_id, account_id)

    assert said.isalnum()
    assert len(said) == 27
    assert read(said).names(notice_id)
    assert LINKS.is_of(said, notice_id, account_id)
    assert LINKS.is_of(old_text(notice_id, account_id), notice_id, account_id)
    assert not LINKS.is_of(said, notice_id, account_id + "x")


@hypothesis.given(st.text(max_size=80))
def test_no_text_is_read_as_anything_but_a_link(said: str) -> None:
    assert len(read(said).first) == len(read(said).last) == 32
    assert LINKS.is_of(said, NOTICE, "li") == (said in (text(), old_text()))


@pytest.mark.parametrize("notice_id", ["", "n1", "A" * 32, "0" * 31, "g" * 32, "0" * 32 + "\n"])
def test_a_notice_of_another_form_has_no_link(notice_id: str) -> None:
    assert LINKS.text(notice_id, "li") is None


def test_the_mac_has_128_bits_and_a_text_one_form() -> None:
    assert len(read(text()).mac) == 16
    assert read("z" * 27).mac == b""
    assert read("0" * 27).mac == b"\0" * 16


def given(link: AnswerLink, answer: Verdict, proof: LinkProof, at: float = NOW) -> Answered:
    return Answered(answer=answer, proof=proof, report_id=link.report_id(answer, proof), answered_at=at)


async def asked(database: Database) -> AnswerLink:
    """The link of a letter about a decision."""
    effect = notify("e1", "hold_notice")
    async with database.begin() as connection:
        await keep(connection, [recorded("e1", effects=(effect,))], no_challenges)
        found = await LINKS.find(connection, LINKS.text(effect.effect_id, "li") or "")
    assert found is not None
    return found


async def test_a_link_is_found_with_what_its_letter_told_and_what_was_answered(database: Database) -> None:
    link = await asked(database)
    async with database.begin() as connection:
        noted = await note_answer(connection, link, given(link, "not_me", "link"))
        again = await LINKS.find(connection, link.text)
        theirs = await LINKS.find(connection, LINKS.text(link.notice_id, "wang") or "")
        nobody = await LINKS.find(connection, LINKS.text("f" * 32, "li") or "")

    assert (link.event_id, link.template, link.account_id) == ("e1", "hold_notice", "li")
    assert link.decision is not None
    assert (link.answered, link.settled) == (None, False)
    assert noted
    assert again is not None
    assert again.settled
    assert again.answered == given(link, "not_me", "link")
    assert (theirs, nobody) == (None, None)


async def test_a_link_as_letters_bore_it_before_is_the_same_link(database: Database) -> None:
    link = await asked(database)
    async with database.begin() as connection:
        before = await LINKS.find(connection, old_text(link.notice_id))
        assert before is not None
        noted = await note_answer(connection, before, given(before, "not_me", "link"))
        second = await note_answer(connection, link, given(link, "was_me", "code"))
        now = await LINKS.find(connection, link.text)

    assert (before.notice_id, before.settled) == (link.notice_id, False)
    assert now is not None
    assert (noted, second, now.settled) == (True, False, True)


async def test_notices_whose_ids_begin_alike_have_links_of_their_own(database: Database) -> None:
    alike = [f"0123456789{sha256(bytes([number])).hexdigest()[:22]}" for number in range(3)]
    async with database.begin() as connection:
        for number, notice_id in enumerate(alike):
            effect = Notify(effect_id=notice_id, template="hold_notice")
            await keep(connection, [recorded(f"e{number}", effects=(effect,))], no_challenges)
        found = [await LINKS.find(connection, text(notice_id)) for notice_id in alike]

    assert [link and link.notice_id for link in found] == alike


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (("was_me", "link"), ("not_me", "link"), True),
        (("was_me", "link"), ("was_me", "code"), True),
        (("was_me", "link"), ("was_me", "link"), False),
        (("was_me", "code"), ("not_me", "link"), False),
        (("not_me", "link"), ("was_me", "code"), False),
        (("not_me", "link"), ("not_me", "link"), False),
    ],
)
async def test_an_answer_stands_but_a_yes_by_the_link_alone_gives_way(
    database: Database, first: Any, second: Any, stands: bool
) -> None:
    link = await asked(database)
    async with database.begin() as connection:
        assert await note_answer(connection, link, given(link, first[0], first[1]))
        noted = await note_answer(connection, link, given(link, second[0], second[1], NOW + 1.0))
        found = await LINKS.find(connection, link.text)

    assert noted is stands
    assert found is not None
    assert found.answered is not None
    assert (found.answered.answer, found.answered.proof) == (second if stands else first)


async def test_the_incident_of_a_weak_yes_becomes_one_of_a_no(database: Database) -> None:
    link = await asked(database)
    async with database.begin() as connection:
        answers = []
        for answer in ("was_me", "not_me", "was_me"):
            await answer_incident(connection, "li", link.event_id, answer, NOW)
            answers.append(await connection.scalar(select(incidents.c.answer)))

    assert answers == ["was_me", "not_me", "not_me"]


@pytest.mark.parametrize(("undone", "days_ago", "wanted"), [(2, 1, False), (3, 1, True), (3, 31, False)])
async def test_three_that_were_undone_in_30_days_are_a_nuisance(
    database: Database, undone: int, days_ago: int, wanted: bool
) -> None:
    async with database.begin() as connection:
        for number in range(undone):
            row = {"account_id": "li", "event_id": f"r{number}", "about_event_id": "e", "verdict": "not_me"}
            at = NOW - days_ago * 86_400.0
            told = {"told_at": at, "told_by": "letter", "undone_at": at}
            await connection.execute(insert(owner_words).values(row | told))
        assert await is_nuisance(connection, "li", NOW) is wanted
        assert not await is_nuisance(connection, "wang", NOW)
