"""Text messages say the fact in as few parts as it takes, and their parts are counted as providers do."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st
from msgspec import structs

from notifier.channels import Short
from notifier.facts import Reader
from notifier.preview import shots
from notifier.render import Templates
from notifier.routing import Route
from notifier.samples import every, samples
from notifier.short import parts, short
from notifier.words import LOCALES, words

SHOTS = shots("UPay", LOCALES)
#: An address of 30 letters, and a link's text.
PORTAL, TEXT = "https://security.upay.example/"[:-1] + "s", "0aZ9bY8cX7dW6eV5fU4gT3hS2iR"
LINK, BRIEF = f"{PORTAL}/my/answer/{TEXT}", f"{PORTAL}/my/a/{TEXT}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("拦" * 70, 1),
        ("拦" * 71, 2),
        ("拦" * 134, 2),
        ("拦" * 135, 3),
        ("a" * 70 + "’", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_parts_are_counted_by_alphabet(text: str, expected: int) -> None:
    assert parts(text) == expected


def test_every_letter_fits_two_parts_and_bears_its_reference_and_the_service() -> None:
    assert {parts(shot.letter.short.text) for shot in SHOTS} <= {1, 2}
    assert all(shot.letter.reference in shot.letter.short.text for shot in SHOTS)
    assert all("UPay" in shot.letter.short.text[:6] for shot in SHOTS)


def test_an_ordinary_letter_fits_one_part_in_either_language_but_for_its_link() -> None:
    first = {shot.name: shot.letter.short.text for shot in SHOTS if "-1-" in shot.name}

    assert {name for name, text in first.items() if parts(text) > 1 and "/my/a/" not in text} == set()


def shorts(locale: str, phrase: str | None = None) -> list[Short]:
    """The short forms of every sample that asks, with a link under an address of 30 letters."""
    templates = Templates("UPay", lambda *_: LINK)
    route = Route("sms", "+8613800138000", locale, "Asia/Shanghai")
    found = [
        templates.letter(structs.replace(notice, phrase=phrase), route).short
        for template in every()
        for _, some in samples(template)
        for notice in some
    ]
    return [each for each in found if each.link]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_message_that_asks_carries_its_link_in_two_parts_at_most(locale: str) -> None:
    assert len(PORTAL) == 30
    found = [each.text for each in shorts(locale)]

    assert len(found) > 20
    assert [text for text in found if not text.endswith(BRIEF) or parts(text) > 2] == []
    # Phones take Chinese beside an address for a part of it.
    assert {text.removesuffix(BRIEF)[-1] for text in found} == {"？" if locale == "zh-CN" else " "}


@hypothesis.given(st.text(min_size=1, max_size=60), st.text(max_size=40), st.sampled_from(LOCALES))
def test_whoever_is_named_the_link_and_the_end_of_the_fact_stay(payee: str, phrase: str, locale: str) -> None:
    subject = f"CNY 18,000.00 to {payee} stopped"
    reader = Reader(words(locale), "Asia/Shanghai")
    text = short(subject, "", None, reader, "UPay", "PG-7F3K-92", LINK, True, phrase).text

    assert parts(text) <= 2
    assert text.endswith(BRIEF)
    assert "PG-7F3K-92" in text
    assert "stopped" in text


@pytest.mark.parametrize("locale", LOCALES)
def test_an_address_without_room_for_the_fact_is_left_to_the_letter(locale: str) -> None:
    reader, link = Reader(words(locale), "UTC"), f"https://{'a' * 240}.example/my/answer/{TEXT}"
    found = short("向陈伟付款18,000.00元已拦截", "", None, reader, "UPay", "PG-7F3K-92", link, True)

    assert "https" not in found.text
    assert parts(found.text) <= 2
    assert found.link == link


@pytest.mark.parametrize(
    ("locale", "phrase"), [("en", "grandmother's plum tree"), ("zh-CN", "外婆家的桂花树")]
)
def test_the_owner_s_phrase_stands_where_it_fits_and_costs_no_link(locale: str, phrase: str) -> None:
    found = shorts(locale, phrase)
    texts = [each.text for each in found]

    assert all(phrase in each.body and len(each.body) <= 180 for each in found)
    assert all(text.endswith(BRIEF) and parts(text) <= 2 for text in texts)
    assert sum(phrase in text for text in texts) > len(texts) / 2


def test_a_stopped_payment_names_amount_payee_time_and_where() -> None:
    letters = {shot.name: shot.letter.short.text for shot in SHOTS}

    assert letters["deny_notice-transaction-1-en"].startswith(
        "UPay: CNY 18,000.00 to chen-wei-4471 stopped, 19:09"
    )
    assert letters["deny_notice-transaction-1-zh-CN"].startswith(
        "【UPay】已拦截：向chen-wei-4471付款18,000.00元"
    )


def test_a_stranger_s_name_is_no_link_and_no_markup_in_a_text_message() -> None:
    texts = [shot.letter.short.text for shot in SHOTS if "-transaction-3-" in shot.name]

    assert texts
    assert all("https://wallet.example/0x" not in text and "\u2060" not in text for text in texts)


def test_a_push_is_short_and_asks_what_the_letter_asks() -> None:
    assert all(len(shot.letter.short.title) <= 65 and len(shot.letter.short.body) <= 180 for shot in SHOTS)
    bodies = {shot.name: shot.letter.short.body for shot in SHOTS}
    assert bodies["deny_notice-transaction-1-en"].endswith("Was it you?")
    assert bodies["deny_notice-transaction-1-zh-CN"].endswith("是您本人吗？")
