"""Thousands of letters of one reason are bounded, starve no other, and nothing of them is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json
from sqlalchemy import select

from contracts.errors import Unavailable
from notifier.rates import DIGEST, Rates
from notifier.service import Notifier
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.repository import Recorded, keep
from services.cases.tables import contact_points, deliveries, notices
from services.platform.database import Database
from services.platform.metrics import NOTICES_DIGESTED
from services.platform.settings import Settings
from tests.notifier.delivering import LI, T0, Clock, Way, add, explain, rows
from tests.services.cases.decided import decision, no_challenges, notify

LETTERS, ACCOUNTS, AN_HOUR = 5000, 250, 500
LOGIN = "A login to your UPay account was unlike the ones before"


def service(
    database: Database, way: Way, clock: Clock, per_hour: int = AN_HOUR, critical: int = 5000
) -> Notifier:
    wanted = Settings(letters_per_hour=per_hour, critical_letters_per_hour=critical)
    return Notifier(wanted, database, explain, clock, {"mail": way})


async def storm(
    database: Database, letters: int, accounts: int, template: str = "login_notice", prefix: str = "e"
) -> None:
    points = [
        {
            "point_id": f"{prefix}{number}",
            "account_id": f"{prefix}-account-{number}",
            "channel": "mail",
            "address": f"{prefix}{number}@upay.example",
            "locale": "en",
            "time_zone": "UTC",
            "since": T0 - 1.0,
        }
        for number in range(accounts)
    ]
    records = []
    for number in range(letters):
        event = f"{prefix}{number}"
        account = f"{prefix}-account-{number % accounts}"
        decided = decision(event, account, (notify(event, template, account),), at=T0)
        records.append(Recorded(decided, json.encode(decided), T0))
    async with database.begin() as connection:
        await connection.execute(contact_points.insert(), points)
        for first in range(0, letters, 500):
            await keep(connection, records[first : first + 500], no_challenges)


async def all_due(notifiers: Sequence[Notifier]) -> None:
    async def work(each: Notifier) -> None:
        while await each.deliver_due():
            pass

    await asyncio.gather(*(work(each) for each in notifiers))
    await work(notifiers[0])


async def states(database: Database) -> Counter[tuple[str, str]]:
    async with database.read() as connection:
        found = await connection.execute(select(notices.c.template, notices.c.state))
        return Counter((row[0], row[1]) for row in found)


@pytest.mark.timeout(300)
async def test_a_storm_of_5000_letters_is_an_hours_worth_and_one_digest_an_account(
    database: Database, way: Way, clock: Clock
) -> None:
    before = NOTICES_DIGESTED.labels("login_notice")._value.get()
    await storm(database, LETTERS, ACCOUNTS)
    await all_due([service(database, way, clock) for _ in range(3)])
    at_once = len(way.sent)
    clock.now += 3600.0
    await all_due([service(database, way, clock)])
    digests = [letter for _, letter in way.sent if letter.subject != LOGIN]
    print(
        f"{LETTERS} notices of one reason: {at_once} letters at once, then {len(digests)} digests to "
        f"{len({letter.to for letter in digests})} accounts with {LETTERS - at_once} notices"
    )

    assert at_once == AN_HOUR
    assert len(digests) == len({letter.to for letter in digests}) == ACCOUNTS
    assert await states(database) == {
        ("login_notice", "delivered"): AN_HOUR,
        ("login_notice", "digested"): LETTERS - AN_HOUR,
        (DIGEST, "delivered"): ACCOUNTS,
    }
    assert NOTICES_DIGESTED.labels("login_notice")._value.get() == before + LETTERS - AN_HOUR
    told = [int(letter.subject.rpartition("(")[2].rstrip(")")) for letter in digests]
    assert sum(told) == LETTERS - AN_HOUR


async def test_every_notice_of_a_digest_is_named_in_sql(database: Database, way: Way, clock: Clock) -> None:
    await storm(database, 60, 7)
    await all_due([service(database, way, clock, per_hour=10)])
    async with database.read() as connection:
        found = (await connection.execute(select(notices))).all()
    digests = {row.notice_id: row.account_id for row in found if row.template == DIGEST}

    assert Counter(row.state for row in found if row.template != DIGEST) == {"delivered": 10, "digested": 50}
    assert all(digests[row.digest_id] == row.account_id for row in found if row.state == "digested")


async def test_a_storm_starves_neither_critical_letters_nor_other_reasons(
    database: Database, way: Way, clock: Clock
) -> None:
    await storm(database, 300, 20)
    await storm(database, 3, 3, "deny_notice", "d")
    await storm(database, 3, 3, "transaction_notice", "t")
    await service(database, way, clock, per_hour=10).deliver_due()

    assert sum("froze" in letter.subject for _, letter in way.sent) == 3

    await all_due([service(database, way, clock, per_hour=10)])

    assert (await states(database))["transaction_notice", "delivered"] == 3


async def test_a_channel_that_hangs_over_ordinary_letters_keeps_no_critical_one(
    database: Database, clock: Clock
) -> None:
    class Hanging(Way):
        async def send(self, letter, key: str, at: float) -> None:  # type: ignore[no-untyped-def]
            if letter.subject == LOGIN:
                await asyncio.Event().wait()
            await super().send(letter, key, at)

    way = Hanging()
    await storm(database, 20, 20)
    await storm(database, 1, 1, "deny_notice", "d")
    working = service(database, way, clock)
    running = asyncio.create_task(working.run())
    await asyncio.wait_for(way.reached.wait(), 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert ["froze" in letter.subject for _, letter in way.sent] == [True]


async def test_the_rate_outlives_a_restart_and_fills_up_with_time(
    database: Database, way: Way, clock: Clock
) -> None:
    await storm(database, 30, 30)
    await all_due([service(database, way, clock, per_hour=10)])
    await storm(database, 30, 30, prefix="f")
    await all_due([service(database, way, clock, per_hour=10)])

    assert len(way.sent) == 10

    clock.now += 1800.0
    await storm(database, 30, 30, prefix="g")
    await all_due([service(database, way, clock, per_hour=10)])

    assert len(way.sent) == 15


async def test_digests_are_bounded_too_and_wait_for_their_turn(
    database: Database, way: Way, clock: Clock
) -> None:
    await storm(database, 60, 30)
    await all_due([service(database, way, clock, per_hour=10)])
    digests = (await states(database))["digest", "waiting"]
    assert 20 < digests <= 30
    sent = []
    for _ in range(6):
        clock.now += 3600.0
        await all_due([service(database, way, clock, per_hour=10)])
        sent.append(len(way.sent) - 10)

    assert sent[0] == 10
    assert sent[-1] == digests
    assert all(after - before <= 11 for before, after in pairwise(sent))


async def test_a_digest_that_was_begun_takes_no_more(database: Database, way: Way, clock: Clock) -> None:
    await storm(database, 3, 1)
    await all_due([service(database, way, clock, per_hour=1)])
    clock.now += 3600.0
    way.error = Unavailable("test")
    await all_due([service(database, way, clock, per_hour=1)])
    async with database.begin() as connection:
        await connection.execute(notices.update().where(notices.c.template == DIGEST).values(next_at=1e12))
    for number in range(2):
        decided = decision(f"x{number}", "e-account-0", (notify(f"x{number}"),), at=T0)
        async with database.begin() as connection:
            await keep(connection, [Recorded(decided, json.encode(decided), T0)], no_challenges)
    await all_due([service(database, way, clock, per_hour=1)])
    async with database.read() as connection:
        query = select(notices.c.digest_id).where(notices.c.digest_id.is_not(None))
        members = Counter((await connection.execute(query)).scalars())

    assert sorted(members.values()) == [1, 2]


async def test_the_change_of_a_contact_is_always_a_letter(database: Database, way: Way, clock: Clock) -> None:
    desk = CaseService(database, clock)
    for number in range(5):
        await desk.set_contact(f"a{number}", LI)
        await desk.set_contact(f"a{number}", Contact(f"new{number}@upay.example", "en", "UTC"))
    clock.now += 1.0
    await all_due([service(database, way, clock, critical=2)])

    assert len(way.sent) == 2

    for _ in range(30):
        clock.now += 600.0
        await all_due([service(database, way, clock, critical=2)])

    assert await states(database) == {("contact_changed", "delivered"): 5, ("contact_added", "delivered"): 5}


async def test_a_digest_reaches_the_old_address_too(database: Database, way: Way, clock: Clock) -> None:
    desk = CaseService(database, clock)
    await desk.set_contact("li", LI)
    await add(database, "e1", "e2", "e3")
    await all_due([service(database, way, clock, per_hour=1)])
    clock.now += 10.0
    await desk.set_contact("li", Contact("new@upay.example", "zh-CN", "UTC"))
    for _ in range(3):
        clock.now += 3600.0
        await all_due([service(database, way, clock, per_hour=1)])

    assert {letter.to for _, letter in way.sent if "(2)" in letter.subject or "2 条" in letter.subject} == {
        LI.email,
        "new@upay.example",
    }


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    per_hour=st.integers(1, 9),
    batches=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4), st.floats(0, 4000)), max_size=4),
)
async def test_whatever_comes_is_delivered_or_stands_in_one_digest(
    database: Database, per_hour: int, batches: list[tuple[int, int, float]]
) -> None:
    async with database.begin() as connection:
        for table in (deliveries, notices, contact_points):
            await connection.execute(table.delete())
    way, clock = Way(), Clock()
    clock.now += 1.0
    for number, (letters, accounts, pause_s) in enumerate(batches):
        await storm(database, letters, accounts, prefix=f"b{number}-")
        await all_due([service(database, way, clock, per_hour) for _ in range(2)])
        clock.now += pause_s
    while any(row.state == "waiting" for row in await rows(database)):
        assert clock.now < T0 + 200 * 3600.0
        clock.now += 3600.0
        await all_due([service(database, way, clock, per_hour)])
    found = await rows(database)
    waiting = [row for row in found if row.state == "waiting"]
    told = {row.notice_id for row in found if row.state == "delivered"}

    assert waiting == []
    assert all(row.notice_id in told or row.digest_id in told for row in found)
    assert len(way.sent) == len({key for key, _ in way.sent}) == len(told)


def test_each_reason_has_its_rate() -> None:
    rates = Rates(per_hour=1, critical_per_hour=2)

    assert [rates.of(reason) for reason in ("login_notice", DIGEST, "deny_notice", "factor_disabled")] == [
        1,
        1,
        2,
        2,
    ]
