"""Passwords of staff: which are taken, and how they are compared."""

from __future__ import annotations

import unicodedata

import pytest

from contracts.errors import Malformed
from services.staff.passwords import MOST, Passwords, refuse_weak
from tests.services.desk.made import CHEAP


@pytest.mark.parametrize(
    "password",
    [
        "七盏绿灯在正午时分亮着呢呀",
        "no capitals no digits",
        "        spaces   count   too  x",
        "🔑🚲🌊🪁🎻🧭🦉🌵🍐🧶🛶🏮",
        "x7!Kq#9vT2mW",
    ],
)
async def test_any_characters_make_a_password_and_128_of_them_are_compared(password: str) -> None:
    refuse_weak(password, "min", "Wang Min", "UPay")
    passwords, longest = Passwords(CHEAP), (password * MOST)[: MOST - 1]
    kept = await passwords.hash(longest + "a")

    assert await passwords.matches(kept, longest + "a")
    assert not await passwords.matches(kept, longest + "b")
    assert not await passwords.matches(kept, longest + "A")


async def test_one_password_on_two_keyboards_is_one() -> None:
    passwords = Passwords(CHEAP)
    kept = await passwords.hash(unicodedata.normalize("NFD", "señor y café al atardecer"))

    assert await passwords.matches(kept, unicodedata.normalize("NFC", "señor y café al atardecer"))


@pytest.mark.parametrize(
    "password",
    [
        "payguard wallet 2026",
        "Wang.Min-Wang.Min-1",
        "wang min wang min",
        "UPay-upay-UPAY-upay",
        "support agent admin",
        "administrator1",
    ],
)
def test_words_of_the_product_and_of_the_member_make_no_password(password: str) -> None:
    with pytest.raises(Malformed, match="guessed"):
        refuse_weak(password, "wang.min", "Wang Min", "UPay")
