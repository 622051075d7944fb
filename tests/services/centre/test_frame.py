"""The frame of the security centre: who gets in, and the ways to its sections."""

from __future__ import annotations

import pytest

from services.cases import holds
from services.portal.centre_frame import CENTRE_PREFIX, SECTIONS, Section
from services.portal.wording import catalogue
from tests.services.portal.reading import read
from tests.services.portal.site import Site


async def test_a_link_of_the_wallet_opens_the_centre(site: Site) -> None:
    page = await site.open("centre")

    assert page.title.startswith("Your wallet is safe")
    assert CENTRE_PREFIX in page.links


async def test_a_freeze_is_the_first_thing_it_says(site: Site) -> None:
    async with site.world.database.begin() as connection:
        await holds.freeze(connection, "li", "e1", "decision", 1.0, 1.0)

    assert (await site.open("centre")).title.startswith("We are stopping outgoing money")


async def test_without_a_session_there_is_no_centre(site: Site) -> None:
    assert (await site.browser.get(CENTRE_PREFIX)).status_code == 403


async def test_a_session_for_something_else_does_not_open_it(site: Site) -> None:
    await site.approving()

    assert (await site.browser.get(CENTRE_PREFIX)).status_code == 403


async def test_every_section_answers_and_marks_where_the_reader_is(site: Site) -> None:
    await site.open("centre")
    for section in SECTIONS:
        answer = await site.browser.get(f"{CENTRE_PREFIX}{section.path}")

        assert answer.status_code == 200, section.name
        assert f'href="{CENTRE_PREFIX}{section.path}" aria-current="page"' in answer.text


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_every_section_has_a_name_and_a_tab(section: Section) -> None:
    assert f"nav.{section.name}" in catalogue()
    assert section.tab in {each.name for each in SECTIONS}


async def test_the_reader_changes_the_language_within_it(site: Site) -> None:
    await site.open("centre")

    assert "安全中心" in read(await site.browser.get(f"{CENTRE_PREFIX}?lang=zh-CN")).text
