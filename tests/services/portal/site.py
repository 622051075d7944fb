"""The pages over a migrated database, and a browser without scripts in front of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.routing import BaseRoute

from contracts.report_kinds import REPORTS
from services.answers.answers import Answers
from services.answers.routers import ROUTERS as ANSWER_ROUTERS
from services.cases.answer_links import AnswerLinks
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.cases.owner_words import Following, OwnerWords
from services.centre.routers import ROUTERS as CENTRE_ROUTERS
from services.help.library import Library
from services.help.pages import router as help_router
from services.http import problems
from services.http.api_keys import ApiKeys
from services.http.uploads import Uploads
from services.mfa.grants import Grants
from services.mfa.vault import Vault
from services.mfa.with_code import WithCode
from services.platform.keyring import Keyring
from services.portal.portal import Portal
from services.portal.routers import ROUTERS
from services.portal.visits import Visits
from services.reports.routers import ROUTERS as REPORT_ROUTERS
from services.reports.service import ReportService
from services.wallet.feed import ActionFeed
from tests.services.centre.made import centre_over
from tests.services.help.written import FACTS
from tests.services.mfa.world import AT_ONCE, World
from tests.services.portal.reading import Page, read

URL = "https://pay.example"
KEYS = Keyring({1: b"k" * 32}, 1)


#: The routers of all pages.
PAGES = (*ROUTERS, *CENTRE_ROUTERS, *ANSWER_ROUTERS, *REPORT_ROUTERS, help_router)


@dataclass
class Site:
    """The world of challenges with its pages; `browser` keeps cookies, `wallet` has a key of scope verify."""

    world: World
    app: FastAPI
    browser: httpx.AsyncClient
    wallet: httpx.AsyncClient

    async def link(self, purpose: str = "challenge", **more: Any) -> str:
        """The path of a new link."""
        wanted = {"account_id": "li", "purpose": purpose, **more}
        answer = await self.wallet.post("/v1/links", json=wanted)
        assert answer.status_code == 201, answer.text
        url: str = answer.json()["url"]
        return url.removeprefix(URL)

    async def open(self, purpose: str = "challenge", **more: Any) -> Page:
        """Follow a new link to its first page."""
        return await self.follow(await self.link(purpose, **more))

    async def follow(self, path: str) -> Page:
        """Open a link as a person does, and arrive."""
        arrived = await self.send(read(await self.browser.get(path)), "/my/open")
        return read(arrived)

    async def approving(self, challenge_id: str = "c1", **more: Any) -> Page:
        """The page of a new challenge of the account."""
        await self.world.issue(challenge_id)
        return await self.open("challenge", challenge_id=challenge_id, **more)

    async def enrolling(self) -> Page:
        """The page that begins an enrolment."""
        return await self.open("enrol", proved_at=self.world.clock.at)

    async def send(self, page: Page, action: str, **typed: str) -> httpx.Response:
        """Send the page's form with what the user typed, and follow to where it leads."""
        form = page.form(action)
        return await self.browser.post(form.action, data={**form.fields, **typed}, follow_redirects=True)


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The routes of all pages: each application takes the same, so that they are resolved once for all tests."""
    app = FastAPI(openapi_url=None)
    for router in PAGES:
        app.include_router(router)
    return tuple(app.routes)


def site_app(world: World, url: str = URL) -> FastAPI:
    """The pages and `POST /v1/links`."""
    app = FastAPI(openapi_url=None)
    problems.install(app)
    app.router.routes.extend(_routes())
    app.state.holds = HoldService(world.database, world.clock)
    following = Following(
        frozenset({"freeze", "revoke_sessions", "forget_device", "case"}), frozenset({"release_payment"})
    )
    app.state.words = OwnerWords(world.database, world.clock, following)
    app.state.centre = centre_over(world.database, world.checker, world.clock, app.state.words, AT_ONCE)
    app.state.report_undo = world.report_undo
    clocks = {rule.name: rule.clock for rule in REPORTS}
    app.state.reports = ReportService(world.database, world.clock, clocks, Vault({1: b"r" * 32}, 1))
    app.state.uploads = Uploads()
    app.state.cases = CaseService(world.database, world.clock)
    with_code = WithCode(world.database, world.checker, world.clock, AT_ONCE)
    app.state.answers = Answers(
        world.database, AnswerLinks(KEYS), world.clock, following, world.service, with_code
    )
    app.state.actions = ActionFeed(world.database, world.clock, longest_wait_s=0.0)
    app.state.portal = Portal(Visits(world.database, KEYS, world.clock), world.database, "UPay", url)
    app.state.library = Library(world.database, world.clock, FACTS)
    app.state.sign_in = None
    app.state.challenges = world.service
    app.state.lifecycle = world.lifecycle
    app.state.grants = Grants(KEYS)
    app.state.keys = ApiKeys(world.database, world.clock)
    return app


def client(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """A client of the application, which crashes as a server would: with an answer."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("203.0.113.9", 5000))
    return httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)
