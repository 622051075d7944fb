"""The table of logins: what a threshold stops, whom it asks, and that the same seed gives the same table."""

from __future__ import annotations

from random import Random

import pytest

from contracts.events import Login
from services.lab.evaluate.login_table import (
    FIRST_DAY_S,
    PUBLISHED,
    STOPPED,
    LoginTable,
    Trial,
    login_table,
    logins_of,
    threshold_stopping,
)
from services.lab.people.behaviour import World
from services.lab.people.personas import as_of, person
from services.lab.simulate.attackers import attacker
from services.platform.settings import Settings


@pytest.fixture(scope="module")
def table() -> LoginTable:
    return login_table(Settings(), seed=3, people=12)


def test_a_threshold_stops_at_least_the_share_asked_for() -> None:
    risks = [index / 200 for index in range(200)]

    for share in STOPPED:
        threshold = threshold_stopping(risks, share)

        assert sum(risk >= threshold for risk in risks) >= share * 200
        assert sum(risk > threshold for risk in risks) < share * 200


def test_stopping_more_attackers_never_asks_fewer_owners(table: LoginTable) -> None:
    by_share = {(p.attacker, p.history, p.device_ids, p.stopped): p.asked for p in table.points}

    for name, history, device_ids, stopped in by_share:
        assert (
            by_share[name, history, device_ids, stopped] <= by_share[name, history, device_ids, STOPPED[-1]]
        )


def test_each_published_median_stands_beside_ours(table: LoginTable) -> None:
    beside = {
        (point.attacker, point.history): point.published_median
        for point in table.points
        if point.stopped == STOPPED[0] and point.attacker != "cloned"
    }

    assert beside == {key: medians[0] for key, medians in PUBLISHED.items()}


def test_the_same_seed_gives_the_same_table(table: LoginTable) -> None:
    assert login_table(Settings(), seed=3, people=12) == table


def test_an_attacker_who_knows_more_comes_closer() -> None:
    victim = as_of(person(3, 4), 20)
    rng = Random(1)
    vpn, targeted, cloned = (attacker(name, victim, rng) for name in ("vpn", "targeted", "cloned"))
    own_agents = {victim.phone.user_agent, victim.computer and victim.computer.user_agent}
    own_devices = {victim.phone.device_id, victim.computer and victim.computer.device_id}

    assert vpn.access.place.country == victim.city.country
    assert targeted.device.user_agent in own_agents
    assert targeted.device.device_id not in own_devices
    assert cloned.device.device_id in own_devices


def test_owners_are_not_so_clean_that_the_table_means_nothing() -> None:
    world, trial = World(3, FIRST_DAY_S), Trial()
    new_addresses = new_agents = count = 0
    for number in range(60):
        known: set[str | None] = set()
        for index, (_, login) in enumerate(logins_of(world, person(3, number), trial)):
            assert isinstance(login, Login)
            if index >= 12:
                count += 1
                new_addresses += login.ip not in known
                new_agents += login.user_agent not in known
            known |= {login.ip, login.user_agent}

    assert 0.3 < new_addresses / count < 0.7
    assert 0.01 < new_agents / count < 0.1
