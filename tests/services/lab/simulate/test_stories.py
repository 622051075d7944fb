"""Each story is decided as it says, whoever it happens to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from contracts.decisions import Decision
from services.bootstrap.pipelines import offline_core
from services.lab.people.behaviour import World, ordinary_day
from services.lab.people.events import Expected, Played
from services.lab.people.personas import Person, as_of
from services.lab.simulate.stories import STORIES, cast, tell
from services.platform.settings import Settings
from services.replay.lines import EventLine
from services.replay.replay import Line, replay

MONDAY_S = 1_767_571_200
HISTORY_DAYS = 14
DAY_S = 86_400


async def decided(played: Sequence[Played]) -> dict[str, Decision]:
    kept: dict[str, Decision] = {}

    def keep(_lines: Sequence[Line], decisions: Sequence[Decision], _encoded: Sequence[bytes]) -> None:
        kept.update((decision.event_id, decision) for decision in decisions)

    lines = (EventLine(number, each.wire(), each.event) for number, each in enumerate(played))
    await replay(iter(lines), offline_core(Settings()), keep)
    return kept


def with_history(people: Sequence[Person], seed: int, story: Sequence[Played]) -> Iterator[Played]:
    world = World(seed, MONDAY_S)
    past = [
        played for who in people for day in range(HISTORY_DAYS) for played in ordinary_day(world, who, day)
    ]
    yield from sorted(past, key=lambda played: played.event.at)
    yield from story


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", list(STORIES))
async def test_a_story_is_decided_as_it_says(name: str, seed: int) -> None:
    story = STORIES[name]
    people = [cast(seed, 100 + number) for number in range(story.people)]
    found = [as_of(who, HISTORY_DAYS) for who in people]
    events = tell(story, found, MONDAY_S + (HISTORY_DAYS + 2) * DAY_S, seed, "story")
    decisions = await decided(list(with_history(people, seed, events)))

    judged = [(played.expected, decisions[played.event.event_id]) for played in events if played.expected]

    assert judged
    for expected, decision in judged:
        assert expected.met_by(decision), f"{expected.words()}, got {decision.action}: {decision.findings}"


def test_an_expectation_bounds_the_action_from_both_sides() -> None:
    decision = Decision(
        event_id="e",
        account_id="a",
        type="login",
        at=0.0,
        risk=0.5,
        score=50,
        action="challenge",
        policy_version="1",
    )

    assert Expected("challenge").met_by(decision)
    assert not Expected("hold").met_by(decision)
    assert not Expected(at_most="notify").met_by(decision)
    assert not Expected(any_of=("new_device",)).met_by(decision)
