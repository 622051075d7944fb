"""Ids, amounts and addresses in a sentence stay whole, and the sentence stays what it was."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.whole import whole


def apart(text: str) -> list[str]:
    """What is set apart, in order."""
    return re.findall(r'<bdi class="id">(.*?)</bdi>', whole(text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("CNY 18,000.00 to chen-wei-4471 stopped", ["CNY 18,000.00", "chen-wei-4471"]),
        ("已拦截：18,000.00 元付款给chen-wei-4471，请核对", ["18,000.00 元", "chen-wei-4471"]),
        ("About message PG-7F3K-92, for account lin•••yu", ["PG-7F3K-92", "lin•••yu"]),
        ("关于消息 PG-7F3K-92，账户 lin***yu", ["PG-7F3K-92", "lin***yu"]),
        ("Sent to l•••u@my-mail.example.", ["l•••u@my-mail.example"]),
        ("1,234,567.123456 USDT, not 2,450 JPY", ["1,234,567.123456 USDT", "2,450 JPY"]),
        (f"To {'0x71c7656ec7ab88b0' * 4} today", ["0x71c7656ec7ab88b0" * 4]),
        ("Mon 30 Nov 2026, 03:09, near Shanghai", []),
        ("2026年11月30日（周一）03:09", []),
    ],
)
def test_what_is_read_letter_by_letter_is_set_apart_and_nothing_else(text: str, wanted: list[str]) -> None:
    assert apart(text) == wanted


@given(st.text(alphabet=st.sampled_from("ab-9_@./•*<&\"' 元，中é\u2068\u2069\u2060ش")))
def test_the_words_stay_as_they_were_and_make_no_markup(text: str) -> None:
    assert unescape(re.sub(r'</?bdi(?: class="id")?>', "", str(whole(text)))) == text
