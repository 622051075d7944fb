"""Who is told and how: the owner, in their language and time zone, by every channel they can be reached on. Pure."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

LOCALES = ("zh-CN", "en")


class Contact(Struct, frozen=True):
    """What the wallet's backend told us of the owner."""

    email: str
    locale: str
    time_zone: str


class Route(Struct, frozen=True):
    """One letter to send: the channel, the address on it, and how the reader reads."""

    channel: str
    to: str
    locale: str
    time_zone: str


def routes(contact: Contact | None, channels: Collection[str]) -> list[Route]:
    """The routes to the owner; none without a contact or without a channel that reaches it."""
    if contact is None or "mail" not in channels:
        return []
    locale = contact.locale if contact.locale in LOCALES else LOCALES[0]
    return [Route("mail", contact.email, locale, contact.time_zone)]


def idempotency_key(notice_id: str, channel: str) -> str:
    """The key of one notice on one channel, the same on every try."""
    return f"{notice_id}.{channel}"
