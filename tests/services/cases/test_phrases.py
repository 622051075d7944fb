"""Which words may stand in each message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.phrases import MOST, refusal, tidy


@pytest.mark.parametrize(
    "phrase",
    [
        "pomegranate on the balcony", "外婆家的石榴树", "grandma's well-known soup", "Ærøskøbing by night", "McDonald",
        "summer of '85", "三只猫和 2 条狗", "शुभ प्रभात", "شجرة الرمان", "Room 101", "two blue doors, one green", "🍎 in the tree",
    ],
)  # fmt: skip
def test_plain_words_of_any_language_stand(phrase: str) -> None:
    assert refusal(tidy(phrase)) is None


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("Qx7!pz20", "password"), ("hunter22", "password"), ("my Qx7!pz20", "password"), ("password", "password"),
        ("PaSsWoRd", "password"), ("密码", "password"), ("外婆Qx7!pz20", "password"), ("Ｑｘ７！ｐｚ２０", "password"),
        ("aBcDeFgH", "password"), ("tr0ub4dor", "password"),
        ("123456", "code"), ("12 34 56", "code"), ("code 8812", "code"), ("１２３４５６", "code"), ("4-4-7-1", "code"),
        ("https://upay.example", "link"), ("upay.example/my", "link"), ("www.upay", "link"), ("li@upay.example", "link"),
        ("see upay。com", "link"), ("upay．example", "link"), ("javascript://x", "link"),
        ("a" * 41, "too_long"), ("外" * 41, "too_long"), ("left\u202eright", "unprintable"), ("a\u200bb", "unprintable"),
    ],
)  # fmt: skip
def test_what_opens_an_account_or_leads_anywhere_is_refused(phrase: str, why: str) -> None:
    assert refusal(tidy(phrase)) == why


@given(st.text())
def test_no_text_breaks_the_rule_and_what_stands_is_short_and_on_one_line(said: str) -> None:
    phrase = tidy(said)
    if refusal(phrase) is None:
        assert len(phrase) <= MOST
        assert phrase.isprintable()


@given(st.text(alphabet="0123456789", min_size=4, max_size=12), st.sampled_from(["", " ", "-"]))
def test_a_code_is_refused_however_it_is_grouped(digits: str, between: str) -> None:
    assert refusal(between.join(digits)) == "code"
