"""Acts of support: waiting, taken back, carried out once, given back; and what nobody can do by any way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import json
from sqlalchemy import func, select

from services.cases.acts.asked import ActOff, Malasked
from services.cases.acts.rows import mentions_of
from services.cases.acts.tables import desk_acts
from services.cases.approvals import open_approvals
from services.cases.case_rows import Conflict, entries_of
from services.cases.denials import Denied
from services.cases.held_payments import payment_of
from services.cases.holds import standing
from services.cases.references import reference
from services.cases.tables import notices, outbox
from services.platform.database import Database
from tests.services.cases.acts_world import BO, CASE, MEI, ActsWorld


@pytest.fixture
def world(database: Database) -> ActsWorld:
    return ActsWorld(database)


async def sent(world: ActsWorld) -> list[dict[str, Any]]:
    async with world.database.read() as connection:
        rows = await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))
        return [json.decode(payload) for payload in rows.scalars()]


async def kinds_sent(world: ActsWorld) -> list[str]:
    return [str(each.get("kind") or each.get("type")) for each in await sent(world)]


async def history(world: ActsWorld) -> list[str]:
    async with world.database.read() as connection:
        return [entry.kind for entry in await entries_of(connection, CASE)]


async def state_of_payment(world: ActsWorld) -> str:
    async with world.database.read() as connection:
        payment = await payment_of(connection, "li", "e1")
    assert payment is not None
    return payment.state


async def test_a_verdict_waits_half_a_minute_and_then_does_all_that_it_said(world: ActsWorld) -> None:
    await world.held()

    done = await world.ask("fraud")
    await world.later(29.0)
    early = await kinds_sent(world), (await world.case()).state
    await world.later(2.0)

    assert early == ([], "open")
    case = await world.case()
    assert (case.state, case.verdict, case.assignee) == ("resolved", "fraud", "mei")
    assert sorted(await kinds_sent(world)) == ["cancel_payment", "label", "settlement"]
    assert await state_of_payment(world) == "cancelled"
    assert (await world.kept(done)).outcome == "done"


async def test_what_was_taken_back_never_happens(world: ActsWorld) -> None:
    await world.held()
    done = await world.ask("fraud")

    taken = await world.acts.undo(done.kept.act_id, MEI.actor)
    await world.later()

    assert taken
    assert (await world.case()).version == 1
    assert await sent(world) == []


async def test_nobody_else_takes_an_act_back_and_nobody_what_has_left(world: ActsWorld) -> None:
    await world.held()
    done = await world.ask("cancel")

    others = await world.acts.undo(done.kept.act_id, BO.actor)
    await world.later()
    late = await world.acts.undo(done.kept.act_id, MEI.actor)

    assert (others, late) == (False, False)
    assert await state_of_payment(world) == "cancelled"


async def test_the_same_act_asked_for_twice_is_one_act(world: ActsWorld) -> None:
    await world.trouble()

    first = await world.ask("note", act_id="a" * 32, text="rang her")
    again = await world.ask("note", act_id="a" * 32, text="rang her")
    await world.later()
    await world.later()

    assert (first.again, again.again) == (False, True)
    assert (await history(world)).count("internal_note") == 1


async def test_two_who_carry_out_at_once_do_it_once(world: ActsWorld) -> None:
    await world.held()
    await world.ask("cancel")
    world.now += 31.0

    await asyncio.gather(*(world.carrier.carry_out() for _ in range(4)))

    assert (await kinds_sent(world)).count("cancel_payment") == 1
    assert (await history(world)).count("payment") == 1


async def test_an_act_whose_case_changed_meanwhile_goes_back_to_its_agent(world: ActsWorld) -> None:
    await world.held()
    done = await world.ask("legitimate")
    await world.trouble(event_id="e2")

    await world.later()

    kept = await world.kept(done)
    assert kept.outcome == "returned"
    assert kept.why is not None
    assert kept.why.code == "changed"
    assert [each.act_id for each in await world.acts.returned(MEI.actor)] == [kept.act_id]
    assert (await world.case()).state == "open"
    assert [entry.event_id for entry in await world.acts.changes(CASE, kept.case_version)] == ["e2"]


async def test_a_note_and_then_a_verdict_of_the_same_agent_do_not_stand_in_each_others_way(
    world: ActsWorld,
) -> None:
    await world.trouble()
    await world.ask("note", text="@bo please look")
    done = await world.ask("legitimate")

    await world.later()

    assert (await world.kept(done)).outcome == "done"
    async with world.database.read() as connection:
        assert [each.case_id for each in await mentions_of(connection, "bo")] == [CASE]


async def test_an_act_on_an_old_version_is_refused_and_the_change_named(world: ActsWorld) -> None:
    await world.trouble()
    await world.trouble(event_id="e2")

    with pytest.raises(Conflict):
        await world.ask("escalate", version=1, why="over my head")


async def test_a_freeze_is_at_once_and_its_taking_back_tells_nobody_but_the_wallet(world: ActsWorld) -> None:
    await world.trouble()
    done = await world.ask("freeze")
    first = await kinds_sent(world)

    world.now += 20.0
    taken = await world.acts.undo(done.kept.act_id, MEI.actor)

    assert first == ["freeze", "owner_act"]
    assert taken
    assert (await kinds_sent(world))[2:] == ["unfreeze", "settlement"]
    async with world.database.read() as connection:
        assert await standing(connection, "li") is None
        assert await connection.scalar(select(func.count()).select_from(notices)) == 0


async def test_a_freeze_is_not_taken_back_after_half_a_minute(world: ActsWorld) -> None:
    await world.trouble()
    done = await world.ask("freeze")
    world.now += 31.0

    assert not await world.acts.undo(done.kept.act_id, MEI.actor)


async def test_a_payment_that_its_owner_denies_goes_by_no_way_before_a_verdict(world: ActsWorld) -> None:
    await world.held()
    await world.deny()

    with pytest.raises(ActOff) as off:
        await world.ask("let_go")
    with pytest.raises(Denied):
        await world.holds.settle("li", "e1", "released", "key:wallet", "she rang")

    assert off.value.off.code == "denied"
    assert await state_of_payment(world) == "held"


async def test_after_a_verdict_a_denied_payment_takes_a_second_person(world: ActsWorld) -> None:
    await world.held()
    await world.deny()
    await world.ask("legitimate")
    await world.later()
    stays = await state_of_payment(world)
    await world.ask("let_go", why="she remembered")
    await world.later()
    waits = await state_of_payment(world)

    with pytest.raises(ActOff):
        await world.ask("approve", by=MEI)
    await world.ask("approve", by=BO)

    assert (stays, waits, await state_of_payment(world)) == ("held", "held", "released")


async def test_a_freeze_is_asked_to_end_by_one_and_ended_by_another(world: ActsWorld) -> None:
    await world.frozen()
    await world.ask("ask_unfreeze", why="she rang from the known number")
    await world.later()
    async with world.database.read() as connection:
        asked = await open_approvals(connection, world.now)

    await world.ask("approve", by=BO, other=asked[0].approval_id)

    assert [each.asked_by for each in asked] == [MEI.actor]
    async with world.database.read() as connection:
        assert await standing(connection, "li") is None


async def test_a_letter_goes_with_the_reference_that_the_agent_saw(world: ActsWorld) -> None:
    from services.cases.acts.case_deeds import letter_of

    await world.trouble()
    done = await world.ask("message", text="您好，付款已拦下。")
    await world.later()

    async with world.database.read() as connection:
        ids = list((await connection.execute(select(notices.c.notice_id))).scalars())
    assert [reference(each) for each in ids] == [reference(letter_of(done.kept.act_id))]


async def test_a_case_is_laid_aside_for_180_days_at_most(world: ActsWorld) -> None:
    await world.trouble()
    done = await world.ask("snooze", until=world.now + 181 * 86_400, why="on leave")

    await world.later()

    assert (await world.kept(done)).outcome == "returned"


async def test_an_act_without_what_it_needs_is_refused(world: ActsWorld) -> None:
    await world.trouble()

    with pytest.raises(Malasked):
        await world.ask("escalate", why=" ")


async def test_every_act_is_in_the_table_once(world: ActsWorld) -> None:
    await world.trouble()
    await world.ask("end_sessions")
    await world.ask("note", text="looked")
    await world.later()

    async with world.database.read() as connection:
        rows = await connection.execute(
            select(desk_acts.c.kind, desk_acts.c.outcome).order_by(desk_acts.c.at)
        )
        assert sorted(map(tuple, rows)) == [("end_sessions", "done"), ("note", "done")]
