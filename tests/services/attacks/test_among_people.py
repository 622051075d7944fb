"""Attacks among 88,000 events of simulated people, who share networks, mistype and buy phones: each is found, nothing else is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from services.activity.rows import Row, row_of
from services.attacks.tables import attack_alerts, attacks
from services.bootstrap.pipelines import open_enricher
from services.lab.simulate.simulate import Simulation, simulate
from services.memory.pseudonyms import Pseudonyms
from services.platform.database import Database
from services.platform.settings import Settings
from tests.services.attacks.made import DAY_S, HOUR_S
from tests.services.attacks.rows_made import all_of, happened, look, wave

EVENTS, PEOPLE, DAYS = 88_000, 1500, 22
#: Its people live for weeks, which takes longer than all else of its kind: with the tests on real parts.
pytestmark = pytest.mark.real
START = int(datetime(2026, 9, 7, tzinfo=UTC).timestamp())


def people(events: int) -> Iterator[Row]:
    """So many events of honest people, in order of time, as rows of activity."""
    enricher = open_enricher(Settings(), Pseudonyms(bytes(32)))
    played = islice(simulate(Simulation(PEOPLE, DAYS, 11, START)), events)
    while part := [each.event for each in islice(played, 500)]:
        enricher.enrich(part)
        yield from map(row_of, part)


async def lived(database: Database, rows: list[Row], every_s: float) -> float:
    """Keep the rows as time goes by, and look for attacks each `every_s` seconds; how long the longest look took, in seconds."""
    longest_s, first, now = 0.0, 0, rows[0].at + every_s
    while first < len(rows) or now < rows[-1].at + 3 * HOUR_S:
        last = first
        while last < len(rows) and rows[last].at < now:
            last += 1
        await happened(database, rows[first:last], now)
        begun = time.monotonic()
        await look(database, now)
        longest_s = max(longest_s, time.monotonic() - begun)
        first, now = last, now + every_s
    return longest_s


def said(line: str) -> None:
    sys.stdout.write(line + "\n")


async def sizes_of(database: Database) -> list[tuple[Any, ...]]:
    names = ("kind", "state", "attempts", "accounts", "sources", "gave_way")
    return sorted(tuple(each[name] for name in names) for each in await all_of(database, attacks))


@pytest.fixture(scope="module")
def honest() -> list[Row]:
    return list(people(EVENTS))


async def test_honest_people_are_no_attack(database: Database, honest: list[Row]) -> None:
    longest_s = await lived(database, honest, 6 * HOUR_S)

    failed = sum(each.outcome == "failure" for each in honest)
    said(
        f"{len(honest)} events of {PEOPLE} people, {failed} failed logins: 0 attacks; longest look {longest_s:.2f} s"
    )
    assert len(honest) == EVENTS
    assert await all_of(database, attacks) == []


async def test_a_fast_and_a_slow_attack_among_people_are_two_with_their_sizes(
    database: Database, honest: list[Row]
) -> None:
    begins = START + 12 * DAY_S
    near = [each for each in honest if begins - 10 * DAY_S <= each.at < begins + 9 * HOUR_S]
    stuff, stuffed = wave("stuff", 2000, 300, begins + 3 * HOUR_S, 1800.0, gives_way=0.006, seed=2)
    spray, sprayed = wave("spray", 2000, 50, begins, 6 * HOUR_S, gives_way=0.004, seed=3)
    await happened(database, [each for each in near if each.at < begins], begins)
    of_day = sorted([each for each in near if each.at >= begins] + stuff + spray, key=lambda each: each.at)

    longest_s = await lived(database, of_day, 1200.0)

    found = await sizes_of(database)
    for each in found:
        said(" ".join(map(str, each)))
    said(f"longest look {longest_s:.2f} s")
    assert [each[:2] for each in found] == [("credential_stuffing", "over"), ("password_spraying", "over")]
    for each, (ledger, sources) in zip(found, ((stuffed, 300), (sprayed, 50)), strict=True):
        truth = (ledger.attempts, 2000, sources, ledger.gave_way)
        assert all(abs(is_ - was) <= 0.02 * was for is_, was in zip(each[2:], truth, strict=True)), (
            each,
            truth,
        )
    told = [each["number"] for each in await all_of(database, attack_alerts) if each["way"] == "mail"]
    assert told.count(1) == 2
