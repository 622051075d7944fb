"""The catalogue: whole in both languages, and nothing in it that no page says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import services.portal
from services.portal.wording import LOCALES, catalogue, preferred, wording

_PORTAL = Path(services.portal.__file__).parent
#: The rooms whose pages say these sentences.
_ROOMS = [_PORTAL, *(_PORTAL.parent / room for room in ("centre", "answers", "help", "reports", "lab/demo"))]
_SPOKEN = "\n".join(
    file.read_text()
    for room in _ROOMS
    for pattern in ("*.py", "templates/**/*.html")
    for file in room.glob(pattern)
)


def test_every_sentence_is_said_in_both_languages_with_the_same_values() -> None:
    def is_right(said: Mapping[str, str]) -> bool:
        values = {frozenset(re.findall(r"{(\w+)}", text)) for text in said.values()}
        spaced = [text for text in said.values() if text.strip() != text or not text]
        return set(said) == set(LOCALES) and not spaced and len(values) == 1

    assert len(catalogue()) > 500
    assert [key for key, said in catalogue().items() if not is_right(said)] == []


def test_chinese_sentences_are_chinese() -> None:
    other = [key for key, said in catalogue().items() if not re.search("[\u4e00-\u9fff]", said["zh-CN"])]

    assert other == []


def test_every_key_that_a_template_names_exists() -> None:
    named = set(re.findall(r"\bt\('([a-z_]+\.[a-z_]+)'[,)]", _SPOKEN))
    named |= set(re.findall(r"error=\"([a-z_]+\.[a-z_]+)\"", _SPOKEN))

    assert len(named) > 60
    assert named <= set(catalogue())


def _is_put_together(key: str) -> bool:
    """Whether a template says the page's sentences by names that views give, and this is one of those."""
    page, name = key.split(".")
    given = rf"[\"']({name}|{name.rpartition('_')[0] or name})[\"']"
    return f"'{page}.' ~" in _SPOKEN and re.search(given, _SPOKEN) is not None


def test_no_sentence_is_left_that_no_page_says() -> None:
    pages = {key.split(".")[0] for key in catalogue()}
    results = {page for page in pages if re.search(rf'"{page}"', _SPOKEN)}
    unsaid = [
        key
        for key in catalogue()
        if key not in _SPOKEN
        and not (key.split(".")[0] in results and re.search(r"\.(title|lead|next)", key))
        and re.sub(r"_[a-z]+$", "_", key) not in _SPOKEN
        and not _is_put_together(key)
        and f'"{key.split(".")[0]}.{{' not in _SPOKEN
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
