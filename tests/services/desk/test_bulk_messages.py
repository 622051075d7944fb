"""One message to everybody whose payments failed at a channel: who, once each, by whom, and how it is taken back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, update

from services.audit import audit_log
from services.cases.approvals import NothingLeft
from services.cases.tables import notices
from services.desk.bulk_messages import ACT, MOST_ALONE, Bulk, ask, bulk_of, count_of, progress_of, undo
from services.platform.database import Database
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.reported import NOW, failing, happened, money
from tests.services.portal.reading import read

HOUR_S = 3600.0


async def failures(database: Database, count: int, **more: Any) -> None:
    """As many accounts whose payments failed minutes ago, twice each."""
    said = {"kind": "payment", "status": "failed", "reason": "91", **more}
    await happened(
        database,
        *(
            money(f"f{n}-{again}", f"acct-{n}", 300.0 + again, **said)
            for n in range(count)
            for again in (0, 1)
        ),
    )


async def wanted(database: Database, message_id: str, **more: Any) -> Bulk:
    case_id = more.pop("case_id", None) or await failing(database)
    said = {
        "account_id": "li",
        "template": "channel_failing",
        "channel": "unionpay-quick",
        "since": NOW - HOUR_S,
        "until": NOW,
        "owners": 0,
        "asked_by": "staff:wang.min",
        "asked_at": NOW,
    }
    return Bulk(message_id=message_id, case_id=case_id, **{**said, **more})


async def asked(database: Database, bulk: Bulk, now: float = NOW) -> Bulk:
    async with database.begin() as connection:
        return await ask(connection, bulk, "the bank is away", now)


async def told(database: Database, message_id: str) -> int:
    query = select(func.count()).where(notices.c.event_id == message_id)
    async with database.read() as connection:
        return int((await connection.execute(query)).scalar_one())


async def test_each_owner_whose_payment_failed_is_told_once_and_in_half_a_minute(database: Database) -> None:
    await failures(database, 3)
    await happened(
        database,
        money("in", "acct-in", status="failed"),
        money("late", "acct-late", 2 * HOUR_S, kind="payment", status="failed"),
        money("paid", "acct-paid", kind="payment", status="completed"),
        money("else", "acct-else", kind="payment", status="failed", channel="other"),
    )
    bulk = await wanted(database, "a" * 32)

    sent = await asked(database, bulk)
    again = await asked(database, bulk, NOW + 5.0)

    async with database.read() as connection:
        rows = (await connection.execute(select(notices).where(notices.c.event_id == bulk.message_id))).all()
        progress = await progress_of(connection, sent)
    assert {"acct-0", "acct-1", "acct-2", "li"} == {row.account_id for row in rows}
    assert ({NOW + 30.0}, {"channel_failing"}) == (
        {row.next_at for row in rows},
        {row.template for row in rows},
    )
    assert (4, again, {"waiting": 4}) == (sent.owners, sent, progress)
    [entry] = [row.entry for row in await audit_log.rows(database, "li", "owners_told")]
    assert ("sent", "staff:wang.min", True) == (entry.result, entry.actor, "4 owners" in (entry.reason or ""))


async def test_who_was_told_of_the_channel_lately_is_left_out_of_the_next_message(database: Database) -> None:
    await failures(database, 2)
    first = await asked(database, await wanted(database, "a" * 32))
    await failures(database, 3)
    second = await wanted(database, "b" * 32, case_id=first.case_id)
    over = await wanted(database, "c" * 32, case_id=first.case_id, template="channel_restored")

    async with database.read() as connection:
        counts = [await count_of(connection, each) for each in (second, over)]

    assert (3, [1, 4]) == (first.owners, counts)
    await asked(database, second)
    with pytest.raises(NothingLeft):
        await asked(database, await wanted(database, "d" * 32, case_id=first.case_id))


async def test_a_message_is_taken_back_until_it_leaves_and_not_after(database: Database) -> None:
    await failures(database, 2)
    first = await asked(database, await wanted(database, "a" * 32))

    async with database.begin() as connection:
        back = await undo(connection, first.message_id, "staff:wang.min", NOW + 29.0)
        twice = await undo(connection, first.message_id, "staff:wang.min", NOW + 29.0)
    assert (True, None, 0) == (back is not None, twice, await told(database, first.message_id))

    second = await asked(database, await wanted(database, "b" * 32, case_id=first.case_id), NOW + 60.0)
    async with database.begin() as connection:
        assert await undo(connection, second.message_id, "staff:wang.min", NOW + 91.0) is None
    assert await told(database, second.message_id) == 3


async def test_what_has_left_already_stays_told_when_the_rest_is_taken_back(database: Database) -> None:
    await failures(database, 2)
    sent = await asked(database, await wanted(database, "a" * 32))
    async with database.begin() as connection:
        this = notices.c.event_id == sent.message_id, notices.c.account_id == "li"
        await connection.execute(update(notices).where(*this).values(state="planned"))
        await undo(connection, sent.message_id, "staff:wang.min", NOW + 1.0)

    assert await told(database, sent.message_id) == 1


async def _case(desk_client: DeskClients, owners: int) -> str:
    await failures(desk_client.desk.database, owners)
    return f"/desk/cases/{await failing(desk_client.desk.database)}/bulk-message"


@pytest.mark.parametrize(("locale", "said"), [("en", "3 owners are told"), ("zh-CN", "通知 3 位用户")])
async def test_the_page_shows_the_number_and_both_letters_before_anything_is_sent(
    desk_client: DeskClients, locale: str, said: str
) -> None:
    agent, path = await desk_client("agent", locale=locale), await _case(desk_client, 2)
    page = await agent.page(path)

    for each in (
        said,
        "Payments by unionpay-quick fail at the moment",
        "经 unionpay-quick 的付款目前普遍失败",
    ):
        assert each in page.text, each
    assert (await agent.get(f"{path}?template=nothing")).status_code == 422
    assert (await agent.get(f"{path}?hours=5")).status_code == 422
    assert (await agent.send(page, path, why=" ")).status_code == 422
    assert (await agent.send(page, path, why="x", owners="2")).status_code == 409
    auditor = await desk_client("auditor", "zhao.qi")
    assert not [form for form in (await auditor.page(path)).forms if "bulk-message" in form.action]


async def test_a_few_owners_are_told_by_one_person_who_can_take_it_back_on_the_page(
    desk_client: DeskClients,
) -> None:
    agent, path = await desk_client("agent"), await _case(desk_client, 2)

    sent = await agent.send(await agent.page(path), path, why="the bank is away")
    state = sent.headers["location"]
    page = await agent.page(state)
    undone = await agent.send(page, f"{state}/undo")

    assert (303, 303) == (sent.status_code, undone.status_code)
    assert "Leaves shortly." in page.text
    assert "nobody is told" in (await agent.page(state)).text
    assert (await agent.post(f"{state}/undo")).status_code == 409
    assert "Sent from this case before" in (await agent.page(path)).text


async def _decided(browser: Browser, decision: str) -> int:
    page = await browser.page("/desk/approvals")
    action = next(form.action for form in page.forms if form.action.endswith(f"/{decision}"))
    return (await browser.send(page, action)).status_code


@pytest.mark.parametrize(("decision", "count"), [("approve", MOST_ALONE + 1), ("refuse", 0)])
async def test_many_owners_are_told_once_a_second_person_allows_it(
    desk_client: DeskClients, decision: str, count: int
) -> None:
    agent, senior = await desk_client("agent", "wang.min"), await desk_client("senior", "li.na")
    path = await _case(desk_client, MOST_ALONE)
    sent = await agent.send(await agent.page(path), path, why="the bank is away")
    state = sent.headers["location"]
    message_id = state.rpartition("/")[2]

    assert "Waits for a second person." in (await agent.page(state)).text
    assert await told(desk_client.desk.database, message_id) == 0
    page = read(await agent.get("/desk/approvals"))
    assert not [form for form in page.forms if form.action.endswith("/approve")]
    assert await _decided(senior, decision) == 303

    assert await told(desk_client.desk.database, message_id) == count
    async with desk_client.desk.database.read() as connection:
        bulk = await bulk_of(connection, message_id)
    assert bulk is not None
    assert (bulk.leaves_at is None, bulk.undone_at is None) == (decision == "refuse", decision == "approve")
    actions = {row.entry.action for row in await audit_log.rows(desk_client.desk.database, "li")}
    assert {f"{ACT}_asked", f"{ACT}_decided", "owners_told"} <= actions
