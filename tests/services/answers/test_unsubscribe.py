"""The link that ends the weekly summary: looking changes nothing, one POST of a mail program ends it."""

from __future__ import annotations

from notifier.channels.envelope import message
from notifier.render import Templates
from notifier.routing import Route
from notifier.samples import samples
from services.cases.news import News, Week, put_news
from services.cases.preferences import preferences_of
from tests.services.answers.asking import ACCOUNT, asks
from tests.services.portal.reading import read
from tests.services.portal.site import Site

NOTICE = "5" * 32


async def link(site: Site) -> str:
    """The path of the link in a new weekly summary."""
    at = site.world.clock.at
    async with site.world.database.begin() as connection:
        news = News(at=at, week=Week(began=at - 604_800.0, ended=at))
        await put_news(connection, NOTICE, NOTICE, ACCOUNT, "weekly", news)
    return f"/my/unsubscribe/{site.app.state.answers.links.text(NOTICE, ACCOUNT)}"


async def weekly(site: Site) -> bool:
    async with site.world.database.read() as connection:
        return bool((await preferences_of(connection, ACCOUNT)).alerts["weekly"])


async def test_looking_ends_nothing_and_one_post_of_a_mail_program_does(site: Site) -> None:
    path = await link(site)
    looked = [await site.browser.get(path), await site.browser.head(path)]
    assert ([each.status_code for each in looked], await weekly(site)) == ([200, 200], True)

    ended = await site.browser.post(path, data={"List-Unsubscribe": "One-Click"})
    again = await site.browser.post(path, data={"List-Unsubscribe": "One-Click"})
    assert ([ended.status_code, again.status_code], await weekly(site)) == ([200, 200], False)
    assert read(ended).headings == ["The weekly summary has ended"]


async def test_a_person_ends_it_by_the_button_of_the_page(site: Site) -> None:
    path = await link(site)
    page = read(await site.browser.get(path))
    assert page.headings == ["Stop the weekly summary?"]
    await site.send(page, path)

    assert not await weekly(site)


async def test_a_link_that_is_no_summarys_ends_nothing(site: Site) -> None:
    path = await link(site)
    of_a_payment = (await asks(site)).rpartition("/")[2]
    for wrong in (
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        f"/my/unsubscribe/{of_a_payment}",
        "/my/unsubscribe/x",
    ):
        assert (await site.browser.post(wrong)).status_code == 410

    assert await weekly(site)


def test_summaries_alone_bear_the_headers_of_one_click() -> None:
    templates = Templates("UPay", lambda notice_id, _account: f"https://upay.example/my/answer/{notice_id}")
    route = Route("mail", "li@upay.example", "en", "Asia/Shanghai")
    mails = {}
    for template in ("weekly", "deny_notice", "digest"):
        notice = samples(template)[0][1][0]
        mails[template] = message(templates.letter(notice, route), "key", "security@upay.example", 1.0)

    assert mails["weekly"]["List-Unsubscribe"] == "<https://upay.example/my/unsubscribe/weekly-0>"
    assert mails["weekly"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [mails[name]["List-Unsubscribe"] for name in ("deny_notice", "digest")] == [None, None]
