"""The text of a link in a letter: the beginning of its notice's id, by which it is found, and a MAC that says it is ours. Pure.

27 letters and digits, so that a text message has room for it and no program that makes links of text leaves its end out.
"""

from __future__ import annotations

import base64
import re
import string

from msgspec import Struct

_ID_LETTERS = 32
#: Letters of an id that a text names, and bits of its MAC: RFC 2104, section 5, holds half of the hash's to be enough.
_NAMED, _MAC_BITS = 8, 128
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_LENGTH = 27
_BITS = 4 * _NAMED + _MAC_BITS
_TEXT = re.compile(rf"[0-9A-Za-z]{{{_LENGTH}}}")
#: As letters bore it once: the whole id and the whole hash.
_LONG = re.compile(r"[A-Za-z0-9_-]{64}")
_LONG_ID_BYTES = 16


class LinkText(Struct, frozen=True):
    """What a text says: that its notice is one of `first` to `last`, and the MAC of that notice for the `purpose`."""

    first: str
    last: str
    purpose: str
    mac: bytes

    def names(self, notice_id: str) -> bool:
        """Whether its notice may be that one."""
        return self.first <= notice_id <= self.last


#: What a text says that is none: no notice has that id, no MAC is so short.
NONE = LinkText("0" * _ID_LETTERS, "0" * _ID_LETTERS, "letter", b"")


def written(notice_id: str, mac: bytes) -> str:
    """The text of a notice with an id of 32 hexadecimal digits, and of its MAC for the purpose "letter"."""
    number = int(notice_id[:_NAMED] + mac.hex()[: _MAC_BITS // 4], 16)
    letters = ""
    for _ in range(_LENGTH):
        number, value = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[value] + letters
    return letters


def read(text: str) -> LinkText:
    """What the text says, written now or as it once was; NONE for any other."""
    if _LONG.fullmatch(text):
        said = base64.urlsafe_b64decode(text)
        notice_id = said[:_LONG_ID_BYTES].hex()
        return LinkText(notice_id, notice_id, "link", said[_LONG_ID_BYTES:])
    if _TEXT.fullmatch(text) is None:
        return NONE
    number = 0
    for letter in text:
        number = number * len(_ALPHABET) + _VALUES[letter]
    if number >> _BITS:
        return NONE
    named, mac = f"{number:0{_BITS // 4}x}"[:_NAMED], number & ((1 << _MAC_BITS) - 1)
    rest = _ID_LETTERS - _NAMED
    return LinkText(named + "0" * rest, named + "f" * rest, "letter", mac.to_bytes(_MAC_BITS // 8, "big"))
