"""Opaque places in a list ordered by time and id, so that a page follows another however rows arrive."""

from __future__ import annotations

import base64
import binascii
import math

from contracts.errors import Malformed


def write(at: float, identity: str) -> str:
    """The cursor after the row of that time and id."""
    return base64.urlsafe_b64encode(f"{at!r} {identity}".encode()).decode()


def read(cursor: str) -> tuple[float, str]:
    """The time and id a cursor stands for; raises Malformed for anything we did not write."""
    try:
        at, identity = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().split(" ", 1)
        when = float(at)
    except (binascii.Error, ValueError):
        raise Malformed("cursor", "the cursor is not one of ours") from None
    if not math.isfinite(when):
        raise Malformed("cursor", "the cursor is not one of ours")
    return when, identity
