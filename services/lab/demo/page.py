"""The demonstration's page: what runs, its people to be, their letters. An application of its own on loopback, not the API's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from msgspec import json
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from contracts.errors import Unavailable
from services.lab.demo.agents import Agent
from services.lab.demo.letters import Mail
from services.lab.demo.owners import Owner
from services.lab.demo.owners_day import THIEF
from services.lab.demo.showing import Figures, Showing, Standing
from services.portal.pages import ASSETS, PREFIX, headers_of, locale_of, page
from services.portal.portal import Portal
from services.portal.wording import Wording, wording

#: Where the page is, and what its addresses begin with.
HERE = "/demo"
_MOST_LETTERS = 8
_LIVE_EVERY_S = 1.0
_RENEWS_S = "3"
_MOST_FORM_BYTES = 2048
_FOR_EVER = "public, max-age=31536000, immutable"
#: In the order in which they stand.
_FIGURES = ("minute", "latency", "stopped", "kept", "letters", "cases")
#: A letter may look as it likes, and open its links beside the page; it may do nothing else.
_LETTER_POLICY = (
    "default-src 'none'; style-src '{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


@dataclass
class Stage:
    """What the page looks at: `showing` is None until people are there; `ending` is set when everything stops. `agent` is the
    sign-in of the desk."""

    people: int
    doors: Sequence[tuple[str, str, str]]
    api: str
    ending: asyncio.Event
    showing: Showing | None = None
    agent: Agent | None = None


@dataclass(frozen=True)
class _View:
    """The page's changing parts as they are now, in one language."""

    standings: list[Standing]
    letters: list[tuple[Owner, Mail]]
    figures: Figures | None
    live: bool
    since: str

    @property
    def state(self) -> str:
        """What changes when there is more to see than figures and codes."""
        chips = ",".join(each.chip for each in self.standings)
        return f"{self.live} {len(self.letters)} {chips}"

    @property
    def first(self) -> str:
        """The name of the letter about the payment that is held."""
        return next((mail.name for owner, mail in reversed(self.letters) if _is_first(owner, mail)), "")


def demo_app(stage: Stage, portal: Portal) -> Starlette:
    """The application. It answers who asks for this machine by its loopback name alone."""
    routes = [
        Route("/", _home),
        Route(HERE, _page),
        Route(f"{HERE}/live", _live),
        Route(f"{HERE}/be", _be, methods=["POST"]),
        Route(f"{HERE}/letters/{{name}}", _letter),
        Route(f"{PREFIX}/assets/{{digest}}/{{name}}", _asset),
    ]
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app = Starlette(routes=routes, middleware=[guard])
    app.state.stage, app.state.portal = stage, portal
    return app


async def _home(request: Request) -> Response:
    return RedirectResponse(HERE)


async def _page(request: Request) -> Response:
    stage, locale = _stage(request), locale_of(request)
    view = await _view(stage, locale)
    words = wording(locale)
    shown = [(owner, mail, time.strftime("%H:%M", time.localtime(mail.at))) for owner, mail in view.letters]
    names = [mail.name for _, mail in view.letters]
    asked = request.query_params.get("letter", "")
    response = page(
        request,
        "demo",
        here=HERE,
        people=f"{stage.people:,}",
        live=view.live,
        since=view.since,
        first=view.first,
        standings=view.standings,
        figures=_in_words(view.figures, words),
        letters=shown,
        chosen=asked if asked in names else view.first or next(iter(names), ""),
        state=view.state,
        doors=stage.doors,
        agent=stage.agent,
        agent_code=_code_of(stage),
    )
    if not view.first:
        response.headers["Refresh"] = _RENEWS_S
    own = response.headers["Content-Security-Policy"].replace(
        "form-action 'self'", f"form-action 'self' {stage.api}"
    )
    response.headers["Content-Security-Policy"] = f"{own}; frame-src 'self'; connect-src 'self'"
    return response


async def _live(request: Request) -> Response:
    """What changes, each second until the page is left or everything ends."""
    stage, locale = _stage(request), locale_of(request)
    words = wording(locale)

    async def told() -> AsyncIterator[bytes]:
        while not stage.ending.is_set():
            view = await _view(stage, locale)
            shown = dict(_in_words(view.figures, words))
            shown |= {each.owner.account_id: each.code for each in view.standings}
            shown |= {
                "agent": _code_of(stage),
                "since": view.since,
                "phase": words("demo.live" if view.live else "demo.starting"),
            }
            now = {"shown": shown, "state": view.state, "changed": words("demo.changed")}
            yield b"data: " + json.encode(now) + b"\n\n"
            await asyncio.sleep(_LIVE_EVERY_S)
        yield b"data: " + json.encode({"shown": {"since": words("demo.ending")}, "state": ""}) + b"\n\n"

    return StreamingResponse(told(), media_type="text/event-stream", headers=headers_of(request))


async def _be(request: Request) -> Response:
    """Go to the pages of one of the people, as the wallet would send them there."""
    stage, body = _stage(request), b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_FORM_BYTES:
            return Response(status_code=413)
    fields = parse_qs(body.decode("ascii", "replace"))
    locale = "zh-CN" if fields.get("lang") == ["zh-CN"] else "en"
    link = None
    if stage.showing is not None:
        owner = stage.showing.owner(fields.get("account", [""])[0])
        if owner is None:
            return Response(status_code=404)
        try:
            link = await stage.showing.first_page(owner, locale)
        except Unavailable:
            link = None
    return RedirectResponse(link or f"{HERE}?lang={locale}", status_code=303)


async def _letter(request: Request) -> Response:
    showing = _stage(request).showing
    found = None if showing is None else showing.mailbox.page(request.path_params["name"])
    if found is None:
        return Response(status_code=404)
    headers = headers_of(request) | {
        "Content-Security-Policy": _LETTER_POLICY.format(style=found.style_hash),
        "X-Frame-Options": "SAMEORIGIN",
        "Cross-Origin-Opener-Policy": "unsafe-none",
    }
    return Response(found.html, media_type="text/html", headers=headers)


async def _asset(request: Request) -> Response:
    digest, name = request.path_params["digest"], request.path_params["name"]
    if ASSETS.digests.get(name) != digest:
        return Response(status_code=404)
    body, kind = ASSETS.bodies[name]
    return Response(body, media_type=kind, headers={**headers_of(request), "Cache-Control": _FOR_EVER})


def _code_of(stage: Stage) -> str:
    code = "" if stage.agent is None else stage.agent.code(time.time())
    return f"{code[:3]} {code[3:]}".strip()


def _stage(request: Request) -> Stage:
    stage: Stage = request.app.state.stage
    return stage


async def _view(stage: Stage, locale: str) -> _View:
    words, showing = wording(locale), stage.showing
    if showing is None:
        return _View([], [], None, False, words("demo.learning"))
    minutes, seconds = divmod(int(showing.board.running_s), 60)
    since = words("demo.since", minutes=minutes, seconds=seconds)
    letters = showing.letters(locale)
    standings = await showing.standings(locale)
    first = [each for each in letters if _is_first(*each)][-1:]
    kept = [*letters[:_MOST_LETTERS], *(each for each in first if each not in letters[:_MOST_LETTERS])]
    return _View(standings, kept, showing.figures(), True, since)


def _is_first(owner: Owner, mail: Mail) -> bool:
    return owner.key == "lin" and THIEF in mail.subject


def _in_words(figures: Figures | None, words: Wording) -> list[tuple[str, str]]:
    none = words("demo.unit_none")
    if figures is None:
        return [(name, none) for name in _FIGURES]
    p95 = none if figures.p95_ms is None else words("demo.unit_ms", value=f"{figures.p95_ms:.0f}")
    kept = words("demo.unit_money", value=f"{figures.kept:,}")
    counts = (figures.stopped, figures.letters, figures.cases)
    stopped, letters, cases = (f"{count:,}" for count in counts)
    shown = (f"{figures.a_minute:,}", p95, stopped, kept, letters, cases)
    return list(zip(_FIGURES, shown, strict=True))
