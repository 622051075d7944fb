"""Amounts, names and keys as people read them."""

from __future__ import annotations

import pytest

from services.portal.figures import clock_face, has_look_alikes, in_fours, money, visible


@pytest.mark.parametrize(
    ("amount", "currency", "english", "chinese"),
    [
        ("4120.00", "CNY", "CNY 4,120.00", "4,120.00 元"),
        ("4120", "CNY", "CNY 4,120.00", "4,120.00 元"),
        ("1250000", "JPY", "JPY 1,250,000", "1,250,000 日元"),
        ("0.01", "USD", "USD 0.01", "0.01 美元"),
        ("10.005", "USD", "USD 10.005", "10.005 美元"),
        ("12", "CHF", "CHF 12.00", "12.00 CHF"),
        ("999999999999999.99", "EUR", "EUR 999,999,999,999,999.99", "999,999,999,999,999.99 欧元"),
    ],
)
def test_an_amount_is_exact_in_both_languages(amount: str, currency: str, english: str, chinese: str) -> None:
    assert money(amount, currency, "en") == english
    assert money(amount, currency, "zh-CN") == chinese


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("chen-wei 4471", "chen-wei 4471"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\nb", "a⟨U+000A⟩b"),
        ("张伟", "张伟"),
    ],
)
def test_characters_that_hide_are_shown(name: str, shown: str) -> None:
    assert visible(name) == shown


@pytest.mark.parametrize(
    ("name", "mixed"),
    [
        ("paypal", False),
        ("p\u0430ypal", True),
        ("张伟 zhang", False),
        ("ｐａｙ", True),
        ("Żółć", False),
        ("Ελλάς", False),
    ],
)
def test_letters_of_two_alphabets_are_noticed(name: str, mixed: bool) -> None:
    assert has_look_alikes(name) is mixed


def test_a_key_is_read_in_groups_of_four() -> None:
    assert in_fours("ABCDEFGHIJ") == ["ABCD", "EFGH", "IJ"]


@pytest.mark.parametrize(("seconds", "face"), [(300, "5:00"), (65.9, "1:05"), (0, "0:00"), (-3, "0:00")])
def test_the_time_left_is_minutes_and_seconds(seconds: float, face: str) -> None:
    assert clock_face(seconds) == face
