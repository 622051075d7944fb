"""What an end needs is asked for by every way to close a case: the service, HTTP, and an act that waits."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from services.cases.acts.asked import ActOff, Asked
from services.cases.answer_routes import router
from services.cases.case_answers import Answer
from services.cases.case_service import CaseService
from services.cases.endings import NeedsMissing
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.cases.acts_world import MEI, ActsWorld
from tests.services.cases.test_case_service import NOW
from tests.services.cases.test_case_work import reported

SETTLED = Answer(outcome="settled", message="Paid as you both agreed.")


@pytest.fixture
def desk(database: Database) -> CaseService:
    return CaseService(database, lambda: NOW)


async def disputed(database: Database, desk: CaseService) -> str:
    case_id = (await reported(database, "dispute")).case_id
    await desk.assign(case_id, "mei", "staff:mei", None)
    return case_id


async def test_a_case_ends_so_only_once_its_field_is_filled_in(database: Database, desk: CaseService) -> None:
    case_id = await disputed(database, desk)

    with pytest.raises(NeedsMissing) as missing:
        await desk.answers.close(case_id, SETTLED, "key:desk", None)
    await desk.work.fill(case_id, {"offer_answer": "accepted"}, "key:desk", None)
    closed = await desk.answers.close(case_id, SETTLED, "key:desk", None)

    assert missing.value.field == "offer_answer"
    assert closed is not None
    assert closed.state == "resolved"


async def test_over_http_it_is_409_with_what_is_missing(database: Database, desk: CaseService) -> None:
    case_id = await disputed(database, desk)
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.state.cases, app.state.keys = desk, ApiKeys(database)
    key, _ = await app.state.keys.create("desk", ["support"])
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {key}"}

    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as client:
        body = {"outcome": SETTLED.outcome, "message": SETTLED.message}
        answer = await client.post(f"/v1/cases/{case_id}/close", json=body)
    await app.state.keys.close()

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:payguard:problem:needs"
    assert answer.json()["missing"] == ["offer_answer"]


async def test_an_act_says_it_before_and_again_when_it_is_carried_out(
    database: Database, desk: CaseService
) -> None:
    case_id, world = await disputed(database, desk), ActsWorld(database)
    asked = Asked(choice="settled", text=SETTLED.message)

    with pytest.raises(ActOff) as off:
        await world.acts.ask(case_id, "close", asked, MEI, None, "a" * 32)
    await desk.work.fill(case_id, {"offer_answer": "accepted"}, "key:desk", None)
    done = await world.acts.ask(case_id, "close", asked, MEI, (await world.case(case_id)).version, "b" * 32)
    await desk.work.fill(case_id, {"offer_answer": ""}, "key:desk", None)
    await world.later()

    assert off.value.off.code == "needs"
    assert done is not None
    assert (await world.kept(done)).outcome == "returned"
