"""Any other help desk by a webhook of one's own, both ways signed as Standard Webhooks has it:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import DecodeError, Meta, Struct, ValidationError, json
from standardwebhooks import Webhook as Signer
from standardwebhooks.webhooks import WebhookVerificationError

from contracts.errors import Malformed
from services.connect.calls import Caller
from services.connect.help_desk import Arrived, HelpDesk, Opened
from services.connect.texts import Told

_LONGEST = 64
_Text = Annotated[str, Meta(min_length=1, max_length=_LONGEST)]


class _Opened(Struct):
    ticket_id: str | int = ""


class _Hook(Struct):
    """`ticket_id` is what the receiver answered to `ticket.opened`, or the case's id where it answered none. With `case_id`, as
    that message had it, what is said before the answer arrived finds its case too."""

    type: Literal["note", "closed", "reopened"]
    ticket_id: _Text
    id: _Text = ""
    text: str = ""
    by: str = ""
    mark: str = ""
    case_id: str = ""


class OwnWebhook(HelpDesk):
    """Messages of type `ticket.opened`, `ticket.note`, `ticket.closed` and `ticket.reopened`. The mark is the message's id, the
    same each time it is sent: a receiver that has it already answers as before."""

    async def open(self, told: Told, again: bool) -> Opened:
        """What the receiver calls it (`ticket_id` in its answer), else the id of the case."""
        answer = await self._send("ticket.opened", told.case_id, told)
        try:
            named = json.decode(answer, type=_Opened).ticket_id
        except (DecodeError, ValidationError):
            named = ""
        if 0 < len(str(named)) <= _LONGEST:
            return Opened(str(named), str(named))
        own = told.case_id if len(told.case_id) <= _LONGEST else told.mark
        return Opened(own, own)

    async def note(self, external_id: str, told: Told, again: bool) -> None:
        """A message with the text."""
        await self._send("ticket.note", external_id, told)

    async def set_closed(self, external_id: str, closed: bool, told: Told) -> None:
        """A message that says so."""
        what = "closed" if closed else "reopened"
        await self._send(
            f"ticket.{what}", external_id, Told(f"{told.mark}-{what}", told.text, case_id=told.case_id)
        )

    async def check(self) -> str:
        """A message of type `test`."""
        await self._send("test", "test", Told(f"test-{time.time_ns()}", ""))
        return self.connection.name

    async def _send(self, kind: str, ticket_id: str, told: Told) -> bytes:
        now = datetime.now(UTC)
        data = {"ticket_id": ticket_id, "case_id": told.case_id, "title": told.title, "text": told.text}
        body = json.encode(
            {
                "type": kind,
                "timestamp": now.isoformat(timespec="seconds"),
                "data": {k: v for k, v in data.items() if v},
            }
        )
        signed = Signer(self.secret.signing).sign(told.mark, now, body.decode())
        headers = {
            "webhook-id": told.mark,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signed,
        }
        return await Caller(self.pool, self.connection.url, headers).tell("POST", "", body)

    @classmethod
    def signed(cls, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
        """As Standard Webhooks has it, within five minutes."""
        try:
            Signer(secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError):
            return False
        return True

    @classmethod
    def read(cls, body: bytes) -> Arrived:
        """A note, or that the ticket was closed or opened again."""
        try:
            hook = json.decode(body, type=_Hook)
        except (DecodeError, ValidationError):
            detail = (
                "the body is JSON with type (note, closed or reopened), ticket_id, and of a note id and text"
            )
            raise Malformed("not_a_note", detail) from None
        if hook.type != "note":
            return Arrived(external_id=hook.ticket_id, bears=hook.case_id, closed=hook.type == "closed")
        if not hook.id or not hook.text.strip():
            raise Malformed("not_a_note", "a note has an id of its own, and a text")
        return Arrived(
            external_id=hook.ticket_id,
            reply_id=hook.id,
            text=hook.text.strip(),
            by=hook.by,
            mark=hook.mark,
            bears=hook.case_id,
        )
