"""Messages that stand in one letter are one row of the list, called as that letter is."""

from __future__ import annotations

from sqlalchemy import select

from services.cases.tables import notices
from tests.services.answers.asking import ACCOUNT, asks, held
from tests.services.cases.databases import database  # noqa: F401  found here by the tests
from tests.services.mfa.conftest import world  # noqa: F401
from tests.services.portal.conftest import database_url, site  # noqa: F401
from tests.services.portal.reading import read
from tests.services.portal.site import Site


async def test_a_notice_that_a_summary_tells_breaks_no_page_whichever_came_first(site: Site) -> None:  # noqa: F811
    for number in range(6):
        site.world.clock.at += 1.0
        await asks(site, f"e{number}", effects=(held(f"e{number}"),))
    async with site.world.database.read() as connection:
        digested = (await connection.execute(select(notices.c.digest_id))).scalars().all()
    await site.open("centre", account_id=ACCOUNT)
    listed = await site.browser.get("/my/centre/messages")

    assert any(digested)
    assert listed.status_code == 200
    assert "What happened on your UPay account lately" in read(listed).text
