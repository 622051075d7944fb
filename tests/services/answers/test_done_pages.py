"""After a "no": the case it is in, where it is found, and by when somebody answers."""

from __future__ import annotations

import pytest
from msgspec import structs

from contracts.decisions import OpenCase, effect_id
from contracts.errors import Unavailable
from services.cases.case_service import CaseService
from services.cases.references import case_number
from services.cases.repository import keep
from services.cases.tables import case_entries, cases
from services.mfa.repository import record_issued
from tests.services.answers.asking import ACCOUNT, asks, confirm
from tests.services.answers.test_no_pages import press_no, report
from tests.services.cases.decided import recorded
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site

_HOUR_S = 3600.0


async def again(site: Site, page: Page) -> Page:
    """The same page, asked for once more."""
    (where,) = {link for link in page.links if "/done/" in link}
    return read(await site.browser.get(where))


async def decided(site: Site) -> None:
    """Have the worker's decision on the report arrive."""
    said = await report(site)
    effect = OpenCase(effect_id=effect_id(ACCOUNT, said.event_id, "open_case"), severity="high")
    decision = recorded(said.event_id, ACCOUNT, (effect,), at=site.world.clock.at, type="user_report")
    async with site.world.database.begin() as connection:
        await keep(connection, [decision], record_issued)


async def test_the_page_names_the_case_at_once_with_the_way_there_and_the_time_of_the_answer(
    site: Site,
) -> None:
    page = await press_no(site, await asks(site))
    (case,) = await site.world.rows(cases)

    assert f"Opened case {case_number(case['case_id'])} with what we know" in page.text
    assert f"/my/centre/cases/{case['case_id']}" in page.links
    assert case["first_response_due_at"] == case["opened_at"] + 4 * _HOUR_S
    assert "Support, by " in page.text


async def test_the_decision_that_comes_later_opens_no_second_case_and_touches_this_one_not(
    site: Site,
) -> None:
    await press_no(site, await asks(site))
    before = await site.world.rows(cases), await site.world.rows(case_entries)
    await decided(site)

    assert (await site.world.rows(cases), await site.world.rows(case_entries)) == before


async def test_a_case_that_is_open_already_takes_the_report_in(site: Site) -> None:
    await press_no(site, await asks(site, "e1"))
    page = await press_no(site, await asks(site, "e2"))
    (case,) = await site.world.rows(cases)

    assert f"Added this to your open case {case_number(case['case_id'])}" in page.text
    assert [row["kind"] for row in await site.world.rows(case_entries)] == ["opened", "joined"]
    assert case["first_response_due_at"] == case["opened_at"] + 4 * _HOUR_S


@pytest.mark.parametrize(
    ("locale", "waits", "taken", "late"),
    [
        ("en", "Support, by ", "Support is at it, and answers by ", "later than promised"),
        ("zh-CN", "客服，今天 ", "客服正在处理，今天 ", "已超过承诺时间"),
    ],
)
async def test_the_page_follows_the_case_in_the_readers_language(
    site: Site, locale: str, waits: str, taken: str, late: str
) -> None:
    page = await press_no(site, await asks(site, locale=locale))
    (row,) = await site.world.rows(cases)
    await CaseService(site.world.database, site.world.clock).assign(row["case_id"], "lin", "lin", None)
    await confirm(site)
    reviewed = await again(site, page)
    site.world.clock.at += 4 * _HOUR_S + 1.0
    overdue = await again(site, page)

    assert waits in page.text
    assert taken in reviewed.text
    assert late in overdue.text


async def test_a_policy_without_cases_names_none(site: Site) -> None:
    answers = site.app.state.answers
    answers.following = structs.replace(answers.following, not_me=frozenset({"freeze"}))
    page = await press_no(site, await asks(site))

    assert await site.world.rows(cases) == []
    assert not [link for link in page.links if "/cases/" in link]
    assert "Noted your answer for our security team" in page.text


async def test_with_a_part_away_the_page_looks_again_by_itself_and_takes_nothing_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await press_no(site, await asks(site))
    (where,) = {link for link in page.links if "/done/" in link}

    async def away(*_: object) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(type(site.app.state.words), "find", away)
        answer = await site.browser.get(where)
    shown = read(answer)

    assert (answer.status_code, answer.headers["refresh"]) == (503, "5")
    assert shown.headings[0] == "We cannot show this right now"
    assert "Nothing was done" not in shown.text
    assert "What you did before still holds" in shown.text
    assert (await site.browser.get(where)).status_code == 200
