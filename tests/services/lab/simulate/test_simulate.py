"""Simulated people: the same bytes from the same seed, in the order of time, and readable by everybody."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from msgspec import json

from contracts.events import Login
from services.events.decode import decode_event
from services.lab.people.behaviour import World, on_trip, ordinary_day
from services.lab.people.personas import PERSONAS, Person, as_of, home_on, person
from services.lab.simulate.simulate import Simulation, events_expected, plant, simulate
from services.lab.simulate.stories import STORIES, stories_named

MONDAY_S = 1_767_571_200


def small(seed: int = 3, stories: str = "none", accounts: int = 20, days: int = 6) -> Simulation:
    return Simulation(accounts, days, seed, MONDAY_S, stories_named(stories))


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = [played.wire() for played in simulate(small())]
    second = [played.wire() for played in simulate(small())]

    assert first == second


def test_another_seed_gives_other_people() -> None:
    assert person(1, 0) != person(2, 0)


def test_events_come_in_the_order_of_time_with_stories_among_them() -> None:
    times = [played.event.at for played in simulate(small(stories="all", accounts=60, days=10))]

    assert all(earlier <= later for earlier, later in pairwise(times))


def test_every_event_id_is_used_once() -> None:
    ids = [played.event.event_id for played in simulate(small(stories="all", accounts=60, days=10))]

    assert len(ids) == len(set(ids))


def test_what_is_written_decodes_to_the_event_that_was_meant() -> None:
    for played in simulate(small(stories="sim_swap,holiday", days=8)):
        assert decode_event(played.wire()) == played.event


def test_a_person_does_the_same_on_a_day_whoever_else_is_simulated() -> None:
    world = World(3, MONDAY_S)

    assert ordinary_day(world, person(3, 5), 2) == ordinary_day(world, person(3, 5), 2)


def test_everyday_life_is_mostly_successful_logins_from_a_few_devices() -> None:
    logins = [played.event for played in simulate(small(days=20)) if isinstance(played.event, Login)]
    failed = [login for login in logins if login.outcome == "failure"]
    devices = {(login.account_id, login.device_id) for login in logins}

    assert 0 < len(failed) < len(logins) * 0.1
    assert len(devices) <= 20 * 3


def test_nobody_travels_before_having_a_history() -> None:
    assert not any(on_trip(person(3, number), day) for number in range(200) for day in range(20))


def test_nobody_meets_two_stories() -> None:
    simulation = small(stories="all", accounts=60, days=30)
    numbers = [who.number for planted in plant(simulation) for who in planted.people]

    assert len(numbers) == len(set(numbers))
    assert all(planted.day >= 21 for planted in plant(simulation))


def test_too_few_accounts_for_the_stories_are_refused_with_the_number_needed() -> None:
    with pytest.raises(ValueError, match="need 39 accounts"):
        list(simulate(small(stories="all", accounts=10)))


def test_an_unknown_story_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=next(iter(STORIES))):
        stories_named("sim_swap,nonsense")


def test_every_line_says_whose_hand_it_was_and_in_which_scenario() -> None:
    labels = [
        json.decode(played.wire())["label"] for played in simulate(small(stories="all", accounts=80, days=10))
    ]

    assert all(isinstance(label["fraud"], bool) for label in labels)
    assert {label["scenario"] for label in labels if label["fraud"]} == {
        name for name, story in STORIES.items() if story.fraud
    }
    assert {label["scenario"] for label in labels} > {"worker", "student"}
    assert {label["attacker"] for label in labels if label["fraud"]} == {"naive", "vpn", "targeted", "cloned"}


def test_a_story_told_in_rounds_meets_other_people_each_time() -> None:
    simulation = Simulation(20, 10, 3, MONDAY_S, stories_named("sim_swap"), rounds=5)
    frauds = [played.event for played in simulate(simulation) if played.fraud]

    assert len({event.account_id for event in frauds}) == 5
    assert len({event.event_id for event in frauds}) == len(frauds)


def test_there_are_all_kinds_of_people_and_a_family_shares_tablet_and_line() -> None:
    people = [person(3, number) for number in range(400)]
    family = [who for who in people if who.persona == "family"]
    households = {who.number // 3 for who in family}

    assert {who.persona for who in people} == set(PERSONAS)
    for household in households:
        members = [who for who in family if who.number // 3 == household]
        assert len({who.computer for who in members}) == 1
        assert len({home_on(who, 50) for who in members}) == 1
        assert len({who.phone for who in members}) == 3


def test_browsers_update_and_leases_end_while_the_device_stays() -> None:
    people = [person(3, number) for number in range(100)]
    later = [as_of(who, 100) for who in people]

    assert all(now.next_phone.device_id == then.next_phone.device_id for now, then in pairs(people, later))
    assert all(now.next_phone.user_agent != then.next_phone.user_agent for now, then in pairs(people, later))
    assert 0.3 < sum(now.home != then.home for now, then in pairs(people, later)) / 100 < 0.95


def test_memory_holds_a_day_however_many_there_are() -> None:
    short, long = peak_bytes(days=4), peak_bytes(days=24)

    assert long < 1.5 * short


def test_a_run_has_about_as_many_events_as_its_bar_expects() -> None:
    simulation = small(accounts=150, days=20)

    assert 0.8 < events_expected(simulation) / sum(1 for _ in simulate(simulation)) < 1.25


def peak_bytes(days: int) -> int:
    tracemalloc.start()
    for _ in simulate(small(accounts=60, days=days)):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def pairs(people: list[Person], later: list[Person]) -> list[tuple[Person, Person]]:
    return list(zip(people, later, strict=True))
