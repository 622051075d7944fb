"""Whatever has happened to a case: an act that is offered can be done, and one that is off cannot, now or half a minute later."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from services.cases.acts.asked import ActOff, Asked
from services.cases.acts.registry import ACTS
from services.cases.acts.service import REFUSALS, DeskActs
from services.cases.acts.situation import Ground, Situation
from services.cases.tables import case_entries, outbox
from services.platform.database import Database
from tests.services.cases.acts_world import BO, CASE, MEI, ActsWorld
from tests.services.cases.databases import (
    migrated_file,  # noqa: F401  found here by the tests
    opened,
)

#: What may have happened before somebody looks at the case; those that cannot happen then change nothing.
STEPS = (
    "more",
    "deny",
    "fraud",
    "legitimate",
    "unclear",
    "freeze",
    "escalate",
    "cancel",
    "ask_unfreeze",
    "reopen",
)
BEGINNINGS = ("trouble", "held", "frozen")
NAMES = [name for name, act in ACTS.items() if act.deed is not None]


def asked_for(name: str, situation: Situation) -> Asked:
    """A form of the act that is filled in right."""
    return Asked(
        why="because",
        text="words",
        choice="owner",
        until=situation.now + 3600.0,
        other="another" if name == "merge" else "",
        colleague="bo",
        file="0" * 64,
    )


async def lived(database: Database, beginning: str, steps: Sequence[str]) -> ActsWorld:
    world = ActsWorld(database)
    await getattr(world, beginning)()
    for number, step in enumerate(steps):
        world.now += 40.0
        await happen(world, step, f"e{number + 2}")
    return world


async def happen(world: ActsWorld, step: str, event_id: str) -> None:
    if step == "more":
        if (await world.case()).state != "resolved":
            await world.trouble(event_id=event_id)
    elif step == "deny":
        await world.deny()
    else:
        await done_or_refused(world, step)


async def done_or_refused(world: ActsWorld, name: str) -> bool:
    """Whether the act was done, at once."""
    situation = await world.acts.situation(CASE, MEI.actor)
    assert situation is not None
    asked, act_id = asked_for(name, situation), secrets.token_hex(16)
    try:
        await world.acts.ask(CASE, name, asked, MEI, situation.case.version, act_id, now=True)
    except REFUSALS:
        return False
    return True


async def marks(world: ActsWorld) -> tuple[int, int, int]:
    """The case's version, its lines of history, and what is told to others."""
    async with world.database.read() as connection:
        lines = await connection.scalar(select(func.count()).select_from(case_entries))
        told = await connection.scalar(select(func.count()).select_from(outbox))
    return (await world.case()).version, int(lines or 0), int(told or 0)


async def check_now(database: Database, beginning: str, steps: Sequence[str], name: str) -> None:
    world = await lived(database, beginning, steps)
    situation = await world.acts.situation(CASE, BO.actor)
    assert situation is not None
    off = ACTS[name].off(situation, Asked())
    before = await marks(world)
    version, act_id = situation.case.version, secrets.token_hex(16)
    refused = None
    try:
        await world.acts.ask(CASE, name, asked_for(name, situation), BO, version, act_id, now=True)
    except ActOff as error:
        refused = error.off
    assert refused == off, f"{name} was offered as {off}, and was {refused}"
    after = await marks(world)
    assert (after == before) if refused is not None else (after[0] > before[0])


async def check_later(
    database: Database, beginning: str, steps: Sequence[str], name: str, after: Sequence[str]
) -> None:
    world = await lived(database, beginning, steps)
    situation = await world.acts.situation(CASE, BO.actor)
    assert situation is not None
    asked, act_id = asked_for(name, situation), secrets.token_hex(16)
    try:
        await world.acts.ask(CASE, name, asked, BO, situation.case.version, act_id)
    except ActOff:
        return
    for number, step in enumerate(after):
        await happen(world, step, f"f{number}")
    now = await world.acts.situation(CASE, BO.actor)
    assert now is not None
    alone = DeskActs(database, lambda: world.now, Ground(unfreezing=world.acts.ground.unfreezing))
    before = await marks(world)
    world.now += 31.0
    await alone.carry_out()
    kept = await world.acts.act(act_id)
    assert kept is not None
    assert kept.outcome in ("done", "returned")
    if kept.outcome == "returned":
        assert await marks(world) == before
        assert kept.why is not None
    elif ACTS[name].when == "staged":
        assert await marks(world) != before


def run(file: Path, check: object, *arguments: object) -> None:
    async def on_a_copy() -> None:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(file, f"{folder}/acts.db")
            database = opened(f"sqlite:///{folder}/acts.db")
            try:
                await check(database, *arguments)  # type: ignore[operator]
            finally:
                await database.close()

    asyncio.run(on_a_copy())


#: Each example has a database of its own: what fails is short enough as it is drawn.
FEW = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@FEW
@given(
    beginning=st.sampled_from(BEGINNINGS),
    steps=st.lists(st.sampled_from(STEPS), max_size=3),
    name=st.sampled_from(NAMES),
)
def test_an_act_that_is_offered_can_be_done_and_one_that_is_off_cannot(
    migrated_file: Path,  # noqa: F811
    beginning: str,
    steps: list[str],
    name: str,
) -> None:
    run(migrated_file, check_now, beginning, steps, name)


@FEW
@given(
    beginning=st.sampled_from(BEGINNINGS),
    steps=st.lists(st.sampled_from(STEPS), max_size=2),
    name=st.sampled_from(NAMES),
    after=st.lists(st.sampled_from(STEPS), max_size=2),
)
def test_what_waits_is_done_whole_or_goes_back_and_changes_nothing(
    migrated_file: Path,  # noqa: F811
    beginning: str,
    steps: list[str],
    name: str,
    after: list[str],
) -> None:
    run(migrated_file, check_later, beginning, steps, name, after)
