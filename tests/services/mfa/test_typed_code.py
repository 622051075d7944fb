"""Codes as people type them: read where nothing but the digits was meant, refused where anything else was."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mfa.recovery import is_recovery_code
from services.mfa.totp import is_code
from services.mfa.typed_code import MAX_TYPED, code_in

#: Spaces and unseen marks that phones, keyboards and copied text put in.
AROUND = " \t\n\r\u00a0\u2007\u2009\u202f\u3000\u200b\u2060\ufeff\u200e\u200f"
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"


@pytest.mark.parametrize(
    "typed",
    [
        "０１２３４５",
        "０1２3４5",
        "012 345",
        " 012345",
        "012345\n",
        "012\u00a0345",
        "012\u202f345",
        "０１２\u3000３４５",
        "0 1 2 3 4 5",
        "012-345",
        "012 – 345",
        "01-23-45",
        "\u200e012345\u200f",
    ],
)
def test_full_width_digits_spaces_and_dashes_between_groups_are_read(typed: str) -> None:
    assert code_in(typed) == "012345"


@pytest.mark.parametrize(
    "typed",
    [
        "²⁸⁷⁰⁸²",
        "٢٨٧٠٨٢",
        "۲۸۷۰۸۲",
        "२८७०८२",
        "𝟐𝟖𝟕𝟎𝟖𝟐",
        "②⑧⑦⓪⑧②",
        "二八七〇八二",
        "-287082",
        "287082-",
        "287--082",
        "287.082",
        "287,082",
        "287_082",
        "+287082",
        "28708",
        "2870822",
        "28708a",
        "0x2870",
        "2e5",
        "",
        " ",
        "287082\x00",
        " " * MAX_TYPED + "287082",
        287082,
        287082.0,
        True,
        None,
        ["287082"],
        {"code": "287082"},
        b"287082",
    ],
)
def test_anything_else_is_no_code(typed: object) -> None:
    assert code_in(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        "0123-4567-89ab-cdef",
        "0123456789ABCDEF",
        "O123 4567 89AB CDEF",
        "oi23-4567-89ab-cdef",
        "0L23\u00a04567\u00a089AB\u00a0CDEF\n",
        "０１２３－４５６７－８９ＡＢ－ｃｄｅｆ",
    ],
)
def test_a_recovery_code_is_read_in_any_case_with_its_look_alikes(typed: str) -> None:
    assert code_in(typed) == "0123456789ABCDEF"


@pytest.mark.parametrize(
    "typed", ["0123-4567-89AB-CDEU", "0123-4567-89AB", "0123-4567-89AB-CDEF-0", "à123456789ABCDEF"]
)
def test_what_is_no_recovery_code_is_none(typed: str) -> None:
    assert code_in(typed) is None


@given(st.from_regex("[0-9]{6}", fullmatch=True), st.data())
def test_a_code_survives_whatever_is_put_around_its_digits(code: str, data: st.DataObject) -> None:
    wide = str.maketrans(string.digits, "０１２３４５６７８９")
    digits = [data.draw(st.sampled_from([digit, digit.translate(wide)])) for digit in code]
    gaps = st.text(AROUND, max_size=2)
    joins = st.tuples(gaps, st.sampled_from(["", *DASHES]), gaps).map("".join)
    typed = data.draw(gaps) + "".join(digit + data.draw(joins) for digit in digits[:-1])

    assert code_in(typed + digits[-1] + data.draw(gaps)) == code


@given(st.text() | st.text("０１２３４５0123456789 -\u00a0abcO", max_size=MAX_TYPED))
def test_whatever_is_typed_is_read_as_a_code_or_as_none(typed: str) -> None:
    code = code_in(typed)

    assert code is None or is_code(code) or is_recovery_code(code)
    assert code is None or code_in(code) == code
