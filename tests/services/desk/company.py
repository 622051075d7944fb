"""A desk whose staff sign in at the company: a provider in this process, and people who come back from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

import httpx

from services.desk.company_pages import BACK
from services.http.openid import CodeFlow, Provider
from services.mfa.vault import Vault
from services.platform.keyring import Keyring
from services.staff.administration import Administration
from services.staff.company import CompanyRules
from services.staff.passwords import Passwords
from services.staff.sessions import Lasting
from services.staff.staff import Staff, open_staff
from tests.services.centre.issuer import CLIENT, SECRET, Issuer
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.made import CHEAP, URL

CHECK_S = 3600.0
RULES = CompanyRules(
    roles={"desk-admins": "admin", "leads": "senior", "support": "agent", "audit": "auditor"},
    factors=frozenset({"mfa"}),
)
#: What the provider says of somebody who works at the desk and gave a second factor there.
MIN = {"preferred_username": "wang.min@corp.example", "groups": ["staff", "support"], "amr": ["pwd", "mfa"]}


@dataclass
class Company:
    """The provider, and the desk that knows it."""

    clients: DeskClients
    issuer: Issuer

    @classmethod
    def beside(cls, clients: DeskClients, rules: CompanyRules = RULES) -> Company:
        """The desk's staff, who may sign in at a provider from now on."""
        desk = clients.desk
        issuer = Issuer("https://id.example", desk.clock, claims=dict(MIN))
        web = httpx.AsyncClient(transport=httpx.ASGITransport(issuer.app()))
        keys = Keyring({1: b"v" * 32}, 1)
        provider = Provider(issuer=issuer.url, client_id=CLIENT, client_secret=SECRET)
        flow = CodeFlow(provider, keys, f"{URL}{BACK}", desk.clock, web, "payguard staff sign-in")
        staff = open_staff(
            desk.database,
            keys,
            Vault({1: b"v" * 32}, 1),
            desk.clock,
            Lasting(check_s=CHECK_S),
            passwords=Passwords(CHEAP),
            refused_after_s=0.0,
            company=(flow, rules),
        )
        clients.world.app.state.desk, clients.world.app.state.staff = (
            replace(desk, staff=staff, members=Administration(staff)),
            staff,
        )
        return cls(clients, issuer)

    @property
    def staff(self) -> Staff:
        """Who works here."""
        return self.clients.desk.staff

    async def sign_in(self, browser: Browser, path: str = "/desk/sign-in/company") -> httpx.Response:
        """Go to the provider and come back; what the desk answers then."""
        out = await browser.get(path)
        assert out.status_code == 303, out.text
        asked = parse_qs(urlparse(out.headers["location"]).query)
        self.issuer.asked = {name: values[0] for name, values in asked.items()}
        return await self.back(browser)

    async def back(self, browser: Browser, **more: str) -> httpx.Response:
        """Come back with a code."""
        given = {"code": "good", "state": self.issuer.asked["state"]} | more
        return await browser.get(f"{BACK}?{urlencode(given)}")

    def later(self, seconds: float) -> None:
        """Let time pass at the desk and at the provider."""
        self.clients.desk.clock.at += seconds  # type: ignore[attr-defined]

    def says(self, **claims: Any) -> None:
        """What the provider tells from now on, besides."""
        self.issuer.claims |= claims
