"""While the database is away: every page of the centre says so in both languages, what still works, and when to look again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from services.centre.routers import ROUTERS as CENTRE_ROUTERS
from services.help.pages import router as help_router
from services.platform.database import Database
from services.platform.embedded import free_port
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute
from services.portal.wording import LOCALES, wording
from services.reports.routers import ROUTERS as REPORT_ROUTERS
from tests.services.mfa.world import Clock, build
from tests.services.portal.reading import read
from tests.services.portal.site import Site, client, site_app

#: Of the form of a session: whether it is one is what nobody can tell.
COOKIE = {"cookie": f"__Host-payguard={'x' * 43}.{'0' * 32}"}


def paths(method: str) -> list[str]:
    """The pages of the centre that are asked for like that, with something in place of their parameters."""
    routers = (*CENTRE_ROUTERS, *REPORT_ROUTERS, help_router)
    found = [route for router in routers for route in router.routes if isinstance(route, CentreRoute)]
    return [route.path.format_map(_Filled()) for route in found if method in (route.methods or ())]


class _Filled(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"kind": "dispute"}.get(name, "0" * 32)


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """A browser before pages whose database nobody reaches."""
    database = Database(f"postgresql://payguard@127.0.0.1:{free_port()}/payguard")
    app = site_app(build(database, Clock()))
    async with client(app, **COOKIE) as made:
        yield made
    await app.state.keys.close()
    await database.close()


async def test_every_page_says_so_and_what_still_works(browser: httpx.AsyncClient) -> None:
    asked = paths("GET")
    for path in asked:
        for locale in LOCALES:
            t = wording(locale)
            answer = await browser.get(path, params={"lang": locale})
            page = read(answer)

            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1"), path
            assert page.language == locale
            assert t("away_centre.works_checks") in page.text
            assert t("away_centre.hurry") in page.text
            title = "lock" if path.endswith("/lock") else "shown"
            assert page.headings[0] == t(f"away_centre.{title}_title"), path
            assert f"{CENTRE_PREFIX}/lock" in page.links
            assert {f"{CENTRE_PREFIX}/activity", f"{CENTRE_PREFIX}/help"} <= set(page.links)
    assert len(asked) > 12


async def test_what_was_sent_is_said_to_be_undone_and_a_lock_not_to_be_one(
    browser: httpx.AsyncClient,
) -> None:
    asked = paths("POST")
    for path in asked:
        answer = await browser.post(path, data={"token": "0" * 32})
        wanted = "Your wallet is not locked yet" if path.endswith("/lock") else "That was not done"

        assert (answer.status_code, read(answer).headings[0]) == (503, wanted), path
    assert len(asked) > 8


async def test_other_problems_of_the_centre_are_pages_as_before(site: Site) -> None:
    assert read(await site.browser.get(CENTRE_PREFIX)).headings[0] != "We cannot show this right now"
    await site.open("centre")
    missing = await site.browser.get(f"{CENTRE_PREFIX}/not-mine?about=nothing")

    assert (missing.status_code, read(missing).headings[0]) == (404, "There is no such page")
