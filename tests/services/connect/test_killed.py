"""Whoever tells a help desk fails or is killed at any request: each entry is there once, and in order."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import httpcore
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.connect.texts import mark_of
from services.wallet.outside import outside
from tests.services.cases.databases import opened
from tests.services.connect.stand_ins import FATES, ChatwootStandIn, StandIn, ZammadStandIn, serving
from tests.services.connect.told import World

_KINDS = st.sampled_from(["assigned", "note", "resolved", "reopened"])


@pytest.mark.parametrize("kind", ["zammad", "chatwoot"])
def test_each_entry_is_there_once_and_in_order_whoever_fails_or_is_killed(
    kind: str, migrated_file: Path, tmp_path: Path
) -> None:
    desk: StandIn = ZammadStandIn() if kind == "zammad" else ChatwootStandIn()
    shutil.copy(migrated_file, tmp_path / "told.db")
    with asyncio.Runner() as runner:
        database = opened(f"sqlite:///{tmp_path / 'told.db'}")
        world, serve, way_out = World(database, desk), serving(desk), outside(allow_private=True)
        runner.run(serve.__aenter__())
        pool = runner.run(way_out.__aenter__())
        runner.run(world.connect(kind))  # type: ignore[arg-type]

        @given(kinds=st.lists(_KINDS, max_size=4), fates=st.lists(st.sampled_from(FATES), max_size=8))
        @settings(
            max_examples=10,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        def told(kinds: list[str], fates: list[str]) -> None:
            runner.run(_told(world, pool, kinds, fates))

        try:
            told()
        finally:
            runner.run(way_out.__aexit__(None, None, None))
            runner.run(serve.__aexit__(None, None, None))
            runner.run(database.close())


async def _told(world: World, pool: httpcore.AsyncConnectionPool, kinds: list[str], fates: list[str]) -> None:
    case_id, ended = await world.case(), False
    world.desk.fates = [*fates]
    await world.carry_by(pool)
    for kind in kinds:
        if ended != (kind == "reopened"):
            continue
        ended = kind == "resolved"
        await world.note(case_id, kind, "words")
        await world.carry_by(pool)
    for _ in range(len(world.desk.fates) + 2):
        await world.carry_by(pool)
    there = said(world.desk, mark_of(case_id, 0))
    # What happened before the ticket was there stands in its own text.
    behind = [mark_of(case_id, each) for each in await world.sequences(case_id)]
    if there:
        assert there == [mark_of(case_id, 0), *behind[len(behind) - len(there) + 1 :]]
    assert there or (ended and not world.desk.fates)


def said(desk: StandIn, first: str) -> list[str]:
    """The marks in the one ticket that begins with that one, in order."""
    if isinstance(desk, ZammadStandIn):
        there = [(each["ticket_id"], each["subject"]) for each in desk.articles]
    else:
        assert isinstance(desk, ChatwootStandIn)
        there = [(each["conversation_id"], each["content"].rpartition("\n")[2]) for each in desk.messages]
    mine = {ticket for ticket, mark in there if mark == first}
    return [mark for ticket, mark in there if ticket in mine]
