"""Files that staff put beside a case: taken as an owner's are, for colleagues alone, taken back, and saved with a note of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.audit.tables import audit
from services.cases.acts.tables import desk_acts
from services.cases.report_tables import case_files
from services.reports.service import ReportService
from tests.services.api.world import World
from tests.services.cases.acts_world import CASE
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.test_act_pages import PAGE, rows, trouble
from tests.services.portal.reading import Page, read
from tests.services.reports.files import PDF, SVG, photo_with_a_place, picture


@pytest.fixture
async def world(desk_client: DeskClients) -> World:
    await trouble(desk_client.world)
    return desk_client.world


async def add(browser: Browser, body: bytes, name: str = "receipt.pdf", page: Page | None = None) -> Any:
    page = page or await browser.page(f"{PAGE}/file")
    fields = page.form(f"{PAGE}/file").fields
    data = {key: value for key, value in fields.items() if key != "file"}
    return await browser.client.post(f"{PAGE}/file", data=data, files={"file": (name, body)})


async def kept(world: World) -> list[tuple[int, str, str]]:
    return [(row["number"], row["name"], row["added_by"]) for row in await rows(world, case_files)]


async def audited(world: World, actor: str) -> list[str]:
    query = select(audit.c.action).where(audit.c.actor == actor)
    async with world.database.read() as connection:
        return list((await connection.execute(query)).scalars())


def reports(world: World) -> ReportService:
    found: ReportService = world.app.state.reports
    return found


async def test_a_file_of_staff_stands_beside_the_case_and_its_owner_is_not_shown_it(
    world: World, desk_client: DeskClients
) -> None:
    mei = await desk_client("agent", "mei")

    done = await add(mei, PDF)

    page = await mei.page(f"/desk/cases/{CASE}")
    assert (done.status_code, done.headers["location"]) == (303, f"/desk/cases/{CASE}")
    assert await kept(world) == [(101, "receipt.pdf", "staff:mei")]
    assert "receipt.pdf" in page.text
    assert await reports(world).file(CASE, 101, "li") is None


async def test_a_picture_of_staff_says_nothing_of_its_place(world: World, desk_client: DeskClients) -> None:
    await add(await desk_client("agent", "mei"), photo_with_a_place(), "scene.jpg")

    found = await reports(world).file(CASE, 101)

    assert found is not None
    assert b"SecretPhone" not in found.body


@pytest.mark.parametrize(
    ("body", "said"), [(SVG, "no PNG, JPEG or WebP"), (b"", "The file is empty"), (b"\x89PNG\r\n\x1a\n", "cannot be opened")]
)  # fmt: skip
async def test_what_is_not_taken_says_why_and_leaves_nothing(
    world: World, desk_client: DeskClients, body: bytes, said: str
) -> None:
    refused = await add(await desk_client("agent", "mei"), body, "x.png")

    assert refused.status_code == 422
    assert said in read(refused).text
    assert await kept(world) == []
    assert await rows(world, desk_acts) == []


async def test_a_form_without_a_file_asks_for_one(world: World, desk_client: DeskClients) -> None:
    mei = await desk_client("agent", "mei")

    refused = await add(mei, b"", "")

    assert refused.status_code == 422
    assert "Choose one file" in read(refused).text
    assert await kept(world) == []


async def test_a_form_with_a_file_sent_twice_is_one_file(world: World, desk_client: DeskClients) -> None:
    mei = await desk_client("agent", "mei")
    page = await mei.page(f"{PAGE}/file")

    answers = [await add(mei, picture(), "a.png", page) for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    assert len(await kept(world)) == 1


async def test_the_same_file_again_is_refused(world: World, desk_client: DeskClients) -> None:
    mei = await desk_client("agent", "mei")
    await add(mei, PDF)

    again = await add(mei, PDF, "other.pdf")

    assert again.status_code == 409
    assert "stands beside the case already" in read(again).text
    assert len(await kept(world)) == 1


@pytest.mark.parametrize(("seconds", "left"), [(29.0, 0), (31.0, 1)])
async def test_a_file_is_taken_back_within_half_a_minute(
    world: World, desk_client: DeskClients, seconds: float, left: int
) -> None:
    mei = await desk_client("agent", "mei")
    await add(mei, PDF)
    (row,) = await rows(world)
    desk_client.desk.clock.at += seconds  # type: ignore[attr-defined]

    await mei.post(f"/desk/acts/{row['act_id']}/undo")

    assert len(await kept(world)) == left
    assert ("file_taken_back" in await audited(world, "staff:mei")) is (left == 0)


async def test_nobody_takes_a_colleagues_file_back(world: World, desk_client: DeskClients) -> None:
    mei, bo = await desk_client("agent", "mei"), await desk_client("agent", "bo")
    await add(mei, PDF)
    (row,) = await rows(world)

    await bo.post(f"/desk/acts/{row['act_id']}/undo")

    assert len(await kept(world)) == 1


async def test_whoever_saves_a_file_stands_in_the_audit(world: World, desk_client: DeskClients) -> None:
    mei, auditor = await desk_client("agent", "mei"), await desk_client("auditor")
    await add(mei, PDF)
    path = f"/desk/cases/{CASE}/files/101"

    saved, refused = await mei.get(path), await auditor.get(path)

    assert (saved.status_code, saved.content) == (200, PDF)
    assert saved.headers["content-disposition"].startswith("attachment")
    assert refused.status_code == 403
    assert (await audited(world, "staff:mei"))[-2:] == ["file_added", "file_read"]


async def test_a_form_of_another_session_adds_nothing(world: World, desk_client: DeskClients) -> None:
    mei, bo = await desk_client("agent", "mei"), await desk_client("agent", "bo")
    page = await mei.page(f"{PAGE}/file")

    refused: httpx.Response = await add(bo, PDF, page=page)

    assert refused.status_code == 403
    assert await kept(world) == []
