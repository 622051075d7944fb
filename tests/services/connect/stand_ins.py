"""Help desks to speak to: they keep to what Zammad and Chatwoot document of their APIs, and refuse what those would.

https://docs.zammad.org/en/latest/api/ticket/ and https://developers.chatwoot.com/api-reference/introduction
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

#: What befalls a request: it is served, fails before or after it was done, or whoever asks dies before or after.
FATES = ("served", "fails", "fails_after", "dies", "dies_after")
TOKEN = "t0ken"
Handler = Callable[[Request], Awaitable[Response]]


class StandIn:
    """A help desk in this process. `fates` are those of the next writing requests; `kill` ends whoever asks."""

    def __init__(self) -> None:
        self.url = ""
        self.fates: list[str] = []
        self.kill: Callable[[], object] = lambda: None
        self.tokens = {TOKEN}
        self.seen: list[str] = []

    def routes(self) -> list[Route]:
        raise NotImplementedError

    def signed_in(self, request: Request) -> bool:
        raise NotImplementedError

    def route(self, path: str, handler: Handler, *methods: str) -> Route:
        async def fated(request: Request) -> Response:
            self.seen.append(f"{request.method} {request.url.path}")
            if not self.signed_in(request):
                return JSONResponse({"error": "Authentication required"}, status_code=401)
            fate = self.fates.pop(0) if self.fates and request.method != "GET" else "served"
            if fate == "fails":
                return JSONResponse({"error": "try later"}, status_code=503)
            if fate == "dies":
                self.kill()
                return Response(status_code=503)
            answer = await handler(request)
            if fate == "dies_after":
                self.kill()
            return JSONResponse({}, status_code=502) if fate == "fails_after" else answer

        return Route(path, fated, methods=list(methods))


class ZammadStandIn(StandIn):
    """Tickets and their articles."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[int, dict[str, Any]] = {}
        self.articles: list[dict[str, Any]] = []
        self.notified = 0

    def signed_in(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Token token=") in self.tokens

    def routes(self) -> list[Route]:
        return [
            self.route("/api/v1/users/me", self._me, "GET"),
            self.route("/api/v1/tickets/search", self._search, "GET"),
            self.route("/api/v1/tickets", self._create, "POST"),
            self.route("/api/v1/tickets/{id:int}", self._ticket, "GET"),
            self.route("/api/v1/tickets/{id:int}", self._update, "PUT"),
            self.route("/api/v1/ticket_articles", self._add, "POST"),
            self.route("/api/v1/ticket_articles/by_ticket/{id:int}", self._of_ticket, "GET"),
        ]

    def _write(self, request: Request, ticket_id: int, article: dict[str, Any]) -> None:
        self.notified += request.headers.get("x-zammad-suppress-notifications") != "true"
        self.articles.append({"id": len(self.articles) + 100, "ticket_id": ticket_id, **article})

    async def _me(self, _request: Request) -> Response:
        return JSONResponse({"id": 3, "login": "payguard"})

    async def _search(self, request: Request) -> Response:
        wanted = request.query_params["query"].removeprefix('title:"').removesuffix('"')
        found = {number: each for number, each in self.tickets.items() if wanted in each["title"]}
        assets = {"Ticket": {str(number): each for number, each in found.items()}}
        return JSONResponse({"tickets": [*found], "tickets_count": len(found), "assets": assets})

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        if body["group"] != "Users" or not body["customer_id"].startswith("guess:"):
            return JSONResponse({"error": "No lookup value found for 'group'"}, status_code=422)
        ticket = {
            "id": len(self.tickets) + 1,
            "number": f"2200{len(self.tickets)}",
            "title": body["title"],
            "state": "new",
        }
        self.tickets[ticket["id"]] = ticket
        self._write(request, ticket["id"], body["article"])
        return JSONResponse(ticket, status_code=201)

    async def _ticket(self, request: Request) -> Response:
        ticket = self.tickets.get(request.path_params["id"])
        if ticket is None:
            return JSONResponse({"error": "Couldn't find Ticket"}, status_code=404)
        return JSONResponse(ticket)

    async def _update(self, request: Request) -> Response:
        ticket = self.tickets.get(request.path_params["id"])
        if ticket is None:
            return JSONResponse({"error": "Couldn't find Ticket"}, status_code=404)
        ticket["state"] = (await request.json())["state"]
        return JSONResponse(ticket)

    async def _add(self, request: Request) -> Response:
        body = await request.json()
        if body["ticket_id"] not in self.tickets:
            return JSONResponse({"error": "Couldn't find Ticket"}, status_code=404)
        self._write(request, body.pop("ticket_id"), body)
        return JSONResponse(self.articles[-1], status_code=201)

    async def _of_ticket(self, request: Request) -> Response:
        return JSONResponse(
            [each for each in self.articles if each["ticket_id"] == request.path_params["id"]]
        )


class ChatwootStandIn(StandIn):
    """Contacts, conversations and messages of account 1 and its inbox 7."""

    def __init__(self) -> None:
        super().__init__()
        self.contacts: dict[int, dict[str, Any]] = {}
        self.conversations: dict[int, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []

    def signed_in(self, request: Request) -> bool:
        return request.headers.get("api_access_token") in self.tokens

    def routes(self) -> list[Route]:
        under = "/api/v1/accounts/1"
        return [
            self.route(f"{under}/inboxes/7", self._inbox, "GET"),
            self.route(f"{under}/contacts", self._contact, "POST"),
            self.route(f"{under}/contacts/search", self._search, "GET"),
            self.route(f"{under}/contacts/{{id:int}}/conversations", self._conversations, "GET"),
            self.route(f"{under}/conversations", self._converse, "POST"),
            self.route(f"{under}/conversations/{{id:int}}/messages", self._messages, "GET", "POST"),
            self.route(f"{under}/conversations/{{id:int}}/toggle_status", self._toggle, "POST"),
        ]

    async def _inbox(self, _request: Request) -> Response:
        return JSONResponse({"id": 7, "name": "PayGuard", "channel_type": "Channel::Api"})

    async def _contact(self, request: Request) -> Response:
        body = await request.json()
        if any(each["identifier"] == body["identifier"] for each in self.contacts.values()):
            detail = {"message": "Identifier has already been taken", "attributes": ["identifier"]}
            return JSONResponse(detail, status_code=422)
        number = len(self.contacts) + 1
        inbox = {"source_id": f"source-{number}", "inbox": {"id": body["inbox_id"]}}
        self.contacts[number] = {"id": number, **body, "contact_inboxes": [inbox]}
        return JSONResponse({"payload": {"contact": self.contacts[number], "contact_inbox": inbox}})

    async def _search(self, request: Request) -> Response:
        wanted = request.query_params["q"]
        found = [each for each in self.contacts.values() if wanted in each["identifier"]]
        return JSONResponse({"meta": {"count": len(found)}, "payload": found})

    async def _conversations(self, request: Request) -> Response:
        of = request.path_params["id"]
        return JSONResponse(
            {"payload": [each for each in self.conversations.values() if each["contact_id"] == of]}
        )

    async def _converse(self, request: Request) -> Response:
        body = await request.json()
        if body["source_id"] != f"source-{body['contact_id']}":
            return JSONResponse({"error": "source id should be valid"}, status_code=404)
        number = len(self.conversations) + 1
        self.conversations[number] = {"id": number, **body}
        return JSONResponse({"id": number, "account_id": 1, "inbox_id": 7})

    async def _messages(self, request: Request) -> Response:
        of = request.path_params["id"]
        if request.method == "GET":
            before = int(request.query_params.get("before", "1000000"))
            mine = [each for each in self.messages if each["conversation_id"] == of and each["id"] < before]
            return JSONResponse({"meta": {}, "payload": mine[-20:]})
        self.messages.append({"id": len(self.messages) + 1, "conversation_id": of, **await request.json()})
        return JSONResponse(self.messages[-1])

    async def _toggle(self, request: Request) -> Response:
        conversation = self.conversations[request.path_params["id"]]
        conversation["status"] = (await request.json())["status"]
        return JSONResponse({"payload": {"success": True}})


class OwnStandIn(StandIn):
    """Somebody's own receiver: a message of an id that it has is answered as before, and done once."""

    def __init__(self) -> None:
        super().__init__()
        self.got: dict[str, tuple[dict[str, str], bytes]] = {}
        self.names: dict[str, str] = {}

    def signed_in(self, request: Request) -> bool:
        return "webhook-signature" in request.headers

    def routes(self) -> list[Route]:
        return [self.route("/payguard", self._take, "POST")]

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        self.got.setdefault(request.headers["webhook-id"], (dict(request.headers), body))
        case_id = json.loads(body)["data"].get("case_id", "test")
        return JSONResponse({"ticket_id": self.names.setdefault(case_id, f"T-{len(self.names) + 1}")})


@asynccontextmanager
async def serving(stand_in: StandIn) -> AsyncIterator[None]:
    """The stand-in on a port of the loopback, whose address it gets."""
    app = Starlette(routes=stand_in.routes())
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    stand_in.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield
    finally:
        server.should_exit = True
        await ticking
        await server.shutdown()
