"""Zammad by its REST API and its webhooks: https://docs.zammad.org/en/latest/api/ticket/,
https://admin-docs.zammad.org/en/latest/manage/webhook.html
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

from msgspec import DecodeError, Struct, ValidationError, json

from contracts.errors import Malformed
from services.connect.calls import Caller
from services.connect.connections import Options
from services.connect.help_desk import Arrived, HelpDesk, Opened
from services.connect.texts import Told

#: Agents there are told of nothing that we write: https://docs.zammad.org/en/latest/api/ticket/
_QUIET = {"X-Zammad-Suppress-Notifications": "true"}
_CLOSED = frozenset({"closed", "merged"})


class _By(Struct):
    firstname: str = ""
    lastname: str = ""


class _Article(Struct):
    id: int
    subject: str | None = None
    body: str | None = None
    content_type: str | None = None
    created_by: _By | str | None = None


class _Ticket(Struct):
    id: int
    state: str | None = None
    title: str | None = None

    @property
    def case_number(self) -> str:
        return _number(self.title or "")


class _Me(Struct):
    login: str


class _Made(Struct):
    id: int
    number: str = ""

    @property
    def opened(self) -> Opened:
        return Opened(str(self.id), self.number or str(self.id))


class _Found(Struct):
    tickets: list[int] = []


#: By its version: ids beside `assets`, or whole tickets.
_Search = _Found | list[_Made]


class _Hook(Struct):
    ticket: _Ticket
    article: _Article | None = None


class Zammad(HelpDesk):
    """Tickets of a group, each for the customer of the settings; the mark is an article's subject."""

    needs = ("group", "customer")

    @property
    def _call(self) -> Caller:
        headers = {"authorization": f"Token token={self.secret.token}", **_QUIET}
        return Caller(self.pool, f"{self.connection.url}/api/v1", headers)

    async def open(self, told: Told, again: bool) -> Opened:
        """A ticket whose first article bears the mark."""
        if again and (there := await self._found(told)) is not None:
            return there
        options = self.connection.options
        made = await self._call.ask(
            _Made,
            "POST",
            "/tickets",
            {
                "title": told.title,
                "group": options.group,
                "customer_id": f"guess:{options.customer}",
                "article": _article(told),
            },
        )
        return made.opened

    async def note(self, external_id: str, told: Told, again: bool) -> None:
        """An internal article."""
        if again and await self._has(external_id, told.mark):
            return
        await self._call.tell("POST", "/ticket_articles", {"ticket_id": int(external_id), **_article(told)})

    async def set_closed(self, external_id: str, closed: bool, told: Told) -> None:
        """Its state, by the names that Zammad comes with."""
        await self._call.tell("PUT", f"/tickets/{external_id}", {"state": "closed" if closed else "open"})

    @classmethod
    def page(cls, url: str, options: Options, external_id: str) -> str | None:
        """Its page, as its links have it."""
        return f"{url}/#ticket/zoom/{external_id}"

    async def check(self) -> str:
        """The login of the token's user."""
        return (await self._call.ask(_Me, "GET", "/users/me")).login

    async def _found(self, told: Told) -> Opened | None:
        """The ticket that an earlier try made: titles name candidates, the mark says which."""
        query = quote(f'title:"{_number(told.title)}"')
        answer: _Found | list[_Made] = await self._call.ask(
            _Search,  # type: ignore[arg-type]  # a union is no type to mypy
            "GET",
            f"/tickets/search?query={query}&limit=50",
        )
        for candidate in _ids(answer):
            if await self._has(candidate, told.mark):
                return (await self._call.ask(_Made, "GET", f"/tickets/{candidate}")).opened
        return None

    async def _has(self, external_id: str, mark: str) -> bool:
        articles = await self._call.ask(list[_Article], "GET", f"/ticket_articles/by_ticket/{external_id}")
        return any(each.subject == mark for each in articles)

    @classmethod
    def signed(cls, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
        """`X-Hub-Signature: sha1=` and the HMAC of the body; Zammad says no time, so a repeat is known by its article."""
        wanted = f"sha1={hmac.new(secret.encode(), body, 'sha1').hexdigest()}"
        return hmac.compare_digest(headers.get("x-hub-signature", "").encode(), wanted.encode())

    @classmethod
    def read(cls, body: bytes) -> Arrived:
        """The ticket's state, and the article that the trigger was about."""
        try:
            hook = json.decode(body, type=_Hook)
        except (DecodeError, ValidationError):
            raise Malformed(
                "not_zammad", "the body is Zammad's default payload: a ticket, and an article"
            ) from None
        closed = None if hook.ticket.state is None else hook.ticket.state in _CLOSED
        article = hook.article
        if article is None:
            return Arrived(external_id=str(hook.ticket.id), bears=hook.ticket.case_number, closed=closed)
        html = (article.content_type or "text/html").startswith("text/html")
        text = plain_text(article.body or "") if html else (article.body or "").strip()
        return Arrived(
            external_id=str(hook.ticket.id),
            reply_id=str(article.id),
            text=text,
            by=_name(article.created_by),
            mark=article.subject or "",
            bears=hook.ticket.case_number,
            closed=closed,
        )


def _number(title: str) -> str:
    """The number of the case, with which the title begins."""
    return title[1:].partition("]")[0] if title.startswith("[") else ""


#: What stands in these is for no reader.
_UNREAD = frozenset({"script", "style"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._unread += tag in _UNREAD
        if tag in ("br", "p", "div", "li", "tr"):
            self.read.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in _UNREAD and self._unread > 0

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.read.append(data)


def plain_text(html: str) -> str:
    """The words of an article's HTML, a line each."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.read).split("\n"))
    return "\n".join(line for line in lines if line)


def _article(told: Told) -> dict[str, Any]:
    return {
        "subject": told.mark,
        "body": told.text,
        "content_type": "text/plain",
        "type": "note",
        "internal": True,
    }


def _ids(answer: _Found | list[_Made]) -> list[str]:
    """The tickets of a search."""
    found = answer.tickets if isinstance(answer, _Found) else [each.id for each in answer]
    return [str(each) for each in found]


def _name(by: _By | str | None) -> str:
    return "" if by is None or isinstance(by, str) else f"{by.firstname} {by.lastname}".strip()
