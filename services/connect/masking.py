"""Free text as another company's software may have it: without addresses, numbers and the account's name. Pure."""

from __future__ import annotations

import re

HIDDEN = "•••"
#: As much of an account's name as tells two tickets apart.
_SHOWN = 4
_MAIL = re.compile(r"[^\s@<>\"',;:]+@[^\s@<>\"',;:]+")
_NETWORK = re.compile(
    r"(?<![0-9A-Fa-f:.])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4})"
)
_DATE = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d")
#: Cards, phones, bank accounts and references, as people write them; amounts have fewer digits in a row, or a decimal point.
_NUMBER = re.compile(r"(?<![\d.,])\+?\d(?:[ \-()]{0,2}\d){6,}(?![\d.,]*\d)")


def masked(text: str, account_id: str) -> str:
    """The text without mail addresses, networks, numbers of seven digits and more, and the account's id."""
    if account_id:
        text = text.replace(account_id, masked_account(account_id))
    for what in (_MAIL, _NETWORK, _NUMBER):
        text = what.sub(_hidden, text)
    return text


def _hidden(found: re.Match[str]) -> str:
    return found[0] if _DATE.fullmatch(found[0]) else HIDDEN


def masked_account(account_id: str) -> str:
    """What is left of an account's id: its end, where enough of it stays hidden."""
    return HIDDEN + (account_id[-_SHOWN:] if len(account_id) >= 2 * _SHOWN else "")
