"""Browsers without scripts in front of the desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from services.desk.service import Desk
from services.staff.members import Member
from services.staff.sessions import Seen
from tests.services.api.world import World
from tests.services.desk.made import URL, hired
from tests.services.portal.reading import Page, read

COOKIE = "payguard-desk"


@dataclass
class Browser:
    """A browser; `member` is who is signed in, None in a stranger's."""

    client: httpx.AsyncClient
    member: Member | None = None

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """What is answered, without following where it leads."""
        return await self.client.get(path, **more)

    async def page(self, path: str) -> Page:
        """A page that is shown."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return read(answer)

    async def send(self, page: Page, action: str, **typed: Any) -> httpx.Response:
        """Send the page's first form that goes there, with what was typed, without following where it leads."""
        return await self.client.post(action, data={**page.form(action).fields, **typed})

    async def post(self, path: str, on: str = "/desk/me", **typed: Any) -> httpx.Response:
        """Send fields with the token of this session, as a form of the page `on` would."""
        token = next(form.fields["csrf"] for form in (await self.page(on)).forms if "csrf" in form.fields)
        return await self.client.post(path, data={"csrf": token, **typed})


@dataclass
class DeskClients:
    """Makes members and their browsers over one world."""

    world: World
    _open: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        """The desk of the application."""
        desk: Desk = self.world.app.state.desk
        return desk

    async def __call__(self, role: str = "agent", name: str = "", locale: str = "en") -> Browser:
        """A browser in which a new member of that role is signed in."""
        staff = self.desk.staff
        member = await hired(staff, role, name, locale)
        browser = self.stranger(member)
        async with staff.database.begin() as connection:
            text = await staff.sessions.begin(
                connection, member, "password", Seen("203.0.113.9", "Firefox, Linux")
            )
        browser.client.cookies.set(COOKIE, text, domain="payguard.local", path="/desk")
        return browser

    def stranger(self, member: Member | None = None) -> Browser:
        """A browser in which nobody is signed in."""
        transport = httpx.ASGITransport(
            self.world.app, raise_app_exceptions=False, client=("203.0.113.9", 5000)
        )
        client = httpx.AsyncClient(transport=transport, base_url=URL, headers={"origin": URL})
        self._open.append(client)
        return Browser(client, member)

    async def close(self) -> None:
        """Close every browser."""
        for client in self._open:
            await client.aclose()
