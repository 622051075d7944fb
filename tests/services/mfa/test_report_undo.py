"""A "not me" is taken back with a code, in time, once; nothing else takes it back."""

from __future__ import annotations

import pytest

from contracts.events import UserReport
from services.audit import audit_log
from services.cases import holds
from services.cases.owner_words import Following, OwnerWords, Undone
from services.mfa.factor_facts import factor_proved, has_factor
from services.mfa.factor_records import Refused
from services.mfa.report_undo import NoReport, UndoOver
from tests.services.mfa.world import OWNER, World

FOLLOWING = Following(frozenset({"freeze", "revoke_sessions"}), frozenset({"release_payment"}))


async def told(world: World, event_id: str = "r1", verdict: str = "not_me") -> None:
    report = UserReport(
        event_id=event_id,
        account_id="li",
        occurred_at=int(world.clock.at * 1000),
        about_event_id="e1",
        verdict=verdict,  # type: ignore[arg-type]
    )
    await OwnerWords(world.database, world.clock, FOLLOWING).believe(report, "key:wallet")


async def frozen(world: World) -> bool:
    async with world.database.read() as connection:
        return await holds.standing(connection, "li") is not None


async def test_a_right_code_in_time_takes_the_report_back(world: World) -> None:
    secret = await world.enrolled()
    await told(world)
    world.clock.at += 899.0
    done = await world.report_undo.undo("li", "r1", world.code(secret), OWNER)

    assert done == Undone(True, False, False)
    assert not await frozen(world)
    actions = [row.entry.action for row in await audit_log.rows(world.database, "li")]
    assert sorted(actions[:2]) == ["report_undo", "report_undo"]
    assert (await audit_log.verify(world.database)).broken == []


async def test_a_wrong_code_takes_nothing_back_and_counts(world: World) -> None:
    secret = await world.enrolled()
    await told(world)
    before = (await world.factor())["failures_total"]
    refused = await world.report_undo.undo("li", "r1", world.wrong(secret), OWNER)

    assert isinstance(refused, Refused)
    assert await frozen(world)
    assert (await world.factor())["failures_total"] == before + 1


async def test_an_account_without_a_factor_takes_nothing_back(world: World) -> None:
    await told(world)

    assert isinstance(await world.report_undo.undo("li", "r1", "123456", OWNER), Refused)
    assert await frozen(world)


async def test_after_its_time_no_code_takes_a_report_back_and_none_is_burnt(world: World) -> None:
    secret = await world.enrolled()
    await told(world)
    world.clock.at += 900.0
    with pytest.raises(UndoOver):
        await world.report_undo.undo("li", "r1", world.code(secret), OWNER)

    assert await frozen(world)
    assert await world.verified(world.code(secret))


async def test_a_report_is_taken_back_once(world: World) -> None:
    secret = await world.enrolled()
    await told(world)
    await world.report_undo.undo("li", "r1", world.code(secret), OWNER)
    world.clock.at += 60.0
    with pytest.raises(UndoOver):
        await world.report_undo.undo("li", "r1", world.code(secret), OWNER)


@pytest.mark.parametrize(("event_id", "verdict"), [("r2", "not_me"), ("r1", "was_me")])
async def test_only_a_not_me_of_the_account_is_taken_back(world: World, event_id: str, verdict: str) -> None:
    secret = await world.enrolled()
    await told(world, "r1", verdict)
    with pytest.raises(NoReport):
        await world.report_undo.undo("li", event_id, world.code(secret), OWNER)


async def proved(world: World, since: float) -> float | None:
    async with world.database.read() as connection:
        return await factor_proved(connection, "li", since)


async def test_a_factor_is_proved_by_its_enrolment_and_by_every_code(world: World) -> None:
    secret = await world.enrolled()
    since = world.clock.at
    before = await proved(world, since)
    assert await world.verified(world.code(secret))

    assert (before, await proved(world, since)) == (None, since)
    enrolled_at = await proved(world, 0.0)
    assert enrolled_at is not None
    assert enrolled_at < since


async def test_refused_codes_prove_nothing_nor_does_a_factor_that_is_gone(world: World) -> None:
    secret = await world.enrolled()
    since = world.clock.at
    assert not await world.verified(world.wrong(secret))
    refused = await proved(world, since)
    assert await world.verified(world.code(secret))
    world.clock.at += 60.0
    await world.lifecycle.remove("li", world.code(secret), OWNER)

    assert (refused, await proved(world, since)) == (None, None)
    async with world.database.read() as connection:
        assert not await has_factor(connection, "li")
