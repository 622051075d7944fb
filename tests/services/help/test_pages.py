"""The help as an owner reads it, without scripts."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.help import shown
from services.help.notices import Wanted
from services.help.tables import faq_searches, faq_votes
from services.platform.metrics import FAQ_SEARCHES
from services.portal.centre_frame import CENTRE_PREFIX
from tests.services.help.written import FACTS, text
from tests.services.mfa.conftest import world  # noqa: F401
from tests.services.portal.conftest import site  # noqa: F401
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site

HELP = f"{CENTRE_PREFIX}/help"
COINS = text(body="Wait {hold_hours} hours. <b>No</b> ![x](https://a.example/x.png)")


@pytest.fixture
async def help_site(site: Site) -> Site:  # noqa: F811
    """The centre is open, and two answers are there in both languages."""
    library = site.app.state.library
    await library.bring(
        {
            ("bus", "en"): COINS,
            ("bus", "zh-CN"): text(
                title="公交车投币", asked=("车票多少钱", "坐公交车"), body="等 {hold_hours} 小时。"
            ),
            ("train", "en"): text(
                title="The fare of a train or bus", asked=("train fare", "bus or train fare"), topic="safety"
            ),
        }
    )
    await site.open("centre")
    return site


async def page(site: Site, path: str) -> Page:  # noqa: F811
    return read(await site.browser.get(f"{HELP}{path}"))


def hits(yes_or_no: str) -> float:
    return float(FAQ_SEARCHES.labels(yes_or_no)._value.get())


async def test_every_answer_stands_there_by_topic_before_anything_is_asked(help_site: Site) -> None:
    found = await page(help_site, "")

    assert found.headings[:3] == ["How can we help?", "Payments", "Keeping safe"]
    assert f"{HELP}/bus" in found.links


async def test_the_best_answer_is_open_and_the_others_a_press_away(help_site: Site) -> None:
    before = hits("yes")

    found = await page(help_site, "?q=bus+fare")

    assert "2 answers for “bus fare”" in found.text
    assert "Wait 72 hours." in found.text
    assert "Reviewed 1 November 2026 by the bus team" in found.text
    assert ("details", {"class": "answer", "open": ""}) in found.tags
    assert sum("mark" == tag for tag, _ in found.tags) >= 2
    assert any(link.startswith(f"{HELP}/train?in=en&s=") for link in found.links)
    assert hits("yes") == before + 1


async def test_nothing_of_an_answer_is_loaded_from_elsewhere(help_site: Site) -> None:
    answer = await help_site.browser.get(f"{HELP}/bus")

    assert "<img" not in answer.text
    assert "<b>" not in answer.text
    assert "&lt;b&gt;No&lt;/b&gt;" in answer.text


async def test_nothing_found_keeps_the_question_and_leads_to_a_report(help_site: Site) -> None:
    before = hits("no")

    found = await page(help_site, "?q=gift+card+%3Ci%3E")

    assert "No answer for “gift card <i>” yet" in found.text
    assert f"{CENTRE_PREFIX}/report?text=gift%20card%20%3Ci%3E" in found.links
    assert found.forms[0].fields["q"] == "gift card <i>"
    assert hits("no") == before + 1


async def test_what_was_asked_and_chosen_is_kept_without_numbers(help_site: Site) -> None:
    found = await page(help_site, "?q=bus+fare+4711+li%40example.com")
    await help_site.browser.get(next(link for link in found.links if "/train?" in link))

    async with help_site.world.database.read() as connection:
        row = (await connection.execute(select(faq_searches))).one()
    assert (row.words, row.locale, row.hits, row.opened) == ("bus fare …", "en", 2, "train")


async def test_a_vote_counts_once_a_visit_and_is_thanked_for(help_site: Site) -> None:
    first = await page(help_site, "/bus")
    thanked = read(await help_site.send(first, f"{HELP}/bus/useful", useful="yes"))
    again = await help_site.send(first, f"{HELP}/bus/useful", useful="no")

    async with help_site.world.database.read() as connection:
        rows = (await connection.execute(select(faq_votes))).all()
    assert "Thank you" in thanked.text
    assert again.status_code == 200
    assert [(row.slug, row.version, row.useful) for row in rows] == [("bus", 1, False)]
    assert "li" not in rows[0].vote_id


async def test_a_vote_of_another_site_counts_nothing(help_site: Site) -> None:
    answer = await help_site.browser.post(f"{HELP}/bus/useful", data={"useful": "yes", "token": "x"})

    assert answer.status_code == 403


async def test_chinese_is_answered_in_chinese_whatever_the_page_speaks(help_site: Site) -> None:
    found = await page(help_site, "?q=%E5%85%AC%E4%BA%A4%E8%BD%A6")

    assert "等 72 小时。" in found.text
    assert ("summary", {"lang": "zh-CN"}) in found.tags
    assert "等 72 小时。" in (await page(help_site, "/bus?in=zh-CN")).text
    assert "Wait 72 hours." in (await page(help_site, "/bus?in=fr")).text


async def test_a_notice_stands_there_until_its_day_on_the_readers_clock(help_site: Site) -> None:
    now = help_site.world.clock.at
    notices = help_site.app.state.library.notices
    wanted = Wanted(
        title_en="Callers pretend",
        title_zh="有人冒充",
        text_en="Hang <up>.",
        text_zh="请挂断。",
        starts_at=now - 1.0,
        until=now + 86_400.0,
    )
    await notices.write(wanted, "key:boss")

    shown_now = (await page(help_site, "")).text
    help_site.world.clock.at += 60.0
    for notice in await notices.all():
        await notices.end(notice.notice_id, "key:boss")

    assert "Security notice, until " in shown_now
    assert "Hang <up>." in shown_now
    assert "Callers pretend" not in (await page(help_site, "")).text


@pytest.mark.parametrize("path", ["/none", "/%E5%85%85", "/bus%00"])
async def test_an_answer_that_is_not_there_is_a_page(help_site: Site, path: str) -> None:
    answer = await help_site.browser.get(f"{HELP}{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("asked", ["%00", "%ff%fe", "a" * 5000, "%27%22%3E%3Cscript%3E", "%F0%9F%98%80"])
async def test_whatever_is_asked_is_answered(help_site: Site, asked: str) -> None:
    answer = await help_site.browser.get(f"{HELP}?q={asked}")

    assert answer.status_code == 200
    assert "<script>" not in answer.text


async def test_before_a_report_its_words_are_answered_then_its_kind(help_site: Site) -> None:
    async with help_site.world.database.read() as connection:
        by_words = await shown.suggested(connection, FACTS, "bus fare", "en", "top_up")
        by_kind = await shown.suggested(connection, FACTS, "zebra", "en", "no such kind")

    assert [each.slug for each in by_words] == ["bus", "train"]
    assert by_kind == []


async def test_an_answer_that_nobody_here_has_reviewed_names_nobody(help_site: Site) -> None:
    await help_site.app.state.library.bring({("tram", "en"): text(reviewed_by="")})
    found = await page(help_site, "/tram")

    assert "As of 1 November 2026" in found.text
    assert "Reviewed" not in found.text


async def test_the_other_language_is_asked_the_same(help_site: Site) -> None:
    found = await page(help_site, "?q=bus+fare%26x&page=2")
    (other,) = [each["href"] for tag, each in found.tags if tag == "a" and each.get("class") == "language"]
    switched = read(await help_site.browser.get(f"{HELP}{other}"))

    assert other == "?q=bus+fare%26x&page=2&lang=zh-CN"
    assert switched.language == "zh-CN"
    assert switched.forms[0].fields["q"] == "bus fare&x"
