"""The otpauth URI as a QR code, and the ticket that shows it once."""

from __future__ import annotations

import hashlib
import io
import secrets

import segno

MEDIA_TYPE = "image/svg+xml"
_MODULE_PX = 4
#: The quiet zone that ISO/IEC 18004 asks for, in modules.
_BORDER = 4


def svg(uri: str) -> bytes:
    """The URI as an SVG image, black on white whatever the colours of the page are."""
    drawn = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        drawn, kind="svg", scale=_MODULE_PX, border=_BORDER, dark="#000", light="#fff", nl=False
    )
    return drawn.getvalue()


def new_ticket() -> str:
    """256 random bits as text for a URL."""
    return secrets.token_urlsafe(32)


def ticket_hash(ticket: str) -> str:
    """What is kept of a ticket."""
    return hashlib.sha256(ticket.encode()).hexdigest()
