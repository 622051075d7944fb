"""Acts on all accounts of an attack: asked by one, allowed by another, begun after half a minute, once for each account."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, func, select

from contracts.decisions import effect_id
from services.attacks.acts import counts_of
from services.attacks.asking import AskedAlready
from services.attacks.carrying import AttackActs
from services.attacks.tables import attack_log
from services.audit.tables import audit
from services.cases import holds
from services.cases.acts.situation import Ground
from services.cases.approvals import NothingLeft, SamePerson
from services.cases.hold_service import NotAllowed
from services.cases.hold_tables import account_holds, owner_words
from services.cases.tables import notices, outbox
from services.cases.unfreezing import Unfreezing
from services.platform.database import Database, insert_new
from tests.services.attacks.acting import LI, WANG, ZHOU, World
from tests.services.attacks.attacked import NOW, account, attacked, joined
from tests.services.cases.databases import database, database_url, migrated_file  # noqa: F401  found here by the tests


@pytest.fixture
async def world(database: Database) -> World:  # noqa: F811
    """An attack of twelve accounts, of which three gave way."""
    await attacked(database)
    return World(database)


async def test_nothing_is_done_before_another_person_allows_it_and_half_a_minute_has_passed(
    world: World,
) -> None:
    asked = await world.ask()
    await world.later(3600.0)
    before = await world.frozen()
    await world.allow(asked)
    await world.later(29.0)
    allowed = await world.frozen()
    await world.later(2.0)

    assert (3, set(), set()) == (asked.accounts, before, allowed)
    assert await world.frozen() == {account(0), account(1), account(2)}
    assert await world.state(asked) == "done"


async def test_whoever_asked_may_not_allow_it_and_neither_may_an_agent(world: World) -> None:
    asked = await world.ask()

    with pytest.raises(SamePerson):
        await world.allow(asked, ZHOU)
    with pytest.raises(NotAllowed):
        await world.allow(asked, WANG)
    assert await world.state(asked) == "waiting"


async def test_money_held_is_told_to_wallet_stream_and_owner_with_its_end(world: World) -> None:
    asked = await world.done()

    hold_id = effect_id(account(0), asked.event_of(account(0)), "freeze")
    sent = await world.all(select(outbox.c.kind).where(outbox.c.key == account(0)).order_by(outbox.c.kind))
    actions = await world.all(select(outbox.c.identity).where(outbox.c.kind == "action"))
    news = await world.all(select(notices.c.news).where(notices.c.account_id == account(0)))
    assert sent == ["action", "event"]
    assert hold_id in actions
    assert [f'"due_at":{NOW + 30.0 + 6 * 3600.0}' in each for each in news] == [True]


async def test_money_goes_again_by_itself_and_the_owner_is_told(world: World) -> None:
    asked = await world.done()
    await world.later(6 * 3600.0)

    told = await world.all(select(notices.c.template).where(notices.c.account_id == account(1)))
    assert (set(), "over") == (await world.frozen(), await world.state(asked))
    assert sorted(told) == ["account_unfrozen", "attack_held"]
    assert set((await world.members(asked)).values()) == {"over"}


async def test_money_can_be_let_go_early_by_either_of_the_two(world: World) -> None:
    asked = await world.done()
    back = await world.undo(asked, LI)
    await world.later(1.0)

    assert back is not None
    assert (set(), "undone") == (await world.frozen(), await world.state(asked))


async def test_what_somebody_else_spoke_against_meanwhile_stays_frozen(world: World) -> None:
    asked = await world.done()
    word = {
        "account_id": account(1),
        "event_id": "r",
        "about_event_id": "in",
        "verdict": "not_me",
        "told_at": world.now + 5.0,
        "told_by": "page",
    }
    async with world.database.begin() as connection:
        await connection.execute(insert_new(owner_words).values(word))
    await world.later(6 * 3600.0)

    assert await world.frozen() == {account(1)}
    assert (await world.members(asked))[account(1)] == "kept"


async def test_an_account_that_is_frozen_already_is_left_out_and_counted(world: World) -> None:
    async with world.database.begin() as connection:
        await holds.freeze(connection, account(2), "e", holds.OWNER, NOW, NOW)
    asked = await world.done()
    await world.later(6 * 3600.0)

    assert (await world.members(asked))[account(2)] == "skipped frozen"
    assert await world.frozen() == {account(2)}


async def test_it_is_taken_back_before_it_begins_and_nothing_of_it_is_done(world: World) -> None:
    asked = await world.ask()
    await world.allow(asked)
    world.now += 29.0
    back = await world.undo(asked, ZHOU)
    await world.later(60.0)

    assert back is not None
    assert (set(), "undone") == (await world.frozen(), await world.state(asked))
    assert await world.undo(asked, ZHOU) is None


async def test_what_waits_is_withdrawn_refused_or_lapses(world: World) -> None:
    withdrawn = await world.ask()
    await world.undo(withdrawn, ZHOU)
    refused = await world.ask()
    await world.allow(refused, LI, "refused")
    lapsed = await world.ask()
    await world.later(86_401.0)

    states = [await world.state(each) for each in (withdrawn, refused, lapsed)]
    assert states == ["undone", "refused", "lapsed"]
    assert await world.frozen() == set()


async def test_whoever_asks_for_the_same_sees_that_it_was_asked(world: World) -> None:
    first = await world.ask()
    with pytest.raises(AskedAlready) as known:
        await world.ask(by=LI)

    assert known.value.known.asked_by == "staff:zhou.lei"
    assert await world.ask(act_id=first.act_id) == first


async def test_accounts_that_join_later_are_what_the_act_would_be_for_next(world: World) -> None:
    await world.done()
    with pytest.raises(NothingLeft):
        await world.ask()
    await joined(world.database, ["late-1", "late-2"], world.now)
    async with world.database.read() as connection:
        counts = await counts_of(connection, "W-118")
    again = await world.done()

    assert (2, 5, 14) == (counts["hold_money"], counts["end_sessions"], counts["require_factor"])
    assert set(await world.members(again)) == {"late-1", "late-2"}
    assert len(await world.frozen()) == 5


async def test_sessions_end_and_owners_are_told_once_each(world: World) -> None:
    await world.done("end_sessions")
    await world.done("tell_owners")

    actions = await world.all(select(outbox.c.payload).where(outbox.c.kind == "action"))
    told = await world.all(select(notices.c.account_id).where(notices.c.template == "attack_told"))
    assert len(actions) == 3
    assert all('"kind":"revoke_sessions"' in each for each in actions)
    assert sorted(told) == [account(0), account(1), account(2)]


async def test_a_code_is_asked_of_those_who_have_a_factor_and_are_not_being_asked(database: Database) -> None:  # noqa: F811
    await attacked(database)
    issued: list[str] = []

    async def has_factor(_connection: Any, account_id: str) -> bool:
        return account_id != account(4)

    async def is_open(_connection: Any, account_id: str, _now: float) -> bool:
        return account_id == account(5)

    async def issue(_connection: Any, account_id: str, _event: str, check_id: str, _now: float) -> None:
        issued.append(f"{account_id} {check_id}")

    world = World(database)
    ground = Ground(unfreezing=Unfreezing(), has_factor=has_factor, issue_check=issue, check_open=is_open)
    world.acts = AttackActs(database, lambda: world.now, ground)
    asked = await world.done("require_factor")

    members = await world.members(asked)
    assert (12, 10, 10) == (asked.accounts, len(issued), len(set(issued)))
    assert ["skipped no_factor", "skipped check_open"] == [members[account(4)], members[account(5)]]


async def test_every_deed_stands_in_the_log_and_in_the_audit(world: World) -> None:
    await world.done()

    log = await world.all(select(attack_log.c.what).order_by(attack_log.c.sequence))
    acted = await world.all(select(audit.c.action).where(audit.c.action == "attack_hold_money"))
    assert log == ["recognised", "told", "act_asked", "act_allowed", "act_done"]
    # Asked, allowed, done, and each of the three accounts.
    assert len(acted) == 6


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("after", range(2, 60, 3))
async def test_a_kill_at_any_statement_loses_and_doubles_nothing(world: World, after: int) -> None:
    asked = await world.ask()
    await world.allow(asked)
    world.now += 31.0
    left = [after]

    def count(*_said: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    engine = world.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        while await world.acts.carry_out():
            pass
    except Killed:
        pass
    finally:
        event.remove(engine, "before_cursor_execute", count)
    await world.later(1.0)

    held = await world.all(select(account_holds.c.account_id))
    actions = await world.all(select(func.count()).where(outbox.c.kind == "action"))
    letters = await world.all(select(func.count()).where(notices.c.template == "attack_held"))
    assert sorted(held) == [account(0), account(1), account(2)]
    assert ([3], [3]) == (actions, letters)
    assert await world.state(asked) == "done"
