"""What honest people do while a demonstration runs, people could do: nobody outflies an airliner or logs in each minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

import pytest

from contracts.events import Activity, AnyEvent
from detectors.measures.places import great_circle_km
from services.lab.demo.demo import PAST_DAYS
from services.lab.demo.everyday import Everyday
from services.lab.demo.pace import HURRIED, LEISURELY, Pace, steps
from services.lab.demo.player import past_of
from services.lab.people.behaviour import DAY_S, World
from services.lab.people.events import Played
from services.lab.people.personas import Person, as_of, person
from services.lab.people.whereabouts import Whereabouts
from services.lab.simulate.stories import LIVE, STORIES, Story, cast, tell

PEOPLE = 300
#: What 800 people do at three events a second.
SESSIONS_A_SECOND = 0.55
LIVE_S = 1800
FASTEST_KMH = 1000.0
#: Just after midnight (UTC), the past is a moment ago; in the evening it is long ago.
HOURS = (0.2, 20.0)


def world_at(hour: float) -> tuple[World, float]:
    midnight = 1_764_460_800
    now = midnight + hour * 3600
    return World(7, midnight - PAST_DAYS * DAY_S, "t", afternoon_h=hour), now


@cache
def lived(hour: float) -> tuple[list[Played], list[Played]]:
    """The past and half an hour of live play of the same people."""
    world, now = world_at(hour)
    people = [person(7, number) for number in range(PEOPLE)]
    whereabouts = Whereabouts()
    past = list(past_of(world, people, [], PAST_DAYS, now))
    for played in past:
        whereabouts.note(played)
    everyday = Everyday(world, people, whereabouts)
    live: list[Played] = []
    for second in range(int(LIVE_S * SESSIONS_A_SECOND)):
        at = now + second / SESSIONS_A_SECOND
        if second % 16 == 0 and second < 160:
            live += everyday.new_phone(people[second // 16], at)
        live += everyday.session(at)
    return past, live


def played_now(story: Story, people: Sequence[Person], now: float, pace: Pace) -> list[Played]:
    """The story as the player plays it, with nobody slow to answer."""
    played, at = [], now
    for step in steps(tell(story, people, now, 7, "s"), pace):
        at += step.after_s or 0.0
        played.append(step.at(at))
    return played


def fastest(played: Iterable[Played], after_s: float) -> float:
    """The highest speed in km/h that two events in a row of one account imply, the later one after `after_s`."""
    by_account: dict[str, list[Activity]] = defaultdict(list)
    for each in played:
        if isinstance(each.event, Activity) and each.event.place is not None:
            by_account[each.event.account_id].append(each.event)
    highest = 0.0
    for events in by_account.values():
        events.sort(key=lambda event: event.at)
        for before, event in pairwise(events):
            if event.at >= after_s:
                highest = max(highest, speed_kmh(before, event))
    return highest


def speed_kmh(before: Activity, event: Activity) -> float:
    one, other = before.place, event.place
    assert one is not None
    assert other is not None
    ends = (one.latitude, one.longitude, other.latitude, other.longitude)
    km = great_circle_km(*(degrees for degrees in ends if degrees is not None))
    return km / max((event.at - before.at) / 3600, 1e-6)


def logins(played: Iterable[Played]) -> dict[str, list[AnyEvent]]:
    found: dict[str, list[AnyEvent]] = defaultdict(list)
    for each in played:
        if each.event.__struct_config__.tag == "login":
            found[each.event.account_id].append(each.event)
    return found


@pytest.mark.parametrize("hour", HOURS)
def test_no_honest_live_event_implies_more_than_an_airliner(hour: float) -> None:
    past, live = lived(hour)
    _, now = world_at(hour)

    assert len(live) > 1000
    assert fastest([*past, *live], now) < FASTEST_KMH


@pytest.mark.parametrize("pace", [HURRIED, LEISURELY])
@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("name", list(LIVE))
def test_no_honest_step_of_a_story_implies_more_than_an_airliner(name: str, hour: float, pace: Pace) -> None:
    story = STORIES[name]
    world, now = world_at(hour)
    people = [cast(7, PEOPLE + number) for number in range(story.people)]
    past = list(past_of(world, [], people, PAST_DAYS, now))
    told = played_now(story, [as_of(who, PAST_DAYS) for who in people], now, pace)

    assert fastest([*past, *(played for played in told if not played.fraud)], now - DAY_S) < FASTEST_KMH


@pytest.mark.parametrize("hour", HOURS)
def test_people_come_back_no_sooner_than_people_do_and_pay_after_they_have_logged_in(hour: float) -> None:
    _, live = lived(hour)
    bought = {person(7, number).account_id for number in range(10)}
    gaps = [
        later.at - sooner.at
        for account, events in logins(live).items()
        if account not in bought
        for sooner, later in pairwise(events)
        if sooner.outcome == "success"  # type: ignore[union-attr]
    ]
    opened: dict[str, float] = {}
    for played in sorted(live, key=lambda each: each.event.at):
        event = played.event
        if event.__struct_config__.tag == "login" and event.outcome == "success":  # type: ignore[union-attr]
            opened[event.account_id] = event.at
        elif event.__struct_config__.tag == "transaction":
            assert 5 <= event.at - opened[event.account_id] <= 180

    assert min(gaps) > 240


def test_who_has_bought_a_phone_keeps_it() -> None:
    world, now = world_at(20.0)
    who = person(7, 1)
    everyday = Everyday(world, [who], Whereabouts())
    everyday.new_phone(who, now)
    later = everyday.session(now + 600)

    assert {played.event.device_id for played in later} == {who.next_phone.device_id}  # type: ignore[union-attr]


def test_an_attacker_far_away_does_not_move_the_owner() -> None:
    _, now = world_at(20.0)
    story = STORIES["impossible_travel"]
    people = [as_of(cast(7, 5), PAST_DAYS)]
    whereabouts = Whereabouts()
    for played in played_now(story, people, now, LEISURELY):
        whereabouts.note(played)

    assert whereabouts.way(people[0].account_id, people[0].home, now + 1) == people[0].home


def test_what_an_owner_did_before_the_attacker_came_keeps_its_time() -> None:
    _, now = world_at(20.0)
    story = STORIES["impossible_travel"]
    owner, attacker = played_now(story, [as_of(cast(7, 5), PAST_DAYS)], now, HURRIED)

    assert attacker.event.at - owner.event.at == pytest.approx(2400, abs=1)
