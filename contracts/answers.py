"""What the answer to an event is called while it is kept for its caller: by event, account and content."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct as Layout
from zlib import crc32

#: In place of a decision: the account's event id was used before, for other content.
REUSED = b"event_id_reused"
REUSED_DETAIL = "the account's event id was used before for other content; give each event an id of its own"
_BIG_ENDIAN = Layout(">I").pack
#: No identifier holds it.
_BETWEEN = "\x1f"


def content_digest(value: bytes) -> bytes:
    """Four bytes that tell one content from another: CRC-32 of the event's JSON as it was sent.

    Good against mistakes, not against somebody who wants two contents to look alike: he could as well have sent another id.
    """
    return crc32(value).to_bytes(4, "big")


def content_digests(values: Iterable[bytes]) -> list[bytes]:
    """The `content_digest` of each value."""
    return list(map(_BIG_ENDIAN, map(crc32, values)))


def answer_name(account_id: str, event_id: str, value: bytes) -> str:
    """The name of the answer to an event whose JSON is `value`."""
    return f"{event_id}{_BETWEEN}{account_id}{_BETWEEN}{content_digest(value).hex()}"


def event_of(name: str) -> tuple[str, str]:
    """The event id in an answer's name, and the rest of it."""
    event_id, _, rest = name.partition(_BETWEEN)
    return event_id, rest


def account_in(rest: str) -> str:
    """The account in the rest of an answer's name."""
    return rest.rpartition(_BETWEEN)[0]
