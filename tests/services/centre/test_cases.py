"""My cases on both databases: what waits, what was said in which order, and nobody else's."""

from __future__ import annotations

from services.cases.case_answers import CaseAnswers
from services.cases.states import Case
from services.reports.service import Report
from tests.services.cases.databases import database_url  # noqa: F401  SQLite, and PostgreSQL too
from tests.services.portal.reading import read
from tests.services.portal.site import Site

LIST = "/my/centre/cases"


async def reported(site: Site, account_id: str = "li", text: str = "It never came.") -> str:
    """A case of an account, a minute after the one before."""
    site.world.clock.at += 60.0
    report = Report(account_id=account_id, kind="advice", text=text, through="page")
    case: Case = await site.app.state.reports.make(report, "page")
    return case.case_id


async def test_cases_stand_newest_first_each_with_its_status(site: Site) -> None:
    first, second = await reported(site), await reported(site)
    others = await reported(site, "wang")
    await site.app.state.reports.withdraw("li", first, "page")
    await site.open("centre")
    links = [link for link in read(await site.browser.get(LIST)).links if link.startswith(f"{LIST}/")]

    assert links == [f"{LIST}/{second}", f"{LIST}/{first}"]
    assert (await site.browser.get(f"{LIST}/{others}")).status_code == 404


async def test_a_case_tells_its_story_newest_first_and_takes_the_owners_words(site: Site) -> None:
    case_id = await reported(site)
    await CaseAnswers(site.world.database, site.world.clock).write(case_id, "Which bank?", "key:mei", None)
    await site.open("centre")
    page = read(await site.browser.get(f"{LIST}/{case_id}"))
    form = page.form(f"{LIST}/{case_id}/add")
    form.fields.pop("files", None)
    typed = {**form.fields, "note": "The blue one."}
    none = [("files", ("", b"", "application/octet-stream"))]
    added = read(await site.browser.post(form.action, data=typed, files=none, follow_redirects=True))

    assert added.text.index("The blue one.") < added.text.index("Which bank?")
    assert "key:mei" not in added.text


async def test_a_case_that_was_taken_back_is_over(site: Site) -> None:
    case_id = await reported(site)
    await site.open("centre")
    ask = read(await site.browser.get(f"{LIST}/{case_id}/withdraw"))
    over = read(await site.send(ask, f"{LIST}/{case_id}/withdraw"))

    assert f"{LIST}/{case_id}/withdraw" not in over.links
