"""A problem reported in the wallet's own app, its files, and what support answers: over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.audit.audit_log import rows
from services.cases.tables import notices
from services.platform.database import Database
from tests.services.api.world import World
from tests.services.reports.files import PDF, SVG, opened, photo_with_a_place, picture

DISPUTE: dict[str, Any] = {
    "kind": "dispute",
    "text": "It never came.",
    "about_event_id": "pay-7",
    "fields": {"why": "not_arrived", "wish": "all_back"},
}


class Desk:
    """The wallet's backend and support's tools, each with its key."""

    def __init__(self, world: World, wallet: str, support: str) -> None:
        self.world = world
        self._keys = {"wallet": wallet, "support": support}

    async def call(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._keys[who]}"}
        return await self.world.client.request(method, f"/v1{path}", headers=headers, **more)

    async def report(self, account: str = "li", **changed: Any) -> dict[str, Any]:
        answer = await self.call("wallet", "POST", f"/accounts/{account}/reports", json=DISPUTE | changed)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def put(self, report_id: str, body: bytes, number: int = 1, name: str = "a.png") -> httpx.Response:
        path = f"/reports/{report_id}/files/{number}"
        return await self.call("wallet", "PUT", path, content=body, params={"name": name})

    async def act(self, report_id: str, what: str, **body: Any) -> httpx.Response:
        return await self.call("support", "POST", f"/cases/{report_id}/{what}", json=body)

    async def case(self, report_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.call("support", "GET", f"/cases/{report_id}")).json()
        return shown


@pytest.fixture
async def desk(world: World) -> Desk:
    wallet, _ = await world.keys.create("wallet", ["verify"])
    support, _ = await world.keys.create("desk", ["support"])
    return Desk(world, wallet, support)


async def letters(database: Database) -> list[str]:
    async with database.read() as connection:
        query = select(notices.c.template).order_by(notices.c.recorded_at, notices.c.template)
        return list((await connection.execute(query)).scalars())


async def test_a_report_becomes_a_case_with_the_clocks_of_its_kind(desk: Desk) -> None:
    made = await desk.report()
    shown = await desk.case(made["report_id"])

    assert made["first_response_due_at"] == "2027-01-17T08:00:00Z"
    assert made["due_at"] == "2027-02-05T08:00:00Z"
    assert {
        name: shown["case"][name] for name in ("kind", "state", "severity", "subject_event_id", "number")
    } == {
        "kind": "dispute",
        "state": "open",
        "severity": "medium",
        "subject_event_id": "pay-7",
        "number": made["number"],
    }
    assert (shown["report"]["text"], shown["report"]["answers"]) == (DISPUTE["text"], DISPUTE["fields"])
    assert shown["about"]["event_id"] == "pay-7"
    assert await letters(desk.world.database) == ["case_received"]


async def test_the_same_report_again_is_the_same_case_and_another_accounts_is_not(desk: Desk) -> None:
    first = await desk.report(report_id="r-1")
    again = await desk.report(report_id="r-1")
    other = await desk.report("wang", report_id="r-1")

    assert first == again
    assert other["report_id"] != first["report_id"]
    assert await letters(desk.world.database) == ["case_received"] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "risk"},
        {"text": "  \n"},
        {"text": "x" * 4001},
        {"fields": {"why": "not_arrived"}},
        {"fields": {"why": "because", "wish": "all_back"}},
        {"fields": DISPUTE["fields"] | {"card": "4111"}},
    ],
)
async def test_a_report_that_its_kind_does_not_have_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    answer = await desk.call("wallet", "POST", "/accounts/li/reports", json=DISPUTE | wrong)

    assert answer.status_code == 400
    assert "4111" not in answer.text


async def test_an_account_has_ten_open_reports_beside_its_case_of_risk(desk: Desk) -> None:
    for number in range(10):
        await desk.report(report_id=str(number))
    refused = await desk.call("wallet", "POST", "/accounts/li/reports", json=DISPUTE)

    assert (refused.status_code, refused.json()["type"]) == (409, "urn:payguard:problem:too_many")
    assert (await desk.report("wang"))["state"] == "open"


async def test_a_picture_comes_back_made_anew_as_an_attachment_and_the_audit_says_who_read_it(
    desk: Desk,
) -> None:
    made = await desk.report()
    assert (await desk.put(made["report_id"], photo_with_a_place(), name="../房源.svg")).json() == {
        "number": 1
    }
    answer = await desk.call("support", "GET", f"/reports/{made['report_id']}/files/1")
    files = (await desk.case(made["report_id"]))["report"]["files"]

    assert b"SecretPhone" not in answer.content
    assert opened(answer.content).size == (30, 40)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%E6%88%BF%E6%BA%90.jpg"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [(each["number"], each["name"]) for each in files] == [(1, "房源.jpg")]
    read = await rows(desk.world.database, action="file_read")
    assert [(row.entry.actor, row.entry.account_id) for row in read] == [("key:desk", "li")]


async def test_a_file_has_a_number_once_and_there_are_five(desk: Desk) -> None:
    made = await desk.report()
    numbered = [await desk.put(made["report_id"], picture(size=(10 + at, 10)), at) for at in range(1, 6)]
    again = await desk.put(made["report_id"], picture(size=(11, 10)), 1)
    other = await desk.put(made["report_id"], PDF, 1)

    assert [answer.status_code for answer in numbered] == [200] * 5
    assert (again.status_code, other.status_code) == (200, 409)
    assert (await desk.put(made["report_id"], PDF, 6)).status_code == 400
    assert len((await desk.case(made["report_id"]))["report"]["files"]) == 5


async def test_what_is_no_picture_or_too_large_is_refused_and_says_the_rule(desk: Desk) -> None:
    made = await desk.report()
    kind = await desk.put(made["report_id"], SVG)
    large = await desk.put(made["report_id"], b"%PDF-" + bytes(10_000_001))

    assert (kind.status_code, kind.json()["why"]) == (422, "kind")
    assert large.status_code == 413
    assert (await desk.put("nobody", PDF)).status_code == 404


async def test_support_answers_and_closes_and_the_owner_is_told_of_both(desk: Desk) -> None:
    report_id = (await desk.report())["report_id"]
    early = await desk.act(report_id, "close", outcome="for_owner", message="You are right.")
    wrote = await desk.act(report_id, "messages", text="I ask the payee first.", version=1)
    twice = await desk.act(report_id, "messages", text="I ask the payee first.", version=1)
    await desk.act(report_id, "assign", assignee="mei")
    wrong = await desk.act(report_id, "close", outcome="arrived", message="It came.")
    verdict = await desk.act(report_id, "resolve", verdict="fraud")
    closed = await desk.act(
        report_id, "close", outcome="for_owner", message="You are right.", note="seen before"
    )

    assert [answer.status_code for answer in (early, twice, wrong, verdict)] == [409] * 4
    assert "for_owner, for_other_side, settled, referred" in wrong.json()["detail"]
    assert wrote.json()["first_answered_at"] == "2027-01-15T08:00:00Z"
    assert (closed.json()["state"], closed.json()["verdict"]) == ("resolved", "for_owner")
    assert await letters(desk.world.database) == ["case_closed", "case_message", "case_received"]


async def test_a_case_of_risk_is_written_about_and_closed_by_a_verdict_alone(desk: Desk) -> None:
    from services.cases.repository import keep
    from tests.services.cases.decided import no_challenges, open_case, recorded

    async with desk.world.database.begin() as connection:
        await keep(connection, [recorded("e1", effects=(open_case("e1"),))], no_challenges)
    await desk.report()
    listed = (await desk.call("support", "GET", "/cases?account_id=li&kind=risk")).json()["cases"]
    (risk,) = [case["case_id"] for case in listed]
    await desk.act(risk, "assign", assignee="mei")

    assert (await desk.act(risk, "messages", text="Was it you?")).status_code == 200
    assert (await desk.act(risk, "close", outcome="done", message="Done.")).status_code == 409
    assert (await desk.act(risk, "resolve", verdict="fraud")).status_code == 200
