"""From the link of a letter: no, yes, neither in time, and taken back."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from services.cases.news import News, Week, put_news
from services.cases.preferences import preferences_of
from tests.browser.owner import Owner
from tests.browser.stories.story import Story
from tests.services.answers.asking import ACCOUNT, LOGIN, MONEY, asks, confirm, held

DAY_S = 86_400.0
WEEK_NOTICE = "5" * 32


def letter_of_a_payment(owner: Owner) -> str:
    """The path of the link in a letter about a payment that is held."""
    now = owner.served.clock()
    assert MONEY.usual is not None
    shown = replace(MONEY, usual=replace(MONEY.usual, at=now - DAY_S))
    about: dict[str, Any] = {"shown": shown, "happened_at": now - 120.0, "locale": owner.language}
    return owner.served.run(asks(owner.served.site, effects=(held("e1"),), **about))


def letter_of_a_sign_in(owner: Owner) -> str:
    """The path of the link in a letter about a sign-in from a new device."""
    about: dict[str, Any] = {
        "shown": LOGIN,
        "happened_at": owner.served.clock() - 120.0,
        "locale": owner.language,
    }
    return owner.served.run(asks(owner.served.site, "e2", template="login_notice", type="login", **about))


def frozen(owner: Owner) -> bool:
    """Whether outgoing money is stopped."""
    return owner.served.run(owner.served.site.app.state.holds.of(ACCOUNT)).frozen is not None


def says_no(owner: Owner) -> None:
    """From the question to the order to stop."""
    owner.follow(".choose .main")
    owner.reads(owner.says("answer.stop_title"))
    owner.sees(owner.says("answer.works_receiving"))
    owner.tick("#sure")
    owner.follow("main form button.main")
    owner.reads(owner.says("answer.waiting_title"))


def money_is_stopped(owner: Owner) -> None:
    """ "No", and the wallet confirms it."""
    owner.open(letter_of_a_payment(owner))
    owner.sees("chen-wei-4471", "18,000.00")
    says_no(owner)
    assert frozen(owner)
    owner.served.run(confirm(owner.served.site))
    owner.again()
    owner.reads(owner.says("answer.done_title"))
    owner.sees(owner.says("answer.did_money"), owner.says("site.next"))


def no_is_taken_back(owner: Owner) -> None:
    """ "No" by mistake, undone with a code."""
    secret = owner.served.enrolled(ACCOUNT)
    owner.open(letter_of_a_payment(owner))
    says_no(owner)
    owner.served.run(confirm(owner.served.site))
    owner.again()
    owner.unfold("details summary")
    owner.write("#undo", owner.served.world.wrong(secret))
    owner.follow("details form button")
    owner.sees(owner.says("approve.wrong"))
    owner.write("#undo", owner.code(secret))
    owner.follow("details form button")
    owner.reads(owner.says("undone.title"))
    assert not frozen(owner)


def a_code_says_yes(owner: Owner) -> None:
    """ "Yes" with a code; the link is used then."""
    secret = owner.served.enrolled(ACCOUNT)
    link = letter_of_a_payment(owner)
    owner.open(link)
    owner.follow(".choose .second")
    owner.reads(owner.says("answer.yes_title"))
    owner.write("#code", owner.code(secret))
    owner.follow("main form button.main")
    owner.reads(owner.says("answer.noted_title"))
    owner.open(link)
    owner.reads(owner.says("answer.over_title"))
    assert not frozen(owner)


def yes_and_then_no(owner: Owner) -> None:
    """Whoever reads the mail can say "yes", which settles nothing: the link still takes a "no"."""
    link = letter_of_a_sign_in(owner)
    owner.open(link)
    owner.follow(".choose .second")
    owner.tick("#sure")
    owner.follow("main form button.main")
    owner.reads(owner.says("answer.noted_title"))
    owner.open(link)
    owner.sees(owner.says("answer.said_yes"))
    says_no(owner)
    assert frozen(owner)


def too_late_for_an_answer(owner: Owner) -> None:
    """The link is older than a week; so is one that was not copied in full."""
    link = letter_of_a_payment(owner)
    for stale in (link[:-1], link):
        owner.open(stale)
        owner.reads(owner.says("answer.over_title"))
        owner.sees(owner.says("answer.over_1", service="UPay"))
        owner.served.clock.at += 8 * DAY_S


def link_of_the_weekly_summary(owner: Owner) -> str:
    """The path by which a new weekly summary ends."""
    served, at = owner.served, owner.served.clock()

    async def link() -> str:
        news = News(at=at, week=Week(began=at - 7 * DAY_S, ended=at))
        async with served.world.database.begin() as connection:
            await put_news(connection, WEEK_NOTICE, WEEK_NOTICE, ACCOUNT, "weekly", news)
        return f"/my/unsubscribe/{served.site.app.state.answers.links.text(WEEK_NOTICE, ACCOUNT)}"

    return served.run(link())


def no_more_weekly_summary(owner: Owner) -> None:
    """The weekly summary ends by its own link."""
    served = owner.served

    async def wanted() -> bool:
        async with served.world.database.read() as connection:
            return bool((await preferences_of(connection, ACCOUNT)).alerts["weekly"])

    owner.open(link_of_the_weekly_summary(owner))
    owner.reads(owner.says("unsubscribe.asked_title"))
    assert served.run(wanted())
    owner.follow("main form button")
    owner.reads(owner.says("unsubscribe.done_title"))
    assert not served.run(wanted())


STORIES = (
    Story("from a letter to stopped money, confirmed", money_is_stopped),
    Story("a “no” by mistake, taken back with a code", no_is_taken_back),
    Story("a “yes” with a code; the link is used then", a_code_says_yes, (410,)),
    Story("a “yes” without a code, then a “no”", yes_and_then_no),
    Story("a link that is too old, and one that is cut off", too_late_for_an_answer, (410,)),
    Story("the weekly summary ends by its link", no_more_weekly_summary),
)
