"""Amounts, names, keys and times as pages show them. Pure; nothing is rounded, nothing is hidden."""

from __future__ import annotations

import unicodedata

from contracts.amounts import canonical_amount, grouped
from services.scoring.wording import CURRENCIES_ZH


def money(amount: str, currency: str, locale: str) -> str:
    """The exact amount as the reader writes it: "CNY 4,120.00", "4,120.00 元". `amount` is decimal text in major units."""
    figure = grouped(canonical_amount(amount, currency))
    if locale == "zh-CN":
        return f"{figure} {CURRENCIES_ZH.get(currency, currency)}"
    return f"{currency} {figure}"


def visible(text: str) -> str:
    """The text with every character that shows nothing, or turns text around, written as its number: "a⟨U+200B⟩b"."""
    return "".join(char if _shows(char) else f"⟨U+{ord(char):04X}⟩" for char in text)


def has_look_alikes(text: str) -> bool:
    """Whether letters of several scripts are mixed, as in a name that imitates another."""
    scripts = {unicodedata.name(char, "?").split()[0] for char in text if char.isalpha()}
    european = scripts & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}
    return len(european) > 1 or "FULLWIDTH" in scripts or "MATHEMATICAL" in scripts


def in_fours(text: str) -> list[str]:
    """The text cut into groups of four, for reading and typing."""
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def clock_face(seconds: float) -> str:
    """A time span as minutes and seconds: "4:05"; "0:00" when it is over."""
    left = max(int(seconds), 0)
    return f"{left // 60}:{left % 60:02d}"


def _shows(char: str) -> bool:
    return char == " " or unicodedata.category(char)[0] not in "CZ"
