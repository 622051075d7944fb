"""The catalogue: whole in both languages, and nothing in it that no page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import services.portal
from services.portal.wording import LOCALES, catalogue, preferred, wording

_PACKAGE = Path(services.portal.__file__).parent
_SPOKEN = "\n".join(
    file.read_text() for pattern in ("*.py", "templates/*.html") for file in _PACKAGE.glob(pattern)
)


@pytest.mark.parametrize("key", catalogue())
def test_every_sentence_is_said_in_both_languages_with_the_same_values(key: str) -> None:
    said = catalogue()[key]

    assert set(said) == set(LOCALES)
    assert all(text.strip() == text != "" for text in said.values())
    assert len({frozenset(re.findall(r"{(\w+)}", text)) for text in said.values()}) == 1


@pytest.mark.parametrize("key", catalogue())
def test_chinese_sentences_are_chinese(key: str) -> None:
    assert re.search("[\u4e00-\u9fff]", catalogue()[key]["zh-CN"])


def test_every_key_that_a_template_names_exists() -> None:
    named = set(re.findall(r"\bt\('([a-z_]+\.[a-z_]+)'[,)]", _SPOKEN))
    named |= set(re.findall(r"error=\"([a-z_]+\.[a-z_]+)\"", _SPOKEN))

    assert len(named) > 60
    assert named <= set(catalogue())


def test_no_sentence_is_left_that_no_page_says() -> None:
    pages = {key.split(".")[0] for key in catalogue()}
    results = {page for page in pages if re.search(rf'"{page}"', _SPOKEN)}
    unsaid = [
        key
        for key in catalogue()
        if key not in _SPOKEN
        and not (key.split(".")[0] in results and re.search(r"\.(title|lead|next)", key))
        and re.sub(r"_[a-z]+$", "_", key) not in _SPOKEN
    ]

    assert unsaid == []


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-Hant-TW", "zh-CN"),
        ("en-GB,zh;q=0.9", "en"),
        ("fr,zh;q=0.3,en;q=0.2", "zh-CN"),
        ("de, fr", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=x", "en"),
        ("," * 5000, "en"),
    ],
)
def test_the_language_is_the_one_the_browser_likes_most(header: str, locale: str) -> None:
    assert preferred(header) == locale


def test_an_unknown_sentence_is_an_error_not_a_blank() -> None:
    with pytest.raises(KeyError):
        wording("en")("approve.nothing")
