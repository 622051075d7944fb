"""Binding an authenticator to a member: what it scans, and the code that shows that it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segno
from msgspec import Struct
from sqlalchemy import Row

from services.mfa import totp
from services.mfa.typed_code import code_in
from services.mfa.vault import Vault

_QUIET_ZONE = 4


class ToBind(Struct, frozen=True):
    """What the authenticator scans (an SVG image) and what may be typed instead. Its text form shows neither."""

    picture: str
    secret: str

    def __repr__(self) -> str:
        return "ToBind(...)"


class Binding:
    """Secrets of members, sealed for each; `clock` gives epoch seconds, `issuer` is the wallet's name in the authenticator."""

    def __init__(self, vault: Vault, clock: Callable[[], float], issuer: str) -> None:
        self._vault = vault
        self._clock = clock
        self._issuer = issuer

    def sealed(self, ident: str, secret: str) -> bytes:
        """What is kept of the secret of the member of that ident."""
        return self._vault.seal(ident, secret)

    def step(self, row: Row[Any], typed: str) -> int | None:
        """The step whose code was typed, by the member's secret; None for another code."""
        secret = self._vault.open(row.ident, row.totp_secret)
        return totp.matched_step(secret, code_in(typed) or "", self._clock())

    def shown(self, row: Row[Any]) -> ToBind:
        """What the member's secret looks like."""
        return self.drawn(row.name, self._vault.open(row.ident, row.totp_secret))

    def drawn(self, name: str, secret: str) -> ToBind:
        """What the secret looks like."""
        uri = totp.provisioning_uri(secret, name, f"{self._issuer} desk")
        drawn = segno.make(uri, error="m", micro=False).svg_inline(omitsize=True, border=_QUIET_ZONE)
        return ToBind(drawn, " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)))
