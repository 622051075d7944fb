"""Answers before a report is sent, and words that come along: shown, counted, and never in the way of what is urgent."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import select

from contracts.report_kinds import REPORTS
from services.help.library import Library
from services.help.tables import faq_searches
from services.platform.metrics import FAQ_SUGGESTED
from services.reports.fields import MOST_TEXT
from services.reports.report_pages import URGENT
from tests.services.cases.databases import (
    database,  # noqa: F401  found here by the tests
    opened,
)
from tests.services.help.written import FACTS
from tests.services.mfa.conftest import world  # noqa: F401
from tests.services.mfa.world import NOON_S
from tests.services.portal.conftest import database_url, site  # noqa: F401
from tests.services.portal.reading import read
from tests.services.portal.site import Site
from tests.services.reports.test_report_pages import CENTRE, page, send


@pytest.fixture(scope="module")
def migrated_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file with the answers that PayGuard brings, for all of these tests."""
    file = tmp_path_factory.mktemp("helped") / "helped.db"
    shutil.copy(migrated_file, file)

    async def bring() -> None:
        brought = opened(f"sqlite:///{file}")
        await Library(brought, lambda: NOON_S, FACTS).bring()
        await brought.close()

    asyncio.run(bring())
    return file


@pytest.fixture
async def centre(site: Site) -> Site:  # noqa: F811
    """An open centre with what PayGuard brings."""
    await site.open("centre")
    return site


def counted(event: str) -> float:
    return float(FAQ_SUGGESTED.labels(event)._value.get())


@pytest.mark.parametrize("kind", [each.name for each in REPORTS])
async def test_each_kind_shows_answers_with_its_form_and_urgent_ones_after_it(
    centre: Site, kind: str
) -> None:
    before = counted("shown")
    shown = await page(centre, f"/report/{kind}")
    actions = [form.action for form in shown.forms]
    helping = [action for action in actions if action.endswith("/useful")]

    assert "Does one of these help?" in shown.headings
    assert len(helping) == 3
    assert (actions.index(f"{CENTRE}/report/send") < actions.index(helping[0])) == (kind in URGENT)
    assert counted("shown") == before + 1


async def test_what_the_owner_wrote_is_answered_before_it_is_sent_and_nothing_typed_is_lost(
    centre: Site,
) -> None:
    form = await page(centre, "/report/payment_failed")
    text = "my limit is too low <b>4711</b>"
    looked = read(await send(centre, form, "/report/send", text=text, do="look", seen="declined"))

    assert "Answers to what you wrote" in looked.headings
    assert next(each.action for each in looked.forms if each.action.endswith("/useful")).endswith(
        "/limits/useful"
    )
    assert text in looked.text
    assert ("input", "declined", True) in [
        (tag, each.get("value"), "checked" in each) for tag, each in looked.tags
    ]
    cases = await page(centre, "/cases")
    assert not [link for link in cases.links if link.startswith(f"{CENTRE}/cases/")]
    async with centre.world.database.read() as connection:
        (asked,) = (await connection.execute(select(faq_searches.c.words))).scalars()
    assert "4711" not in asked


async def test_an_answer_that_helped_and_a_report_that_was_sent_all_the_same_are_counted(
    centre: Site,
) -> None:
    before = counted("helped"), counted("sent")
    form = await page(centre, "/report/advice")
    useful = next(each for each in form.forms if each.action.endswith("/useful"))
    thanked = read(
        await centre.browser.post(
            useful.action, data={**useful.fields, "useful": "yes"}, follow_redirects=True
        )
    )
    await send(centre, form, "/report/send", text="And another thing.")

    assert "Thank you" in thanked.text
    assert (counted("helped"), counted("sent")) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("text", ["gift card <i>", "礼品卡在哪里用？", "a\nb", "'\"><script>x</script>"])
async def test_words_from_elsewhere_come_along_to_the_form_as_they_were_written(
    centre: Site, text: str
) -> None:
    kinds = await page(centre, f"/report?text={quote(text)}")
    chosen = read(await centre.browser.get(next(link for link in kinds.links if "/report/advice?" in link)))
    at_once = await page(centre, f"/report?text={quote(text)}&kind=advice")

    said = " ".join(text.split())
    assert all(said in shown.text for shown in (kinds, chosen, at_once))
    assert "script" not in [tag for shown in (kinds, chosen) for tag, each in shown.tags if "src" not in each]


async def test_words_are_cut_to_what_a_report_takes_and_hold_nothing_that_shows_nothing(
    centre: Site,
) -> None:
    form = await page(centre, f"/report?kind=advice&text={quote('x' * (MOST_TEXT + 9))}")
    odd = await page(centre, "/report/advice?text=a%00b%1b%e2%80%aec")

    assert "x" * MOST_TEXT in form.text
    assert "x" * (MOST_TEXT + 1) not in form.text
    assert "abc" in odd.text


@pytest.mark.parametrize("kind", ["none", "../cases", "", "advice/x"])
async def test_a_kind_that_there_is_not_leaves_the_choice(centre: Site, kind: str) -> None:
    shown = await page(centre, f"/report?kind={quote(kind, safe='')}&text=hello")

    assert shown.headings[0] == "What happened?"
