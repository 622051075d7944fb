"""One case over the API: its tickets in other help desks, its steps by whoever or whatever does them, and the files beside it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from services.audit.tables import audit
from services.cases.ticket_tables import connections, tickets
from services.connect.connections import Connections, Options, Secrets
from services.platform.database import Database
from tests.services.api.world import World
from tests.services.cases.acts_world import CASE
from tests.services.connect.told import OPTIONS, VAULT
from tests.services.desk.browser import DeskClients
from tests.services.desk.reported import NOW, disputed, happened, money, stuck
from tests.services.desk.test_act_pages import trouble
from tests.services.reports.files import PDF, SVG, photo_with_a_place

STATES: dict[str, tuple[str, dict[str, Any]]] = {
    "waiting": ("zammad", {"state": "waiting", "external_id": "7", "number": "22007"}),
    "failing": ("zammad", {"state": "waiting", "external_id": "7", "last_error": "not_allowed", "next_at": NOW + 60}),
    "new": ("zammad", {"state": "waiting"}),
    "failed": ("chatwoot", {"state": "failed", "external_id": "12", "last_error": "status_422"}),
    "gone": ("zammad", {"state": "gone", "external_id": "7", "number": "22007"}),
    "told": ("chatwoot", {"state": "told", "external_id": "12", "told": 99_999, "told_at": NOW - 60, "closed_there": True}),
}  # fmt: skip
#: What the page says of each, in English and in Chinese.
SAID = {
    "waiting": ("zammad 22007 Waits to be told. open there", "zammad 22007 等待同步。 对方未结单"),
    "failing": (
        "zammad 7 Not told yet: it does not let PayGuard in. Tried again at",
        "尚未同步：不允许 PayGuard 登录。",
    ),
    "new": ("zammad Waits to be told. no ticket yet", "zammad 等待同步。 尚未建单"),
    "failed": ("chatwoot 12 Given up: it answered 422.", "已放弃：答复了 422。"),
    "gone": ("zammad 22007 It is told nothing any more. deleted there", "zammad 22007 不再同步。 对方已删除"),
    "told": ("chatwoot 12 up to date, told", "chatwoot 12 已同步，最近一次"),
}


@pytest.fixture
def database(desk_client: DeskClients) -> Database:
    return desk_client.desk.database


class Support:
    """A program of support's, with a key."""

    def __init__(self, world: World, key: str) -> None:
        self._client, self._headers = world.client, {"authorization": f"Bearer {key}"}

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        return await self._client.request(method, path, headers=self._headers, **more)

    async def case(self, case_id: str) -> Any:
        answer = await self.ask("GET", f"/v1/cases/{case_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def support(desk_client: DeskClients) -> Support:
    return Support(desk_client.world, (await desk_client.world.keys.create("mei", ["support"]))[0])


async def ticket(database: Database, case_id: str, kind: str, **row: Any) -> None:
    there = Connections(database, VAULT, lambda: NOW, allow_private=True)
    options: Options = OPTIONS[kind]
    await there.create(kind, kind, f"https://{kind}.example", options, Secrets(), "cli:test")  # type: ignore[arg-type]
    whole = {"connection": kind, "case_id": case_id, "next_at": NOW, "told": 0} | row
    async with database.begin() as connection:
        await connection.execute(insert(tickets).values(whole))


@pytest.mark.parametrize("state", STATES)
async def test_a_page_says_how_the_ticket_of_a_case_stands_in_both_languages(
    desk_client: DeskClients, database: Database, state: str
) -> None:
    case_id = await disputed(database)
    kind, row = STATES[state]
    await ticket(database, case_id, kind, **row)

    for locale, said in zip(("en", "zh-CN"), SAID[state], strict=True):
        page = await (await desk_client("agent", f"a.{locale[:2]}", locale)).page(f"/desk/cases/{case_id}")
        assert said in " ".join(page.text.split())


@pytest.mark.parametrize(
    ("state", "link"),
    [
        ("waiting", "https://zammad.example/#ticket/zoom/7"),
        ("told", "https://chatwoot.example/app/accounts/1/conversations/12"),
        ("new", None),
        ("gone", None),
    ],
)
async def test_a_ticket_that_is_there_is_a_link_to_its_page(
    desk_client: DeskClients, support: Support, database: Database, state: str, link: str | None
) -> None:
    case_id = await disputed(database)
    kind, row = STATES[state]
    await ticket(database, case_id, kind, **row)

    page = await (await desk_client("agent")).page(f"/desk/cases/{case_id}")
    outside = [each for each in page.links if each.startswith("https://")]
    assert outside == ([] if link is None else [link])
    assert [each["url"] for each in (await support.case(case_id))["tickets"]] == [link]


async def test_a_case_without_a_ticket_says_nothing_of_help_desks(
    desk_client: DeskClients, support: Support, database: Database
) -> None:
    case_id = await disputed(database)
    await ticket(database, case_id, "zammad", state="told")

    assert (await support.case(case_id))["tickets"] == []
    assert "Other help desks" not in (await (await desk_client("agent")).page(f"/desk/cases/{case_id}")).text


async def test_a_ticket_with_news_behind_it_waits_even_before_anybody_looked(
    support: Support, database: Database
) -> None:
    case_id = await disputed(database)
    await ticket(database, case_id, "zammad", state="told", external_id="7", told=0)
    (shown,) = (await support.case(case_id))["tickets"]
    async with database.begin() as connection:
        await connection.execute(update(tickets).values(told=99_999))
        await connection.execute(update(connections).values(last_error="slow"))
    (later,) = (await support.case(case_id))["tickets"]

    assert (shown["state"], shown["why"]) == ("waiting", None)
    assert (later["state"], later["number"]) == ("told", "7")


async def test_steps_that_their_evidence_does_are_done_in_the_api_as_on_the_page(
    support: Support, database: Database
) -> None:
    case_id = await stuck(database)
    before = {each["step"]: each for each in (await support.case(case_id))["steps"]}
    await happened(database, money("t1-done", reference="TU-66", status="completed", ago_s=60))
    after = {each["step"]: each for each in (await support.case(case_id))["steps"]}

    changed = [step for step in after if after[step]["done"] != before[step]["done"]]
    assert len(changed) == 1
    assert after[changed[0]] == {
        "step": changed[0], "done": True, "done_at": "2027-01-15T07:59:00Z", "done_by": None,
    }  # fmt: skip


async def test_a_step_that_somebody_ticked_names_them(support: Support, database: Database) -> None:
    case_id = await stuck(database)
    steps = [each["step"] for each in (await support.case(case_id))["steps"] if not each["done"]]
    ticked = await support.ask("POST", f"/v1/cases/{case_id}/steps/{steps[0]}", json={"done": True})
    shown = {each["step"]: each for each in (await support.case(case_id))["steps"]}

    assert ticked.status_code == 200
    assert (shown[steps[0]]["done"], shown[steps[0]]["done_by"]) == (True, "key:mei")


async def test_a_file_is_put_beside_a_case_listed_and_read_and_its_owner_is_not_shown_it(
    desk_client: DeskClients, support: Support, database: Database
) -> None:
    await trouble(desk_client.world)
    path = f"/v1/cases/{CASE}/files"

    made = await support.ask("POST", f"{path}?name=receipt.pdf", content=PDF)
    again = await support.ask("POST", f"{path}?name=receipt.pdf", content=PDF)
    listed = (await support.ask("GET", path)).json()["files"]
    read = await support.ask("GET", f"{path}/101")

    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() == again.json() == listed[0]
    assert (made.json()["number"], made.json()["added_by"], made.json()["size_bytes"]) == (
        101,
        "key:mei",
        len(PDF),
    )
    assert (read.status_code, read.content) == (200, PDF)
    assert read.headers["content-disposition"].startswith("attachment")
    assert await desk_client.world.app.state.reports.file(CASE, 101, "li") is None
    async with database.read() as connection:
        noted = select(audit.c.action).where(audit.c.actor == "key:mei")
        assert list((await connection.execute(noted)).scalars())[-2:] == ["file_added", "file_read"]


async def test_a_picture_over_the_api_says_nothing_of_its_place(
    desk_client: DeskClients, support: Support
) -> None:
    await trouble(desk_client.world)
    await support.ask("POST", f"/v1/cases/{CASE}/files?name=scene.jpg", content=photo_with_a_place())

    assert b"SecretPhone" not in (await support.ask("GET", f"/v1/cases/{CASE}/files/101")).content


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"/v1/cases/{CASE}/files", SVG, 422, "file_refused"),
        (f"/v1/cases/{CASE}/files", b"", 422, "file_refused"),
        (f"/v1/cases/{CASE}/files", b"x" * 10_000_001, 413, "too_large"),
        ("/v1/cases/none/files", PDF, 404, "unknown_case"),
    ],
)
async def test_a_file_that_is_not_taken_says_why_and_leaves_nothing(
    desk_client: DeskClients, support: Support, path: str, body: bytes, status: int, code: str
) -> None:
    await trouble(desk_client.world)
    refused = await support.ask("POST", path, content=body)

    assert (refused.status_code, refused.json()["type"]) == (status, f"urn:payguard:problem:{code}")
    assert (await support.ask("GET", f"/v1/cases/{CASE}/files")).json() == {"files": []}


async def test_another_keys_file_is_not_put_there_twice(desk_client: DeskClients, support: Support) -> None:
    await trouble(desk_client.world)
    other = Support(desk_client.world, (await desk_client.world.keys.create("bo", ["support"]))[0])
    await other.ask("POST", f"/v1/cases/{CASE}/files", content=PDF)

    refused = await support.ask("POST", f"/v1/cases/{CASE}/files", content=PDF)
    assert (refused.status_code, refused.json()["why"]) == (409, "file_there")


async def test_files_of_a_case_that_there_is_not_are_404(support: Support) -> None:
    for path in ("/v1/cases/none/files", "/v1/cases/none/files/101"):
        assert (await support.ask("GET", path)).status_code == 404
