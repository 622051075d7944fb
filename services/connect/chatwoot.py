"""Chatwoot by its application API and its webhooks: https://developers.chatwoot.com/api-reference/introduction,
https://www.chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from msgspec import DecodeError, Struct, ValidationError, json

from contracts.errors import Malformed
from services.connect.calls import Caller, Refused
from services.connect.connections import Options
from services.connect.help_desk import Arrived, HelpDesk, Opened
from services.connect.texts import Told

#: A signature counts for so long after its timestamp, as Chatwoot has it.
_TOLERANCE_S = 300.0
_MOST_PAGES = 5
#: A contact that is there already, as Chatwoot answers.
_TAKEN = 422
#: Messages of people; the other types are lines of Chatwoot's own.
_PEOPLE = {"incoming", "outgoing", 0, 1}


class _Sender(Struct):
    name: str | None = None


class _Person(Struct):
    identifier: str | None = None


class _Meta(Struct):
    sender: _Person | None = None


class _Conversation(Struct):
    id: int
    meta: _Meta | None = None

    @property
    def mark(self) -> str:
        """The identifier of its contact: of a conversation of ours, the ticket's mark."""
        sender = None if self.meta is None else self.meta.sender
        return (sender and sender.identifier) or ""


class _Conversations(Struct):
    payload: list[_Conversation]


class _Inbox(Struct):
    name: str = ""
    id: int = 0


class _ContactInbox(Struct):
    source_id: str
    inbox: _Inbox | None = None


class _Contact(Struct):
    id: int
    identifier: str | None = None
    contact_inboxes: list[_ContactInbox] = []

    def source(self, inbox: int) -> str | None:
        """What the inbox knows the contact by."""
        known = (
            each.source_id
            for each in self.contact_inboxes
            if each.inbox is not None and each.inbox.id == inbox
        )
        return next(known, None)


class _Contacts(Struct):
    payload: list[_Contact]


class _WithInbox(Struct):
    contact: _Contact
    contact_inbox: _ContactInbox | None = None


class _ContactMade(Struct):
    """As the server answers, or as its reference has it."""

    payload: _WithInbox | list[_Contact]


class _Message(Struct):
    id: int
    content: str | None = None


class _Messages(Struct):
    payload: list[_Message]


class _Hook(Struct):
    event: str
    id: int | str | None = None
    content: str | None = None
    message_type: str | int | None = None
    sender: _Sender | None = None
    conversation: _Conversation | None = None
    status: str | None = None
    meta: _Meta | None = None


class Chatwoot(HelpDesk):
    """Conversations of an inbox of kind API, each with a contact of its own; the mark is a message's last line."""

    needs = ("account", "inbox")

    @property
    def _call(self) -> Caller:
        url = f"{self.connection.url}/api/v1/accounts/{self.connection.options.account}"
        return Caller(self.pool, url, {"api_access_token": self.secret.token})

    async def open(self, told: Told, again: bool) -> Opened:
        """A conversation with the contact that the mark names, and the text as its first private message."""
        contact = await self._contact(told, again)
        conversation = await self._conversation_of(contact) if again else None
        if conversation is None:
            inbox = self.connection.options.inbox
            wanted = {
                "source_id": contact.source(inbox) or told.mark,
                "inbox_id": inbox,
                "contact_id": contact.id,
                "status": "open",
            }
            conversation = (await self._call.ask(_Conversation, "POST", "/conversations", wanted)).id
        await self.note(str(conversation), told, again)
        return Opened(str(conversation), str(conversation))

    async def note(self, external_id: str, told: Told, again: bool) -> None:
        """A private message."""
        if again and await self._has(external_id, told.mark):
            return
        message = {"content": f"{told.text}\n\n{told.mark}", "message_type": "outgoing", "private": True}
        await self._call.tell("POST", f"/conversations/{external_id}/messages", message)

    async def set_closed(self, external_id: str, closed: bool, told: Told) -> None:
        """Its status: resolved, or open."""
        status = {"status": "resolved" if closed else "open"}
        await self._call.tell("POST", f"/conversations/{external_id}/toggle_status", status)

    @classmethod
    def page(cls, url: str, options: Options, external_id: str) -> str | None:
        """The conversation, as an agent's address bar has it."""
        return f"{url}/app/accounts/{options.account}/conversations/{external_id}"

    async def check(self) -> str:
        """The name of the inbox."""
        return (await self._call.ask(_Inbox, "GET", f"/inboxes/{self.connection.options.inbox}")).name

    async def _contact(self, told: Told, again: bool) -> _Contact:
        """The contact of the case, made unless it is there."""
        if again and (there := await self._known(told)) is not None:
            return there
        wanted = {"inbox_id": self.connection.options.inbox, "name": told.title, "identifier": told.mark}
        try:
            made = (await self._call.ask(_ContactMade, "POST", "/contacts", wanted)).payload
        except Refused as error:
            there = await self._known(told) if error.status == _TAKEN else None
            if there is None:
                raise
            return there
        if isinstance(made, _WithInbox):
            inboxes = [*made.contact.contact_inboxes, *([made.contact_inbox] if made.contact_inbox else [])]
            return _Contact(made.contact.id, made.contact.identifier, inboxes)
        if not made:
            raise Refused(0)
        return made[0]

    async def _known(self, told: Told) -> _Contact | None:
        path = f"/contacts/search?q={told.mark}&include_contact_inboxes=true"
        found = (await self._call.ask(_Contacts, "GET", path)).payload
        return next((each for each in found if each.identifier == told.mark), None)

    async def _conversation_of(self, contact: _Contact) -> int | None:
        found = (await self._call.ask(_Conversations, "GET", f"/contacts/{contact.id}/conversations")).payload
        return min((each.id for each in found), default=None)

    async def _has(self, external_id: str, mark: str) -> bool:
        before = ""
        for _ in range(_MOST_PAGES):
            path = f"/conversations/{external_id}/messages{before}"
            found = (await self._call.ask(_Messages, "GET", path)).payload
            if any(_mark(each.content or "") == mark for each in found):
                return True
            if not found:
                return False
            before = f"?before={min(each.id for each in found)}"
        return False

    @classmethod
    def signed(cls, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
        """`X-Chatwoot-Signature: sha256=` and the HMAC of "TIMESTAMP.BODY", the timestamp as `X-Chatwoot-Timestamp` has it."""
        at = headers.get("x-chatwoot-timestamp", "")
        if not at.isdecimal() or len(at) > 15 or abs(now - int(at)) > _TOLERANCE_S:
            return False
        wanted = f"sha256={hmac.new(secret.encode(), at.encode() + b'.' + body, 'sha256').hexdigest()}"
        return hmac.compare_digest(headers.get("x-chatwoot-signature", "").encode(), wanted.encode())

    @classmethod
    def read(cls, body: bytes) -> Arrived | None:
        """A message of a person, or a status that has changed."""
        try:
            hook = json.decode(body, type=_Hook)
        except (DecodeError, ValidationError):
            raise Malformed(
                "not_chatwoot", "the body is an event of Chatwoot's, with a conversation"
            ) from None
        if hook.event == "conversation_status_changed" and hook.id is not None:
            bears = _Conversation(0, hook.meta).mark
            return Arrived(external_id=str(hook.id), bears=bears, closed=hook.status == "resolved")
        if hook.event != "message_created" or hook.conversation is None or hook.message_type not in _PEOPLE:
            return None
        content = (hook.content or "").strip()
        return Arrived(
            external_id=str(hook.conversation.id),
            reply_id=str(hook.id),
            text=content,
            by=(hook.sender and hook.sender.name) or "",
            mark=_mark(content),
            bears=hook.conversation.mark,
        )


def _mark(content: str) -> str:
    return content.strip().rpartition("\n")[2].strip()
