"""The page of a case: one screen, bounded queries, nothing changed by looking, and what is masked shown only when asked for."""

from __future__ import annotations

import asyncio
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, func, insert, select

from services.audit.tables import audit
from services.cases.tables import case_entries, cases, outbox
from services.desk.case_pages import read_case
from services.staff.members import made
from services.wallet.tables import wallet_actions
from tests.services.api.world import Clock
from tests.services.cases.databases import opened
from tests.services.desk import worked
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.test_decision_view import MARKUP

#: Queries of a whole answer: session, top bar, case and all that stands around it.
MOST_QUERIES = 33
_CASES: list[str] = []


@pytest.fixture(scope="module")
def migrated_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which somebody should look at a case, a few minutes old."""
    path = tmp_path_factory.mktemp("lived") / "lived.db"
    shutil.copy(migrated_file, path)

    async def live() -> str:
        database = opened(f"sqlite:///{path}")
        case_id = await worked.live(database, Clock().at)
        await database.close()
        return case_id

    with ThreadPoolExecutor(1) as beside:
        _CASES[:] = [beside.submit(asyncio.run, live()).result()]
    return path


@pytest.fixture
def case_id(migrated_file: Path) -> str:
    """That case's id."""
    return _CASES[0]


@pytest.fixture
async def agent(desk_client: DeskClients) -> Browser:
    return await desk_client("agent", "wang.min")


async def test_a_case_is_told_on_one_page(agent: Browser, case_id: str) -> None:
    text = (await agent.page(f"/desk/cases/{case_id}")).text

    for said in (
        "Owner says not me: CNY 18,000.00 to new payee chen-wei-4471 from Manila, held",
        "wallet confirmed in 0.8 s",
        "wallet has not confirmed for 4 min",
        "6 sign-ins failed, from 5 networks",
        "1,850 km in 40 min = 2,921 km/h",
        "CNY 18,000.00 = 152 times",
        "a•••@proton.example",
        "shared network",
    ):
        assert said in text, said
    assert "a77@proton" not in text
    assert "13812342207" not in text


async def test_looking_at_a_case_changes_nothing(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    async def state() -> list[object]:
        async with desk_client.desk.database.read() as connection:
            return [
                (await connection.execute(select(cases).order_by(cases.c.case_id))).all(),
                await connection.scalar(select(func.count()).select_from(audit)),
                await connection.scalar(select(func.count()).select_from(outbox)),
            ]

    before = await state()
    for method in ("GET", "HEAD"):
        await agent.client.request(method, f"/desk/cases/{case_id}?days=400")
    assert before == await state()


async def test_a_page_asks_a_bounded_number_of_queries(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    asked: list[str] = []
    engine = desk_client.desk.database.engine.sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    await agent.page(f"/desk/cases/{case_id}")
    event.remove(engine, "before_cursor_execute", note)

    assert 10 < len(asked) <= MOST_QUERIES


async def test_a_page_finds_a_case_as_its_acts_do(case_id: str, desk_client: DeskClients) -> None:
    desk, member = desk_client.desk, made("wang.min", "agent", time_zone="Asia/Shanghai")

    page = await read_case(desk, case_id, member, desk.clock())

    assert await desk.acts.situation(case_id, member.actor) == page.acts.situation


async def test_a_case_that_there_is_not_is_a_page_that_says_so(agent: Browser) -> None:
    assert 404 == (await agent.get("/desk/cases/none")).status_code


async def test_an_unconfirmed_stop_is_asked_for_again_under_its_own_id(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    database = desk_client.desk.database
    async with database.begin() as connection:
        await connection.execute(outbox.update().values(sent_at=1.0))
    path = f"/desk/cases/{case_id}/acts/ask_again"
    (link,) = [
        each for each in (await agent.page(f"/desk/cases/{case_id}")).links if each.startswith(f"{path}?v=")
        and "other=" in each
    ]  # fmt: skip

    answer = await agent.send(await agent.page(link), path)

    unsent = select(outbox.c.identity).where(outbox.c.sent_at.is_(None))
    async with database.read() as connection:
        waiting = list((await connection.execute(unsent)).scalars())
    assert (303, f"/desk/cases/{case_id}") == (answer.status_code, answer.headers["location"])
    assert [link.partition("other=")[2]] == waiting


async def test_what_the_wallet_confirmed_is_not_asked_for_again(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    async with desk_client.desk.database.read() as connection:
        frozen = await connection.scalar(
            select(outbox.c.identity).where(outbox.c.payload.contains('"kind":"freeze"'))
        )

    page = await agent.page(f"/desk/cases/{case_id}/acts/ask_again?other={frozen}")

    assert "The wallet has confirmed everything" in page.text


async def judged(agent: Browser, case_id: str) -> tuple[str, str]:
    """Judge the first event of the case as fraud: the act's id, and the event's."""
    page = await agent.page(f"/desk/cases/{case_id}")
    path = f"/desk/cases/{case_id}/acts/fraud"
    link = next(found["href"] for _, found in page.tags if found.get("data-key") == "v 1 f")
    form = await agent.page(link)
    answer = await agent.send(form, path)
    assert (link.startswith(path), answer.status_code) == (True, 303)
    return form.form(path).fields["act_id"], link.partition("event=")[2]


async def labels_of(desk_client: DeskClients, event_id: str) -> list[str]:
    async with desk_client.desk.database.read() as connection:
        payloads = (await connection.execute(select(outbox.c.payload))).scalars()
        found = [json.loads(each) for each in payloads]
    return [
        each["verdict"]
        for each in found
        if each.get("type") == "label" and each["about_event_id"] == event_id
    ]


async def test_one_event_is_judged_by_itself_and_its_case_stays(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    _, event_id = await judged(agent, case_id)
    early = await labels_of(desk_client, event_id)

    desk_client.desk.clock.at += 31.0  # type: ignore[attr-defined]
    await desk_client.desk.acts.carry_out()

    page = await agent.page(f"/desk/cases/{case_id}")
    assert (early, await labels_of(desk_client, event_id)) == ([], ["fraud"])
    assert "Closed:" not in page.text
    assert "One event labelled by you" in page.text


async def test_a_verdict_on_one_event_that_was_taken_back_labels_nothing(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    act_id, event_id = await judged(agent, case_id)

    await agent.post(f"/desk/acts/{act_id}/undo")
    desk_client.desk.clock.at += 31.0  # type: ignore[attr-defined]
    await desk_client.desk.acts.carry_out()

    assert await labels_of(desk_client, event_id) == []


async def test_no_two_things_on_a_case_share_a_key(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    async with desk_client.desk.database.begin() as connection:
        await connection.execute(wallet_actions.update().values(result=None, result_at=None))

    page = await agent.page(f"/desk/cases/{case_id}")

    keys = [found["data-key"] for _, found in page.tags if "data-key" in found]
    assert [key for key in keys if key.startswith("A")] == ["A 1", "A 2"]
    assert sorted(set(keys)) == sorted(keys)


async def test_a_masked_field_is_shown_for_a_minute_after_a_reason_was_given(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    case, asks = f"/desk/cases/{case_id}", f"/desk/cases/{case_id}/reveal/phone"
    assert "Recorded with your name. 0 in the last 24 h" in (await agent.page(asks)).text

    answer = await agent.send(await agent.page(asks), asks, why="call_back")

    assert (303, case) == (answer.status_code, answer.headers["location"])
    shown = await agent.get(case)
    assert "+8613812342207" in shown.text
    assert 1 <= int(shown.headers["refresh"]) <= 60
    colleague = await desk_client("agent", "li.na")
    assert "+8613812342207" not in (await colleague.page(case)).text


async def test_a_reveal_needs_a_reason_of_the_list_and_a_field_that_there_is(
    agent: Browser, case_id: str
) -> None:
    path = f"/desk/cases/{case_id}/reveal"

    assert 422 == (await agent.post(f"{path}/phone", why="curious")).status_code
    assert 404 == (await agent.post(f"{path}/password", why="call_back")).status_code


async def test_who_watches_sees_who_saw_what_and_others_see_their_own(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    asks = f"/desk/cases/{case_id}/reveal/mail"
    await agent.send(await agent.page(asks), asks, why="check_contact")
    auditor, colleague = await desk_client("auditor", "eve"), await desk_client("agent", "li.na")

    seen = [(await each.page("/desk/reveals")).text for each in (auditor, agent, colleague)]

    assert [True, True, False] == ["Check that a message can arrive" in each for each in seen]
    assert not any("a77@proton" in each or worked.ACCOUNT in each for each in seen)
    assert 403 == (await auditor.get(asks)).status_code


async def test_a_note_full_of_markup_prints_as_text(
    agent: Browser, case_id: str, desk_client: DeskClients
) -> None:
    async with desk_client.desk.database.begin() as connection:
        note = {
            "case_id": case_id,
            "kind": "note",
            "at": desk_client.desk.clock(),
            "actor": f"staff:{MARKUP}",
            "note": MARKUP,
        }
        await connection.execute(insert(case_entries), [note])

    answer = await agent.get(f"/desk/cases/{case_id}")

    assert "<img" not in answer.text
    assert "&lt;img src=x" in answer.text


async def test_a_case_without_anything_around_it_is_shown_too(
    agent: Browser, desk_client: DeskClients
) -> None:
    await worked.resolve_before(desk_client.desk.database, "nobody", desk_client.desk.clock() - 60)
    async with desk_client.desk.database.read() as connection:
        case_id = await connection.scalar(select(cases.c.case_id).where(cases.c.account_id == "nobody"))

    text = (await agent.page(f"/desk/cases/{case_id}")).text

    assert "No decision on an event is kept with this case." in text
    assert "Closed: fraud" in text


async def test_the_story_is_data_too(case_id: str, desk_client: DeskClients, agent: Browser) -> None:
    key, _ = await desk_client.world.app.state.keys.create("support", ["support"])

    answer = await agent.client.get(
        f"/v1/cases/{case_id}/story?locale=zh-CN", headers={"authorization": f"Bearer {key}"}
    )

    assert 200 == answer.status_code
    told = answer.json()
    assert "gap" in {each["kind"] for each in told["lines"]}
    assert "本人：不是我，来自消息中的链接" in [each["words"] for each in told["lines"]]
    assert ["t-held", "r-not-me"] == [each["event_id"] for each in told["lines"] if each["opened_it"]]
