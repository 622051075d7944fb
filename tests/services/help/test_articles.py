"""What PayGuard brings is whole: the same answers in both languages, each with its review, and no promise without a fact."""

from __future__ import annotations

import re

import msgspec
import pytest

from services.help.articles import LOCALES, Text, parsed, shipped
from services.help.rendering import rendered
from tests.services.help.written import FACTS

ANSWERS = [pytest.param(text, id=f"{slug}-{locale}") for (slug, locale), text in shipped().items()]


def test_every_answer_is_there_in_both_languages() -> None:
    names = {locale: {slug for slug, each in shipped() if each == locale} for locale in LOCALES}

    assert names["en"] == names["zh-CN"]
    assert len(names["en"]) >= 25


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_is_due_for_review_in_half_a_year_and_short_enough_for_a_phone(text: Text) -> None:
    days = (text.review_by - text.reviewed_at).days

    assert 150 <= days <= 200
    assert len(text.asked) >= 8
    assert len(set(text.asked)) == len(text.asked)
    assert len(text.body) < 1500


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_that_comes_with_payguard_claims_no_review(text: Text) -> None:
    assert text.reviewed_by == ""


@pytest.mark.parametrize("text", ANSWERS)
def test_every_name_in_braces_is_a_fact_of_the_installation(text: Text) -> None:
    assert not re.findall(r"{\w*}", FACTS.filled(text.body) + text.title)


@pytest.mark.parametrize("text", ANSWERS)
def test_nothing_of_an_answer_is_lost_on_its_way_to_the_page(text: Text) -> None:
    shown = re.sub(r"<[^>]+>|\s", "", str(rendered(text.body)))
    written = re.sub(r"\*\*|(?m:^(?:\d+\.|-) )|\s", "", text.body)

    assert shown == written


def test_chinese_keeps_spaces_between_the_scripts_and_full_width_points() -> None:
    for (slug, locale), text in shipped().items():
        if locale == "zh-CN":
            said = FACTS.filled(text.body)
            assert not re.search("[\u3400-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u3400-\u9fff]", said), slug
            assert not re.search("[\u3400-\u9fff][,;:!?]", said), slug
            assert "风控" not in said, slug


def test_what_a_policy_decides_is_said_as_it_decides() -> None:
    facts = msgspec.structs.replace(FACTS, hold_hours=5, undo_minutes=7)
    said = " ".join(facts.filled(text.body) for text in shipped().values())

    assert "at most 5 hours" in said
    assert "7 分钟内" in said
    assert "72" not in said


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("no head", "TOML between two lines"),
        ("+++\ntitle = 1\n+++\nx", "title|missing"),
        ("+++\ntitle = \n+++\nx", "a.md"),
        ('+++\ntopic = "money"\n+++\nx', "topic|Invalid enum"),
    ],
)
def test_a_file_that_is_not_whole_is_named_with_what_is_wrong(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        parsed("a.md", written)

    assert "a.md" in str(raised.value)
