"""The session of the centre goes on while it is used, and what was typed into a form of one that is over is not lost."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from services.centre.sign_in import SignIn
from services.centre.sign_in_pages import BACK
from services.http.openid import CodeFlow, Provider
from services.portal.centre_frame import CENTRE_PREFIX
from services.portal.tables import visits
from services.portal.visits import Lasting, Visits
from services.portal.wording import LOCALES
from tests.services.portal.reading import Page, read
from tests.services.portal.site import KEYS, URL, Site

IDLE_S, LONGEST_S = Lasting()
TYPED = "It never came <b>here</b>.\nNot at all."


async def shows(site: Site, path: str = "") -> int:
    return (await site.browser.get(f"{CENTRE_PREFIX}{path}")).status_code


async def report(site: Site) -> dict[str, str]:
    """The fields of a form to report a problem, filled in."""
    form = read(await site.browser.get(f"{CENTRE_PREFIX}/report/advice")).form(f"{CENTRE_PREFIX}/report/send")
    return {**form.fields, "text": TYPED}


async def sent(
    site: Site, fields: dict[str, str], files: Any = (), path: str = "/report/send"
) -> httpx.Response:
    fields = {name: value for name, value in fields.items() if name != "files"}
    parts = [("files", file) for file in files] or [("files", ("", b"", "application/octet-stream"))]
    return await site.browser.post(f"{CENTRE_PREFIX}{path}", data=fields, files=parts, follow_redirects=True)


async def sent_again(site: Site, closed: Page) -> httpx.Response:
    """The form that the page about the closed centre holds, as it is."""
    return await sent(site, closed.form(f"{CENTRE_PREFIX}/report/send").fields)


async def stories(site: Site) -> int:
    """How many cases the account has."""
    links = read(await site.browser.get(f"{CENTRE_PREFIX}/cases")).links
    return len({link for link in links if link.startswith(f"{CENTRE_PREFIX}/cases/")})


async def test_a_session_goes_on_while_it_is_used_and_not_for_ever(site: Site) -> None:
    await site.open("centre")
    opened_at = site.world.clock.at
    while site.world.clock.at + IDLE_S < opened_at + LONGEST_S:
        site.world.clock.at += IDLE_S - 1
        assert await shows(site) == 200
    site.world.clock.at = opened_at + LONGEST_S

    assert await shows(site) == 403


async def test_unused_it_closes_within_a_minute_of_its_time(site: Site) -> None:
    await site.open("centre")
    site.world.clock.at += IDLE_S - 1
    still = await shows(site)
    site.world.clock.at += IDLE_S + 61

    assert (still, await shows(site)) == (200, 403)


async def test_its_use_is_noted_once_a_minute_at_most(site: Site) -> None:
    await site.open("centre")
    noted = []
    for _ in range(7):
        site.world.clock.at += 20
        await shows(site)
        noted += [row["used_at"] for row in await site.world.rows(visits)]

    assert len(set(noted)) == 3


async def test_use_in_the_table_puts_off_no_end(site: Site) -> None:
    await site.open("centre")
    async with site.world.database.begin() as connection:
        await connection.execute(update(visits).values(used_at=site.world.clock.at + 9_000_000))
    site.world.clock.at += LONGEST_S

    assert await shows(site) == 403


async def test_pages_for_one_thing_end_when_they_end_however_they_are_used(site: Site) -> None:
    await site.enrolling()
    for _ in range(6):
        site.world.clock.at += 100
        answer = await site.browser.get("/my/factor")

    assert answer.status_code == 403
    assert "10 minutes" in answer.text


@pytest.mark.parametrize("lasting", [Lasting(0, 60), Lasting(61, 60), Lasting(-1, -1)])
async def test_a_session_that_may_lie_unused_for_longer_than_it_lasts_is_refused(
    site: Site, lasting: Lasting
) -> None:
    with pytest.raises(ValueError, match="PAYGUARD_CENTRE_IDLE_S"):
        Visits(site.world.database, KEYS, site.world.clock, lasting)


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_closed_page_says_when_it_closes_and_how_to_get_on(site: Site, locale: str) -> None:
    await site.open("centre", locale=locale)
    site.world.clock.at += IDLE_S + 61
    page = read(await site.browser.get(f"{CENTRE_PREFIX}/devices"))

    assert page.language == locale
    assert all(each in page.text for each in ("30", "4", "UPay"))
    assert not any(link.endswith("/sign-in") for link in page.links)


async def test_a_report_that_came_too_late_is_sent_once_the_centre_is_open_again(site: Site) -> None:
    await site.open("centre")
    fields = await report(site)
    site.world.clock.at += IDLE_S + 61
    late = await sent(site, fields)
    closed = read(late)
    again = await sent_again(site, closed)
    await site.open("centre")
    done = [await sent_again(site, read(again)), await sent_again(site, read(again))]

    assert (late.status_code, again.status_code, [each.status_code for each in done]) == (
        403,
        403,
        [200, 200],
    )
    assert "It never came <b>here</b>. Not at all." in closed.text
    assert "nothing you typed is lost" in closed.text
    assert "It never came <b>here</b>." in read(done[0]).text
    assert await stories(site) == 1


async def test_files_that_did_not_come_along_are_named(site: Site) -> None:
    await site.open("centre")
    fields = await report(site)
    site.world.clock.at += IDLE_S + 61

    closed = read(await sent(site, fields, [("receipt.png", b"x", "image/png")]))

    assert "receipt.png" in closed.text


async def test_a_form_of_the_session_before_is_taken_where_people_type(site: Site) -> None:
    await site.open("centre")
    fields = await report(site)
    await site.open("centre")

    assert (await sent(site, fields)).status_code == 200
    assert await stories(site) == 1


async def test_and_refused_where_they_press_a_button(site: Site) -> None:
    await site.open("centre")
    token = read(await site.browser.get(f"{CENTRE_PREFIX}/lock")).form(f"{CENTRE_PREFIX}/lock").fields
    await site.open("centre")

    assert (await site.browser.post(f"{CENTRE_PREFIX}/lock", data=token)).status_code == 403


async def test_a_form_of_somebody_else_is_neither_taken_nor_shown(site: Site) -> None:
    await site.open("centre", account_id="chen")
    fields = await report(site)
    await site.open("centre")
    taken = await sent(site, fields)
    site.world.clock.at += IDLE_S + 61
    shown = await sent(site, fields)

    assert (taken.status_code, shown.status_code) == (403, 403)
    assert "It never came" not in taken.text + shown.text


async def test_without_a_cookie_nothing_that_was_sent_is_shown(site: Site) -> None:
    await site.open("centre")
    fields = await report(site)
    site.browser.cookies.clear()

    assert "It never came" not in (await sent(site, fields)).text


async def test_a_code_that_came_too_late_is_not_shown(site: Site) -> None:
    await site.open("centre")
    token = read(await site.browser.get(f"{CENTRE_PREFIX}/lock")).form(f"{CENTRE_PREFIX}/lock").fields
    site.world.clock.at += IDLE_S + 61
    answer = await site.browser.post(f"{CENTRE_PREFIX}/unlock", data={**token, "code": "314159"})

    assert answer.status_code == 403
    assert "314159" not in answer.text
    assert "was not done" in answer.text


async def test_a_phrase_that_came_too_late_is_kept_too(site: Site) -> None:
    await site.open("centre")
    path = f"{CENTRE_PREFIX}/notifications"
    fields = read(await site.browser.get(path)).form(path).fields | {"phrase": "blue teapot"}
    site.world.clock.at += IDLE_S + 61
    closed = read(await site.browser.post(path, data=fields))
    await site.open("centre")
    saved = await site.browser.post(path, data=closed.form(path).fields)

    assert "blue teapot" in closed.text
    assert (saved.status_code, "blue teapot" in saved.text) == (200, True)


async def test_who_signs_in_at_the_wallet_does_so_beside_what_was_typed(site: Site) -> None:
    provider = Provider(issuer="http://127.0.0.1:1", client_id="c", client_secret="s")
    site.app.state.sign_in = SignIn(CodeFlow(provider, KEYS, f"{URL}{BACK}", site.world.clock))
    await site.open("centre")
    fields = await report(site)
    site.world.clock.at += IDLE_S + 61
    closed = read(await sent(site, fields))
    plain = read(await site.browser.get(CENTRE_PREFIX))
    ways = [
        [given.get("target") for tag, given in page.tags if given.get("href") == "/my/sign-in"]
        for page in (closed, plain)
    ]

    assert ways == [["_blank"], [None]]
