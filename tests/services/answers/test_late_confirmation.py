"""The wallet's word that money is stopped reaches whoever has left the page that waits for it: by one letter, and nobody else."""

from __future__ import annotations

import pytest
from msgspec import json

from contracts.decisions import effect_id
from services.cases import holds, locks
from services.cases.news import News
from services.cases.stops import CONFIRMED, measure_stop
from services.cases.tables import notices
from services.wallet.feed import ActionFeed
from tests.notifier.looked_at import letter
from tests.services.answers.asking import ACCOUNT, asks, tell_wallet
from tests.services.answers.test_no_pages import press_no, report
from tests.services.portal.reading import read
from tests.services.portal.site import Site


async def confirmed(site: Site, event_id: str, times: int = 1, result: str = "done") -> list[News]:
    """Have the wallet confirm the freeze; the letters of that."""
    feed = ActionFeed(site.world.database, site.world.clock, done=measure_stop)
    await tell_wallet(site)
    for _ in range(times):
        await feed.acknowledge(effect_id(ACCOUNT, event_id, "freeze"), result, "key:wallet")  # type: ignore[arg-type]
    rows = [row for row in await site.world.rows(notices) if row["template"] == CONFIRMED]
    return [json.decode(row["news"], type=News) for row in rows]


async def left(site: Site, page_open_s: float) -> str:
    """Somebody says "no", keeps the page that waits open for so long, and leaves; the id of their report.

    The page looks every five seconds; of a long wait, the last minute is looked at.
    """
    page = await press_no(site, await asks(site))
    (where,) = {link for link in page.links if "/done/" in link}
    site.world.clock.at += max(0.0, page_open_s - 60.0)
    for _ in range(int(min(page_open_s, 60.0) // 5)):
        site.world.clock.at += 5.0
        await site.browser.get(where)
    return (await report(site)).event_id


@pytest.mark.parametrize(("open_s", "later_s"), [(0.0, 10.0), (0.0, 600.0), (20.0, 10.0), (60.0, 3600.0)])
async def test_whoever_has_left_the_page_gets_one_letter(site: Site, open_s: float, later_s: float) -> None:
    event_id = await left(site, open_s)
    asked_at = site.world.clock.at - open_s
    site.world.clock.at += later_s
    (news,) = await confirmed(site, event_id, times=3)

    assert (news.since, news.at) == (asked_at, site.world.clock.at)


@pytest.mark.parametrize("open_s", [0.0, 20.0, 60.0, 600.0])
async def test_whoever_sees_it_on_the_page_gets_none(site: Site, open_s: float) -> None:
    event_id = await left(site, open_s)
    site.world.clock.at += 2.0

    assert await confirmed(site, event_id) == []


async def test_a_head_of_the_page_is_nobody_who_looks(site: Site) -> None:
    page = await press_no(site, await asks(site))
    (where,) = {link for link in page.links if "/done/" in link}
    site.world.clock.at += 60.0
    await site.browser.head(where)

    assert len(await confirmed(site, (await report(site)).event_id)) == 1


async def test_what_was_taken_back_meanwhile_is_not_said_to_be_stopped(site: Site) -> None:
    secret = await site.world.enrolled(ACCOUNT)
    path = await asks(site)
    page = await press_no(site, path)
    event_id = (await report(site)).event_id
    site.world.clock.at += 60.0
    await site.send(page, f"{path}/undo", code=site.world.code(secret))

    assert await confirmed(site, event_id) == []


async def test_what_the_wallet_could_not_do_is_told_when_it_has(site: Site) -> None:
    event_id = await left(site, 0.0)
    site.world.clock.at += 60.0

    assert await confirmed(site, event_id, result="failed") == []
    assert len(await confirmed(site, event_id)) == 1


@pytest.mark.parametrize(("after_s", "letters"), [(5.0, 0), (31.0, 1)])
async def test_a_lock_that_no_page_waits_for_is_told_of_when_it_is_late(
    site: Site, after_s: float, letters: int
) -> None:
    async with site.world.database.begin() as connection:
        await locks.lock(connection, ACCOUNT, "lock-1", "page", site.world.clock.at)
    site.world.clock.at += after_s

    assert len(await confirmed(site, "lock-1")) == letters


async def test_a_freeze_by_a_decision_has_letters_of_its_own(site: Site) -> None:
    async with site.world.database.begin() as connection:
        await holds.freeze(connection, ACCOUNT, "e1", holds.DECISION, 1.0, site.world.clock.at)
    site.world.clock.at += 600.0

    assert await confirmed(site, "e1") == []


async def test_the_page_that_waits_says_that_a_letter_comes(site: Site) -> None:
    page = await press_no(site, await asks(site))
    (where,) = {link for link in page.links if "/done/" in link}
    chinese = read(await site.browser.get(f"{where}?lang=zh-CN"))

    assert "we write to you as soon as it is confirmed" in page.text
    assert "确认后我们会立即通知您" in chinese.text


@pytest.mark.parametrize(
    ("locale", "subject", "when"),
    [
        ("en", "Confirmed by your wallet: outgoing money is stopped", "Confirmed: "),
        ("zh-CN", "钱包已确认：资金转出已停止", "确认时间："),
    ],
)
def test_the_letter_says_when_it_was_asked_for_and_confirmed(locale: str, subject: str, when: str) -> None:
    made = letter(CONFIRMED, locale, news=News(at=1_790_000_307.0, since=1_790_000_000.0))

    assert made.subject == subject
    assert when in made.text
    assert "22:18:27" in made.text
