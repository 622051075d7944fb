"""Every letter of the preview, in both languages: nothing is empty or unfilled, and every mail program can show it."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from notifier.preview import Shot, shots
from notifier.words import LOCALES, words
from services.scoring.effects import NOTICES
from tests.notifier.looked_at import Page

SHOTS = shots("UPay", LOCALES)
EVERY = pytest.mark.parametrize("shot", SHOTS, ids=[shot.name for shot in SHOTS])
#: What an address is for a program that loads, and what stands in a letter that a stranger had a part in.
_REMOTE = re.compile(r"https?:|//|url\(|@import|data:", re.I)
_MOST_BYTES = 102_000
#: Words of our own workshop, which say nothing to an owner.
_JARGON = (
    "looked up",
    "times likelier",
    "risk",
    "score",
    "detector",
    "无法查询",
    "风控",
    "异常交易",
    "None",
    "倍",
)


@EVERY
def test_a_letter_has_no_unfilled_gap_and_no_empty_part(shot: Shot) -> None:
    letter = shot.letter
    said = [letter.subject, letter.text, Page(letter.html).text]

    assert not any(re.search(r"[{}]|\$", each) for each in said)
    assert letter.subject.strip() == letter.subject != ""
    assert not letter.subject.endswith((":", "："))
    assert all(line == line.rstrip() for line in letter.text.splitlines())
    assert "\n\n\n" not in letter.text
    assert not any(word in each for each in said for word in _JARGON)


@EVERY
def test_a_subject_can_be_read_on_a_phone(shot: Shot) -> None:
    assert len(shot.letter.subject) <= (100 if shot.locale == "en" else 80)
    assert re.sub("[\u2060\u2068\u2069]", "", shot.letter.subject).isprintable()


@EVERY
def test_a_page_is_well_formed_small_and_loads_nothing(shot: Shot) -> None:
    page = Page(shot.letter.html)
    tags = {tag for tag, _ in page.elements}
    style = re.search(r"<style>(.*?)</style>", shot.letter.html, re.S)

    assert page.faults == []
    assert tags.isdisjoint({"script", "img", "link", "iframe", "form", "input", "video", "object"})
    assert not any(name in told for _, told in page.elements for name in ("src", "background", "onload"))
    assert not any("href" in told for tag, told in page.elements if tag != "a")
    assert style is not None
    assert not _REMOTE.search(style[1])
    assert not any(_REMOTE.search(told.get("style") or "") for _, told in page.elements)
    assert len(shot.letter.html.encode()) < _MOST_BYTES
    assert f'<html lang="{shot.locale}">' in shot.letter.html


@EVERY
def test_text_and_page_say_the_same(shot: Shot) -> None:
    """Word for word; the page says besides who writes, the subject, and what kind of letter it is."""
    said = words(shot.locale)
    text, page = _words_of(shot.letter.text), _words_of(Page(shot.letter.html).text)
    chip = said.letter(shot.template, shot.kind)
    assert chip is not None
    frame = _words_of(f"{said.frame['centre']} UPay U {chip['chip']} {shot.letter.subject}")

    assert text - page <= _words_of(said.say("label.amount"))
    assert page - text <= frame


def _words_of(said: str) -> set[str]:
    """Without the addresses of buttons, which the page shows to nobody."""
    said = re.sub(r"(?m)^https://\S+/my/answer/\S+$", "", said)
    return set(re.findall(r"\w+", said.replace("\u2060", "")))


@EVERY
def test_a_letter_says_what_to_do_and_how_to_know_that_it_is_ours(shot: Shot) -> None:
    reference = re.search(r"PG-[0-9A-Z]{4}-[0-9A-Z]{2}", shot.letter.text)

    assert reference is not None
    assert reference[0] in shot.letter.html
    assert "/my/answer/" in shot.letter.text or re.search(
        "If you|If it was|If something|What to do|如果", shot.letter.text
    )


def test_every_notice_that_scoring_and_the_product_ask_for_has_words() -> None:
    from services.cases.contact_points import ADDED, CHANGED
    from services.mfa.changes import Notice

    asked = {*NOTICES.values(), "hold_notice", "deny_notice", *get_args(Notice), CHANGED, ADDED}

    assert asked <= {shot.template for shot in SHOTS}


def test_every_table_of_words_has_both_languages_with_the_same_gaps() -> None:
    import tomllib
    from importlib.resources import files

    def check(value: object, path: str) -> None:
        if isinstance(value, dict) and set(value) & set(LOCALES):
            assert set(value) == set(LOCALES), path
            gaps = [
                set(re.findall(r"\{(\w+)\}", str(value[locale]).replace("{What}", "{what}")))
                for locale in LOCALES
            ]
            assert gaps[0] == gaps[1], path
        elif isinstance(value, dict):
            for name, inner in value.items():
                check(inner, f"{path}.{name}")

    for name in ("facts", "letters"):
        check(tomllib.loads(files("notifier.words").joinpath(f"{name}.toml").read_text("utf-8")), name)


def test_words_of_why_are_of_detectors_that_exist() -> None:
    from services.bootstrap.rest import open_reasons

    known = {detector for detector, _ in open_reasons()}

    for locale in LOCALES:
        assert set(words(locale).table("why")) <= known
