"""What a masked copy shows of accounts, names and addresses, and of numbers in what people wrote. Pure."""

from __future__ import annotations

import re
from typing import Protocol

from services.cases import mail_addresses

_HIDDEN = "•••"
#: A mail address in running text.
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
#: Seven digits and more in a row, or in groups as telephone, card and account numbers are written.
_NUMBER = re.compile(r"(?<![\d-])(?!\d{4}-\d\d-\d\d)\d(?:[ \-]?\d){6,}(?!\d)")
_LONG = 11


class Masks(Protocol):
    """How a copy shows what is personal."""

    masked: bool

    def name(self, said: str) -> str:
        """An account or a payee."""
        ...

    def address(self, said: str) -> str:
        """Where the owner is reached."""
        ...

    def text(self, said: str) -> str:
        """What a person wrote."""
        ...


class Masked:
    """Hides the middle of names and numbers: enough is left to know them again, not to use them."""

    masked = True

    def name(self, said: str) -> str:
        """ "acct-7712…" as "acc•••84"; of a short one the first character alone."""
        return f"{said[:3]}{_HIDDEN}{said[-2:]}" if len(said) > 7 else f"{said[:1]}{_HIDDEN}"

    def address(self, said: str) -> str:
        """ "l•••@upay.example", "+86•••34"."""
        return mail_addresses.masked(said)

    def text(self, said: str) -> str:
        """Mail addresses and numbers of seven digits and more hidden; all else as it was written."""
        said = _MAIL.sub(lambda found: mail_addresses.masked(found[0]), said)
        return _NUMBER.sub(lambda found: _number(found[0]), said)


class Open:
    """Shows everything as it is: for a copy that a second person allowed."""

    masked = False

    def name(self, said: str) -> str:
        """As it is."""
        return said

    def address(self, said: str) -> str:
        """As it is."""
        return said

    def text(self, said: str) -> str:
        """As it was written."""
        return said


def _number(said: str) -> str:
    digits = [each for each in said if each.isdigit()]
    first, last = (3, 4) if len(digits) >= _LONG else (2, 2)
    return f"{''.join(digits[:first])}{_HIDDEN}{''.join(digits[-last:])}"
