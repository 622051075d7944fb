"""Codes as people type them: what a phone, a keyboard or a copy puts around the digits is taken away, nothing else."""

from __future__ import annotations

import re

from services.mfa.recovery import is_recovery_code
from services.mfa.totp import is_code

#: Longer than any code with a space or a dash around every character.
MAX_TYPED = 64
#: Full-width digits and letters (Unicode block "Halfwidth and Fullwidth Forms") as keyboards for Chinese and Japanese type
#: them. Digits of other scripts are no code: no authenticator shows them, and what is alike to the eye is not the same.
_NARROW = {
    wide: wide - 0xFEE0
    for first, last in ("０９", "ＡＺ", "ａｚ")
    for wide in range(ord(first), ord(last) + 1)
}
#: Marks that stand in copied text unseen: zero-width space, word joiner, byte order mark, marks of direction.
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u200e\u200f\u202a\u202c\u2066\u2068\u2069"))
_SPACE = re.compile(r"[\s]+")
#: One dash of any kind between two characters.
_DASH = re.compile("(?<=[0-9A-Za-z])[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d](?=[0-9A-Za-z])")
#: As Crockford's base32 reads letters that it never writes.
_LOOK_ALIKE = str.maketrans("OIL", "011")


def code_in(typed: object) -> str | None:
    """The code in what somebody typed: six ASCII digits, or a recovery code in capitals without dashes; None when it is none.

    Full-width characters, spaces of any kind and single dashes between characters are read; a recovery code's O, I and L are
    its 0 and 1. Only text is read: a number has lost its leading zeros.
    """
    if not isinstance(typed, str) or len(typed) > MAX_TYPED:
        return None
    plain = _DASH.sub("", _SPACE.sub("", typed.translate(_NARROW | _UNSEEN)))
    if is_code(plain):
        return plain
    capitals = plain.upper().translate(_LOOK_ALIKE)
    return capitals if plain.isascii() and is_recovery_code(capitals) else None
