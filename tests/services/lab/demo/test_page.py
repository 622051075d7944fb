"""The demonstration's page: what it shows and refuses, and that looking at it changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from notifier.channels import Letter, Short
from notifier.channels.mail_folder import FolderMail
from services.cases import hold_routes
from services.lab.demo.agents import Agent
from services.lab.demo.board import Board
from services.lab.demo.owners import Owner, owners
from services.lab.demo.page import Stage, demo_app
from services.lab.demo.showing import Showing
from services.lab.demo.thwarted import Thwarted
from services.lab.demo.wallet import Wallet
from services.platform.keyring import new_key
from services.platform.settings import Settings
from services.portal.tables import visits
from services.portal.wording import LOCALES
from tests.services.cases.databases import database  # noqa: F401  found here by the tests
from tests.services.mfa.conftest import world  # noqa: F401
from tests.services.portal.conftest import database_url, site  # noqa: F401
from tests.services.portal.site import Site

HOST = "http://127.0.0.1:8088"
ENROLLED_AT = 1_764_000_000.0
LETTER = Letter(
    to="lin-xiaoyu@people.example",
    subject="CNY 18,000.00 to chen-wei-4471 held",
    text="held",
    html="<html><head><style>.a { color: red; }</style></head><body><p class='a' style=\"color: red\">held</p></body></html>",
    language="en",
    short=Short(title="held", body="Was it you?", text="UPay: held."),
    account_id="lin-xiaoyu",
    template="hold_notice",
    reference="PG-7F3K-92",
)


class Visited:
    """The page with its people, one letter, and a wallet that speaks to the site's pages."""

    def __init__(self, pages: Site, wallet: Wallet, outbox: Path) -> None:
        board = Board()
        showing = Showing(board, wallet, Thwarted(wallet), pages.wallet, outbox, owners())
        doors = [("api", "terminal", "http://127.0.0.1:1/docs")]
        self.stage = Stage(800, doors, "https://pay.example", asyncio.Event(), showing)
        self.wallet = wallet
        self.app = demo_app(self.stage, pages.app.state.portal)
        self.browser = self.client()

    def client(self, host: str = HOST) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url=host, headers={"accept-language": "en"}
        )

    async def page(self, query: str = "") -> str:
        answer = await self.browser.get(f"/demo{query}")
        assert answer.status_code == 200
        return answer.text


def of(key: str, locale: str = "en") -> Owner:
    return next(owner for owner in owners() if (owner.key, owner.locale) == (key, locale))


@pytest.fixture
async def visited(site: Site, tmp_path: Path) -> AsyncIterator[Visited]:  # noqa: F811
    settings = Settings(factor_key=new_key(), pseudonym_key=new_key(), recovery_code_memory_kib=64)
    wallet = Wallet(site.wallet, Board())
    people = [owner.person for owner in owners()]
    assert len(await wallet.enrol(people, settings, site.world.database, ENROLLED_AT)) == len(people)
    await FolderMail(tmp_path / "outbox", "security@upay.example").send(LETTER, "key", ENROLLED_AT)
    site.app.include_router(hold_routes.router)
    made = Visited(site, wallet, tmp_path / "outbox")
    async with made.browser:
        yield made


async def test_before_anybody_is_there_the_page_says_so_and_renews_itself(visited: Visited) -> None:
    visited.stage.showing = None
    answer = await visited.browser.get("/demo")

    assert "Starting" in answer.text
    assert int(answer.headers["refresh"]) <= 5
    assert 'class="code"' not in answer.text


@pytest.mark.parametrize("locale", LOCALES)
async def test_everybody_is_there_with_the_code_of_their_phone(visited: Visited, locale: str) -> None:
    shown = await visited.page(f"?lang={locale}")
    codes = re.findall(r'data-now="([a-z-]+)">(\d{3}) (\d{3})<', shown)

    assert [account for account, *_ in codes] == [
        each.account_id for each in owners() if each.locale == locale
    ]
    assert all(len(first + last) == 6 for _, first, last in codes)
    assert "refresh" not in (await visited.browser.get("/demo")).headers


async def test_the_first_letter_is_the_one_that_is_opened_in_its_own_frame(visited: Visited) -> None:
    shown = await visited.page()
    (frame,) = re.findall(r'<iframe[^>]* src="([^"]+)" sandbox="([^"]+)"', shown)
    letter = await visited.browser.get(frame[0])
    policy = letter.headers["content-security-policy"]

    assert LETTER.subject in re.sub(r"</?bdi[^>]*>", "", shown)
    assert frame[1] == "allow-popups allow-popups-to-escape-sandbox"
    assert re.match(r"default-src 'none'; style-src 'sha256-[^']+'; ", policy)
    assert "sandbox" in policy
    assert "unsafe" not in policy
    assert " style=" not in letter.text


async def test_be_this_person_leads_to_their_pages_by_a_link_of_the_wallet(visited: Visited) -> None:
    owner = of("lin")
    answer = await visited.browser.post("/demo/be", data={"account": owner.account_id, "lang": "en"})

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("https://pay.example/my/open/")


async def test_nobody_else_can_be_chosen(visited: Visited) -> None:
    for account in ("u-0000001", "", "li"):
        answer = await visited.browser.post("/demo/be", data={"account": account})
        assert answer.status_code == 404


async def test_looking_makes_no_link(visited: Visited, site: Site) -> None:  # noqa: F811
    for path in ("/demo", "/demo?lang=zh-CN", "/demo/be", "/demo/letters/none", "/"):
        await visited.browser.get(path)
        await visited.browser.head(path)
    async with site.world.database.read() as connection:
        made = (await connection.execute(select(func.count()).select_from(visits))).scalar_one()

    assert made == 0


def chip_of(shown: str, owner: Owner) -> str:
    """What stands beside somebody's name."""
    before = shown[: shown.index(f'value="{owner.account_id}"')]
    return before[before.rindex("person-chip") :]


@pytest.mark.parametrize(("locale", "said"), [("en", "Locked by himself"), ("zh-CN", "已自行锁定")])
async def test_whoever_locked_their_wallet_stands_there_as_locked_however_often_one_looks(
    visited: Visited, locale: str, said: str
) -> None:
    owner = of("samuel", locale)
    before = chip_of(await visited.page(f"?lang={locale}"), owner)
    await visited.wallet.lock(owner.account_id)
    seen = [chip_of(await visited.page(f"?lang={locale}"), owner) for _ in range(3)]

    assert said not in before
    assert all(said in each for each in seen)


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_an_api_that_does_not_answer_changes_nobodys_standing(visited: Visited, status: int) -> None:
    owner, showing = of("samuel"), visited.stage.showing
    assert showing is not None
    await visited.wallet.lock(owner.account_id)
    before = chip_of(await visited.page(), owner)
    away = httpx.MockTransport(lambda _request: httpx.Response(status))
    async with httpx.AsyncClient(transport=away, base_url="http://api") as client:
        showing._client = client
        after = await visited.page()

    assert chip_of(after, owner) == before
    assert 'class="code"' in after


async def test_only_this_machine_s_own_names_are_answered(visited: Visited) -> None:
    async with visited.client("http://rebound.example:8088") as elsewhere:
        assert (await elsewhere.get("/demo")).status_code == 400


async def test_the_live_figures_end_when_everything_ends(visited: Visited) -> None:
    visited.stage.ending.set()
    answer = await visited.browser.get("/demo/live?lang=zh-CN")

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "演示已结束" in answer.text


async def test_the_page_keeps_the_portal_s_policy_and_may_reach_its_own_frame_and_figures(
    visited: Visited,
) -> None:
    policy = (await visited.browser.get("/demo")).headers["content-security-policy"]

    for rule in ("default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"):
        assert rule in policy
    assert "form-action 'self' https://pay.example;" in policy
    assert policy.endswith("frame-src 'self'; connect-src 'self'")


async def test_the_agent_s_sign_in_stands_there_with_the_code_of_the_moment(visited: Visited) -> None:
    agent = Agent("mei", "copper-violin-meadow-17", "A" * 32, "https://pay.example/desk")
    before = await visited.page()
    visited.stage.agent = agent
    after = await visited.page("?lang=zh-CN")

    assert agent.password not in before
    assert agent.password in after
    assert agent.secret not in after
    assert re.search(r'data-now="agent">\d{3} \d{3}<', after)
    assert 'href="https://pay.example/desk"' in after
