"""Time-based one-time passwords (RFC 6238 over RFC 4226): pure functions around pyotp, time always an argument.

Steps are 30 s long and counted from the epoch. A code is accepted in its own step, in the one before (the phone is fast)
and in the one after (the phone or its owner is slow): 90 s at most. pyotp remembers nothing and takes full-width digits, so
the form is checked here first and the matched step is handed back for the caller to burn.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b32encode
from collections.abc import Iterable
from itertools import chain

import pyotp

STEP_S = 30
DIGITS = 6
#: How many steps away from now a code may be, either way.
WINDOW_STEPS = 1
#: How far a refused code is looked for, to tell a wrong code from a wrong clock.
SKEW_STEPS = 10
SECRET_BYTES = 20

_LABEL = "otpauth://totp/"
_CODE = re.compile("[0-9]{6}")


class _Codes(pyotp.TOTP):
    """The codes of a secret, which is decoded once; pyotp does it anew for each code."""

    def __init__(self, secret: str) -> None:
        self._key: bytes | None = None
        super().__init__(secret, digits=DIGITS, interval=STEP_S)

    def byte_secret(self) -> bytes:
        if self._key is None:
            self._key = super().byte_secret()
        return self._key

    def of(self, step: int) -> str:
        """The code of one step."""
        return self.at(step * STEP_S)


def new_secret() -> str:
    """A secret of 160 bits from the system's generator, in base32 without padding (RFC 4226 section 4, R6)."""
    return b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_code(code: object) -> bool:
    """Whether this is text of exactly six ASCII digits."""
    return isinstance(code, str) and _CODE.fullmatch(code) is not None


def step_at(at: float) -> int:
    """The step that the time lies in (epoch seconds)."""
    return int(at) // STEP_S


def code_of(secret: str, step: int) -> str:
    """The code of one step."""
    return _Codes(secret).of(step)


def matched_step(secret: str, code: str, at: float, window: int = WINDOW_STEPS) -> int | None:
    """The step whose code this is, among the step of `at` and `window` steps around it; None when there is none.

    `at` is in epoch seconds. Every candidate is compared, each in constant time; the newest wins.
    """
    now = step_at(at)
    return _search(secret, code, range(now - window, now + window + 1))


def skewed_step(secret: str, code: str, at: float) -> int | None:
    """The step of a code that a wrong clock would explain: within SKEW_STEPS of now, outside the accepted window."""
    now = step_at(at)
    late = range(now - SKEW_STEPS, now - WINDOW_STEPS)
    early = range(now + WINDOW_STEPS + 1, now + SKEW_STEPS + 1)
    return _search(secret, code, chain(late, early))


def provisioning_uri(secret: str, account: str, issuer: str) -> str:
    """The otpauth URI an authenticator scans; whatever the names hold is percent-encoded and survives.

    Source: the Key URI Format of Google Authenticator. Raises ValueError for an empty account or issuer.
    """
    if not account or not issuer:
        raise ValueError("an authenticator entry needs an account and an issuer")
    uri = _Codes(secret).provisioning_uri(name=account, issuer_name=issuer)
    label, query = uri.removeprefix(_LABEL).split("?", 1)
    # pyotp leaves `/` as it is, and authenticators that take the last part of the path would cut the label there.
    return f"{_LABEL}{label.replace('/', '%2F')}?{query}"


def _search(secret: str, code: str, steps: Iterable[int]) -> int | None:
    """The last of the steps whose code this is."""
    if not is_code(code):
        return None
    codes, found = _Codes(secret), None
    for step in steps:
        if step >= 0 and hmac.compare_digest(codes.of(step), code):
            found = step
    return found
