"""A channel sends no faster than its provider allows, over all notifiers, and delays no other; nothing delays critical ones."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier import queue
from notifier.pace import Pace, paces
from notifier.planner import Priority, nothing_passed
from notifier.service import Notifier
from services.cases.contact_points import Contact
from services.platform.database import Database
from services.platform.settings import Settings
from tests.notifier.delivering import T0, Clock, add
from tests.notifier.test_channels_apart import CRITICAL, SMS, Outside, reached_by

MAIL = Contact("li@upay.example", "en", "UTC")
CHANNELS = ["mail", "sms"]
PACES = st.builds(Pace, st.floats(0.01, 1000.0), st.integers(1, 50))
#: How many are wanted, of which priority, so long after the ones before.
WANTED = st.lists(
    st.tuples(st.floats(0.0, 100.0), st.integers(0, 80), st.sampled_from(["critical", "ordinary"])),
    max_size=40,
)


def run(pace: Pace, wanted: list[tuple[float, int, Priority]]) -> list[tuple[float, int]]:
    """When how many went."""
    now, messages, went = 0.0, float(pace.burst), list[tuple[float, int]]()
    for after_s, count, priority in wanted:
        now += after_s
        messages = pace.filled(messages, after_s)
        going = min(count, pace.room(messages, priority))
        messages -= going
        went.append((now, going))
    return went


@given(PACES, WANTED)
def test_in_no_time_more_go_than_a_burst_and_what_the_rate_allows(
    pace: Pace, wanted: list[tuple[float, int, Priority]]
) -> None:
    went = run(pace, wanted)
    for first in range(len(went)):
        for last in range(first, len(went)):
            lasted_s = went[last][0] - went[first][0]
            assert (
                sum(count for _, count in went[first : last + 1]) <= pace.burst + lasted_s * pace.per_s + 1e-6
            )


@given(PACES, WANTED, st.integers(1, 80))
def test_whatever_ordinary_ones_went_half_a_burst_of_critical_ones_goes_at_once(
    pace: Pace, wanted: list[tuple[float, int, Priority]], storm: int
) -> None:
    calm = [(after_s, storm, "ordinary") for after_s, _, _ in wanted]
    *_, (_, critical) = run(pace, [*calm, (0.0, 80, "critical")])  # type: ignore[list-item]

    assert critical >= pace.burst // 2


@given(PACES, st.floats(-100.0, 0.0))
def test_a_clock_that_is_set_back_fills_nothing_and_empties_nothing(pace: Pace, back_s: float) -> None:
    assert pace.filled(0.5, back_s) == 0.5


@given(PACES)
def test_one_of_each_priority_goes_after_a_while_however_slow_the_pace(pace: Pace) -> None:
    rested = pace.filled(0.0, pace.burst / pace.per_s + 1e-6)

    assert pace.room(rested, "critical") >= 1
    assert pace.room(rested, "ordinary") >= 1


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("", {}),
        ("  ", {}),
        ("sms=10", {"sms": Pace(10.0, 10)}),
        ("sms=0.5", {"sms": Pace(0.5, 1)}),
        ("sms=10/20, mail=2.5/1", {"sms": Pace(10.0, 20), "mail": Pace(2.5, 1)}),
    ],
)
def test_a_setting_names_channels_and_their_paces(said: str, found: dict[str, Pace]) -> None:
    assert paces(said, CHANNELS) == found


@pytest.mark.parametrize(
    "said", ["sms", "sms=", "sms=0", "sms=10/0", "sms=-1", "fax=10", "sms=1e3", "sms:10"]
)
def test_a_setting_of_another_form_is_refused_with_the_rule(said: str) -> None:
    with pytest.raises(ValueError, match="sms=10/20"):
        paces(said, CHANNELS)


def opened(database: Database, clock: Clock, *ways: Outside, rates: str) -> Notifier:
    settings = Settings(channel_rates=rates, messages_a_day=1000, contact_grace_s=0.0)
    return Notifier(settings, database, clock, {way.name: way for way in ways})


async def test_a_channel_at_its_limit_delays_no_other_and_goes_on_when_it_may(database: Database) -> None:
    mail, sms, clock = Outside("mail"), Outside("sms"), Clock()
    for number in range(12):
        await reached_by(database, f"a{number}", SMS, MAIL)
        await add(database, f"e{number}", account_id=f"a{number}", template=CRITICAL)
    service, sent = opened(database, clock, mail, sms, rates="sms=2/4"), []
    for _ in range(4):
        await service.deliver_due()
        sent.append((len(mail.taken), len(sms.taken)))
        clock.now += 1.0

    assert sent == [(12, 4), (12, 6), (12, 8), (12, 10)]


async def test_two_notifiers_share_the_pace_of_a_channel(database: Database) -> None:
    sms, clock = Outside("sms"), Clock()
    for number in range(9):
        await reached_by(database, f"a{number}", SMS)
        await add(database, f"e{number}", account_id=f"a{number}", template=CRITICAL)
    two = [opened(database, clock, sms, rates="sms=1/3") for _ in range(2)]
    await asyncio.gather(*(each.deliver_due() for each in two))
    assert len(sms.taken) == 3

    clock.now += 2.0
    await asyncio.gather(*(each.deliver_due() for each in two))
    assert len(sms.taken) == 5


async def test_what_nobody_took_is_not_spent(database: Database) -> None:
    async def claimed(priority: Priority) -> int:
        found = await queue.claim(
            database,
            channel="sms",
            priority=priority,
            lease="a",
            now=T0,
            lease_s=60.0,
            limit=10,
            passed=nothing_passed,
            pace=Pace(0.001, 2),
        )
        return len(found)

    assert [await claimed("critical") for _ in range(3)] == [0, 0, 0]
    sms, clock = Outside("sms"), Clock()
    for number in range(3):
        await reached_by(database, f"a{number}", SMS)
        await add(database, f"e{number}", account_id=f"a{number}", template=CRITICAL)
    await opened(database, clock, sms, rates="sms=0.001/2").deliver_due()

    assert len(sms.taken) == 2
