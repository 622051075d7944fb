"""Words to terms and back to places, and nothing of a text can break it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.help.english import stem
from services.help.marking import stretches
from services.help.rendering import marked, rendered
from services.help.spelling import nearest, slips
from services.help.terms import tokens


@pytest.mark.parametrize(
    "forms",
    [
        ["payment", "payments"],
        ["crash", "crashes", "crashed", "crashing"],
        ["stop", "stops", "stopped", "stopping"],
        ["charge", "charges", "charged", "charging"],
        ["lose", "lost", "losing"],
        ["try", "tries", "tried"],
        ["refuse", "refused", "refusing"],
        ["pay", "pays", "paid", "paying"],
        ["forget", "forgot", "forgotten", "forgetting"],
        ["device", "devices"],
    ],
)
def test_forms_of_a_word_have_one_stem(forms: list[str]) -> None:
    assert len({stem(each) for each in forms}) == 1


@pytest.mark.parametrize("pair", [("sign", "sing"), ("code", "card"), ("bank", "back")])
def test_other_words_have_another(pair: tuple[str, str]) -> None:
    assert stem(pair[0]) != stem(pair[1])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("pasword", "password"),
        ("passwrod", "password"),
        ("acount", "account"),
        ("gold", None),
        ("zzzzzz", None),
        ("充值", None),
    ],
)
def test_a_slip_of_the_fingers_is_read_as_what_was_meant(word: str, meant: str | None) -> None:
    assert nearest(word, ["account", "good", "password"]) == meant


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_slips_are_the_same_both_ways(one: str, other: str) -> None:
    assert slips(one, other) == slips(other, one)
    assert (slips(one, other) == 0) == (one == other)


@given(st.text(max_size=80))
def test_every_term_stands_where_it_says(text: str) -> None:
    for token in tokens(text):
        assert 0 <= token.start < token.end <= len(text)
        assert token.term


@given(st.text(max_size=80), st.text(max_size=20))
def test_marking_changes_nothing_of_a_text(text: str, asked: str) -> None:
    terms = {each.term for each in tokens(asked)}

    assert "".join(piece for piece, _ in stretches(text, terms)) == text


@pytest.mark.parametrize(
    ("title", "asked", "shown"),
    [
        ("充值后一直没到账怎么办", "充值没到账", "<mark>充值</mark>后一直<mark>没到账</mark>怎么办"),
        (
            "My top-up has not arrived",
            "top up not arrived",
            "My <mark>top-up</mark> has <mark>not arrived</mark>",
        ),
        ("Limits <b>", "limit", "<mark>Limits</mark> &lt;b&gt;"),
        ("钱", "钱", "钱"),
    ],
)
def test_hits_of_two_characters_or_more_are_marked(title: str, asked: str, shown: str) -> None:
    assert marked(title, {each.term for each in tokens(asked)}) == shown


@pytest.mark.parametrize(
    "body",
    [
        "![x](https://a.example/pixel.png)",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "<a href='http://a.example' style='x'>y</a>",
        "```\n<iframe src=x>\n```",
        "<style>*{}</style>",
    ],
)
def test_nothing_of_an_answer_is_loaded_or_run(body: str) -> None:
    html = str(rendered(body, {"x"}))

    assert not any(each in html for each in ("<img", "<script", "<iframe", "<style", '<a href="http:'))
    assert 'href="javascript' not in html
    assert 'href="data' not in html


def test_words_of_a_question_are_marked_in_the_answer() -> None:
    html = rendered("1. **Wait** 30 minutes for a card.", {"card", "wait"})

    assert (
        html.strip()
        == "<ol>\n<li><strong><mark>Wait</mark></strong> 30 minutes for a <mark>card</mark>.</li>\n</ol>"
    )
