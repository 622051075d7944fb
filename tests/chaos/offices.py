"""People who work in other help desks: they write in tickets, and the webhooks of their help desk come until they are taken."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook as Signer

from services.connect.texts import mark_of
from tests.services.connect.stand_ins import ChatwootStandIn, OwnStandIn, StandIn, ZammadStandIn
from tests.services.connect.told import SIGNING

#: Every so many a webhook comes twice, as after an answer that was lost.
_TWICE_EVERY = 7


#: The ticket, the mark that it bears if it came from PayGuard, and the rest.
Written = tuple[str, str, Any]


class Office:
    """A help desk in use. Of each ticket `began` names the mark; people there write `said`, when it is new and later."""

    kind = ""

    def __init__(self, client: httpx.AsyncClient, endangered: int, kill: Callable[[], None]) -> None:
        """`kill` ends whoever takes webhooks while the one of that number is under way."""
        self._client = client
        self._endangered = endangered
        self._kill = kill
        self.sent = 0
        self.idle = False
        self.said: dict[str, list[str]] = {}
        self._written: list[Written] = []
        self._began: dict[str, list[str]] = {}

    desk: StandIn

    def fresh(self, known: int) -> list[Written]:
        """What was written there after so much that is known."""
        raise NotImplementedError

    def written(self) -> list[Written]:
        """Everything that was written there, in order."""
        for each in self.fresh(len(self._written)):
            self._written.append(each)
            self._began.setdefault(each[1], []).append(each[0])
        return self._written

    def told(self, ticket: str, mark: str, rest: Any) -> tuple[dict[str, str], bytes]:
        """The webhook that tells of it: its headers, signed, and its body."""
        raise NotImplementedError

    def write(self, ticket: str, text: str) -> None:
        """Somebody there writes in the ticket."""
        raise NotImplementedError

    def closed(self, ticket: str) -> bool:
        raise NotImplementedError

    def ticket_of(self, case_id: str) -> list[str]:
        """The tickets that began with the mark of the case."""
        self.written()
        return self._began.get(mark_of(case_id, 0), [])

    def marks(self, ticket: str) -> list[str]:
        return [mark for each, mark, _ in self.written() if each == ticket and mark]

    async def run(self) -> None:
        """Tell of everything that is written, in order, until cancelled."""
        seen = 0
        while True:
            there = [*self.written()]
            self.idle = seen == len(there)
            for ticket, mark, rest in there[seen:]:
                if mark:
                    self._answer(ticket)
                await self._deliver(*self.told(ticket, mark, rest))
            seen = len(there)
            await asyncio.sleep(0.05)

    def _answer(self, ticket: str) -> None:
        said = self.said.setdefault(ticket, [])
        if len(said) < 2:
            said.append(f"{self.kind} {ticket} says {len(said)}")
            self.write(ticket, said[-1])

    async def _deliver(self, headers: dict[str, str], body: bytes) -> None:
        for _ in range(1 + (self.sent % _TWICE_EVERY == 0)):
            self.sent += 1
            while not await self._taken(headers, body):  # noqa: ASYNC110  another process answers
                await asyncio.sleep(0.2)

    async def _taken(self, headers: dict[str, str], body: bytes) -> bool:
        asking = asyncio.create_task(
            self._client.post(f"/v1/connect/{self.kind}", content=body, headers=headers)
        )
        if self.sent == self._endangered:
            self._endangered = 0
            await asyncio.sleep(0)
            self._kill()
        try:
            answer = await asking
        except httpx.TransportError:
            return False
        assert answer.status_code in (204, 429, 500, 502, 503), answer.text
        return answer.status_code == 204


class ZammadOffice(Office):
    kind = "zammad"
    desk: ZammadStandIn

    def fresh(self, known: int) -> list[Written]:
        return [(str(each["ticket_id"]), each["subject"], each) for each in self.desk.articles[known:]]

    def told(self, ticket: str, mark: str, rest: Any) -> tuple[dict[str, str], bytes]:
        by = {"firstname": "Emma", "lastname": "Taylor"}
        body = json.dumps(
            {"ticket": self.desk.tickets[int(ticket)], "article": rest | {"created_by": by}}
        ).encode()
        return {"x-hub-signature": f"sha1={hmac.new(b'5ecret', body, 'sha1').hexdigest()}"}, body

    def write(self, ticket: str, text: str) -> None:
        number = len(self.desk.articles) + 100
        self.desk.articles.append(
            {
                "id": number,
                "ticket_id": int(ticket),
                "subject": "",
                "body": text,
                "content_type": "text/plain",
            }
        )

    def closed(self, ticket: str) -> bool:
        return bool(self.desk.tickets[int(ticket)]["state"] == "closed")


class ChatwootOffice(Office):
    kind = "chatwoot"
    desk: ChatwootStandIn

    def fresh(self, known: int) -> list[Written]:
        found: list[Written] = []
        for each in self.desk.messages[known:]:
            last = each["content"].rpartition("\n")[2]
            found.append((str(each["conversation_id"]), last if last.startswith("payguard-") else "", each))
        return found

    def told(self, ticket: str, mark: str, rest: Any) -> tuple[dict[str, str], bytes]:
        contact = self.desk.contacts[self.desk.conversations[int(ticket)]["contact_id"]]
        conversation = {"id": int(ticket), "meta": {"sender": {"identifier": contact["identifier"]}}}
        hook = {"event": "message_created", "sender": {"name": "Emma Taylor"}, "conversation": conversation}
        body = json.dumps(hook | {name: rest[name] for name in ("id", "content", "message_type")}).encode()
        at = str(int(time.time()))
        digest = hmac.new(b"5ecret", f"{at}.".encode() + body, "sha256").hexdigest()
        return {"x-chatwoot-signature": f"sha256={digest}", "x-chatwoot-timestamp": at}, body

    def write(self, ticket: str, text: str) -> None:
        message = {"content": text, "message_type": "outgoing", "private": True}
        self.desk.messages.append(
            {"id": len(self.desk.messages) + 1, "conversation_id": int(ticket), **message}
        )

    def closed(self, ticket: str) -> bool:
        return bool(self.desk.conversations[int(ticket)]["status"] == "resolved")


class OwnOffice(Office):
    kind = "webhook"
    desk: OwnStandIn

    def __init__(self, client: httpx.AsyncClient, endangered: int, kill: Callable[[], None]) -> None:
        super().__init__(client, endangered, kill)
        self._ended: dict[str, bool] = {}
        self._looked = 0

    def fresh(self, known: int) -> list[Written]:
        found: list[Written] = []
        for mark, (_, body) in list(self.desk.got.items())[self._looked :]:
            self._looked += 1
            message = json.loads(body)
            ticket = self.desk.names[message["data"]["case_id"]]
            if message["type"] in ("ticket.opened", "ticket.note"):
                found.append((ticket, mark, message["data"]["text"]))
            else:
                self._ended[ticket] = message["type"] == "ticket.closed"
        return found

    def told(self, ticket: str, mark: str, rest: Any) -> tuple[dict[str, str], bytes]:
        case_id = next(each for each, name in self.desk.names.items() if name == ticket)
        note = {"type": "note", "ticket_id": ticket, "case_id": case_id, "id": mark or rest, "text": rest}
        body, now = json.dumps(note | {"by": "Emma Taylor", "mark": mark}), datetime.now(UTC)
        signed = Signer(SIGNING["webhook"]).sign(f"m-{mark or rest}", now, body)
        headers = {"webhook-id": f"m-{mark or rest}", "webhook-timestamp": str(int(now.timestamp()))}
        return headers | {"webhook-signature": signed}, body.encode()

    def write(self, ticket: str, text: str) -> None:
        self._written.append((ticket, "", text))

    def closed(self, ticket: str) -> bool:
        return self._ended.get(ticket, False)


OFFICES: tuple[tuple[type[Office], type[StandIn]], ...] = (
    (ZammadOffice, ZammadStandIn),
    (ChatwootOffice, ChatwootStandIn),
    (OwnOffice, OwnStandIn),
)
