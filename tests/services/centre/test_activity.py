"""The list of what happened: in words, by day, filtered and paged by its address."""

from __future__ import annotations

import pytest

from services.activity.repository import ActivityStore
from services.centre.activity_pages import router  # noqa: F401  the pages under test
from tests.services.cases.databases import database_url  # noqa: F401  SQLite, and PostgreSQL too
from tests.services.centre.lived import DAY_S, HOUR_S, held, live, row
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site

LIST = "/my/centre/activity"


async def opened(site: Site, query: str = "") -> Page:
    await live(site.world.database, site.world.clock.at)
    await site.open("centre")
    return read(await site.browser.get(f"{LIST}{query}"))


def titles(page: Page) -> str:
    return page.text.split("Messages ", 1)[-1]


async def test_it_says_in_words_what_happened_by_day(site: Site) -> None:
    page = await opened(site)

    assert [each.split(",")[0] for each in page.headings] == ["Activity", "Today", "Yesterday"]
    assert "Payment to hema-fresh CNY 86.40" in page.text
    assert "Sign-in that failed on Android device, Chrome" in page.text
    assert "near Kuala Lumpur, Malaysia" in page.text
    assert "Top-up +CNY 320.00" in page.text
    assert "Higher limit" in page.text
    assert "Shanghai time, UTC+08:00" in page.text


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("?show=money", "hema-fresh", "Signed in"),
        ("?show=logins", "Signed in", "hema-fresh"),
        ("?show=changes", "Higher limit", "Signed in"),
        ("?q=HEMA", "hema-fresh", "Signed in"),
        ("?q=kuala", "Kuala Lumpur", "hema-fresh"),
        ("?q=Malaysia", "Kuala Lumpur", "hema-fresh"),
        ("?q=86.40", "hema-fresh", "Top-up"),
        ("?q=CNY+86.40", "hema-fresh", "Top-up"),
        ("?q=%E5%90%89%E9%9A%86%E5%9D%A1&lang=zh-CN", "吉隆坡", "hema-fresh"),
    ],
)
async def test_the_address_chooses_what_is_shown(site: Site, query: str, there: str, not_there: str) -> None:
    page = await opened(site, query)

    assert there in page.text
    assert not_there not in titles(page)


@pytest.mark.parametrize("query", ["?q=nowhere", "?show=messages", "?q=%25", "?q=_", "?after=nonsense"])
async def test_nothing_found_is_said(site: Site, query: str) -> None:
    page = await opened(site, query)

    assert "Nothing found" in page.headings
    assert LIST in page.links


async def test_a_stopped_amount_is_struck_through_and_its_payee_is_not(site: Site) -> None:
    await held(site.world.database, site.world.clock.at)
    await site.open("centre")
    waiting = read(await site.browser.get(LIST))
    await site.app.state.holds.settle("li", "held", "cancelled", "key:mei", "asked")
    text = (await site.browser.get(LIST)).text

    assert "Waits to be confirmed" in waiting.text
    assert 'class="event marked gone"' in text
    assert "Stopped, not paid" in text


async def test_each_row_asks_whether_something_is_wrong(site: Site) -> None:
    page = await opened(site)

    assert {link.split("about=")[1] for link in page.links if "about=" in link} == {
        "t0", "c0", "l1", "t1", "l0", "l2", "l3",
    }  # fmt: skip
    assert (
        read(await site.browser.get("/my/centre/not-mine?about=l2")).headings[0] == "This sign-in wasn’t you?"
    )


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(site: Site) -> None:
    now = site.world.clock.at
    rows = [row(f"e{number}", now - number // 3 * HOUR_S, "login", outcome="success") for number in range(70)]
    store = ActivityStore(site.world.database, {"money": 400, "access": 400}, site.world.clock)
    await store.write(rows)
    await site.open("centre")
    seen: list[str] = []
    address = LIST
    for _ in range(3):
        page = read(await site.browser.get(address))
        seen += [link.split("about=")[1] for link in page.links if "about=" in link]
        address = next((link for link in page.links if link.startswith(f"{LIST}?") and "after=" in link), "")

    assert sorted(seen) == sorted(row.event_id for row in rows)
    assert address == ""


async def test_it_reaches_400_days_back_and_no_further(site: Site) -> None:
    now = site.world.clock.at
    store = ActivityStore(site.world.database, {"money": 900, "access": 900}, site.world.clock)
    await store.write([row("new", now - 399 * DAY_S, "login"), row("old", now - 401 * DAY_S, "login")])
    await site.open("centre")

    assert (await site.browser.get(LIST)).text.count("about=") == 1


async def test_names_that_strangers_chose_are_text_and_show_what_they_hide(site: Site) -> None:
    payee = "<b>bank</b>\u202eknab"
    store = ActivityStore(site.world.database, {"money": 400, "access": 400}, site.world.clock)
    paid = row(
        "x", site.world.clock.at, "transaction", kind="payment", amount="1.00", currency="CNY", payee_id=payee
    )
    await store.write([paid])
    await site.open("centre")
    page = read(await site.browser.get(LIST))

    assert "<b>bank</b>⟨U+202E⟩knab" in page.text
    assert "b" not in [tag for tag, _ in page.tags]
