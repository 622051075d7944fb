"""Thousands of letters of one reason are bounded, starve no other, and nothing of them is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from contracts.errors import Unavailable
from notifier.channels import Sent
from notifier.rates import Rates
from notifier.service import Notifier
from services.cases.case_service import CaseService
from services.cases.classes import DIGEST
from services.cases.contact_points import Contact
from services.cases.message_tables import messages
from services.cases.tables import contact_points, notices
from services.platform.database import Database
from services.platform.metrics import NOTICES_DIGESTED
from services.platform.settings import Settings
from tests.notifier.delivering import LI, T0, Clock, Way, add, rows

LETTERS, ACCOUNTS, AN_HOUR = 5000, 250, 500
DENIED = "Sign-in stopped"
LOGIN = "Sign-in not quite like yours"


class Ground:
    """A database, a channel and a clock; storms come, and notifiers work them off."""

    def __init__(self, database: Database, way: Way, clock: Clock) -> None:
        self.database, self.way, self.clock = database, way, clock

    def notifier(self, per_hour: int = AN_HOUR, critical: int = 5000) -> Notifier:
        wanted = Settings(letters_per_hour=per_hour, critical_letters_per_hour=critical, messages_a_day=10**6)
        return Notifier(wanted, self.database, self.clock, {"mail": self.way})

    async def storm(
        self, letters: int, accounts: int, template: str = "login_notice", prefix: str = "e"
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
        async with self.database.begin() as connection:
            await connection.execute(contact_points.insert(), points)
        for account in range(accounts):
            events = (f"{prefix}{number}" for number in range(account, letters, accounts))
            await add(self.database, *events, account_id=f"{prefix}-account-{account}", template=template)

    async def work(self, notifiers: int = 1, **rates: int) -> None:
        """So many notifiers at once, until nothing is due any more."""

        async def until_idle(each: Notifier) -> None:
            while await each.deliver_due():
                pass

        made = [self.notifier(**rates) for _ in range(notifiers)]
        await asyncio.gather(*map(until_idle, made))
        await until_idle(made[0])

    async def states(self) -> Counter[tuple[str, str]]:
        return Counter((row.template, row.state) for row in await rows(self.database))


@pytest.fixture
def ground(database: Database, way: Way, clock: Clock) -> Ground:
    return Ground(database, way, clock)


async def test_a_storm_of_5000_letters_is_an_hours_worth_and_one_digest_an_account(ground: Ground) -> None:
    before = NOTICES_DIGESTED.labels("login_notice")._value.get()
    await ground.storm(LETTERS, ACCOUNTS)
    await ground.work(3)
    at_once = len(ground.way.sent)
    ground.clock.now += 3600.0
    await ground.work()
    digests = [letter for _, letter in ground.way.sent if letter.subject != LOGIN]
    print(
        f"{LETTERS} notices of one reason: {at_once} letters at once, then {len(digests)} digests to "
        f"{len({letter.to for letter in digests})} accounts with {LETTERS - at_once} notices"
    )

    assert at_once == AN_HOUR
    assert len(digests) == len({letter.to for letter in digests}) == ACCOUNTS
    assert await ground.states() == {
        ("login_notice", "delivered"): AN_HOUR,
        ("login_notice", "digested"): LETTERS - AN_HOUR,
        (DIGEST, "delivered"): ACCOUNTS,
    }
    assert NOTICES_DIGESTED.labels("login_notice")._value.get() == before + LETTERS - AN_HOUR
    told = [int(letter.subject.rpartition("(")[2].rstrip(")")) for letter in digests]
    assert sum(told) == LETTERS - AN_HOUR


async def test_every_notice_of_a_digest_is_named_in_sql(ground: Ground) -> None:
    await ground.storm(60, 7)
    await ground.work(per_hour=10)
    async with ground.database.read() as connection:
        found = (await connection.execute(select(notices))).all()
    digests = {row.notice_id: row.account_id for row in found if row.template == DIGEST}

    assert Counter(row.state for row in found if row.template != DIGEST) == {"delivered": 10, "digested": 50}
    assert all(digests[row.digest_id] == row.account_id for row in found if row.state == "digested")


async def test_a_storm_starves_neither_critical_letters_nor_other_reasons(ground: Ground) -> None:
    await ground.storm(300, 20)
    await ground.storm(3, 3, "deny_notice", "d")
    await ground.storm(3, 3, "transaction_notice", "t")
    await ground.notifier(per_hour=10).deliver_due()

    assert sum(letter.subject == DENIED for _, letter in ground.way.sent) == 3

    await ground.work(per_hour=10)

    assert (await ground.states())["transaction_notice", "delivered"] == 3


async def test_a_channel_that_hangs_over_ordinary_letters_keeps_no_critical_one(
    database: Database, clock: Clock
) -> None:
    class Hanging(Way):
        async def send(self, letter, key: str, at: float) -> Sent:  # type: ignore[no-untyped-def]
            if letter.subject == LOGIN:
                await asyncio.Event().wait()
            return await super().send(letter, key, at)

    ground = Ground(database, Hanging(), clock)
    await ground.storm(20, 20)
    await ground.storm(1, 1, "deny_notice", "d")
    running = asyncio.create_task(ground.notifier().run())
    await asyncio.wait_for(ground.way.reached.wait(), 60)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert [letter.subject == DENIED for _, letter in ground.way.sent] == [True]


async def test_the_rate_outlives_a_restart_and_fills_up_with_time(ground: Ground) -> None:
    await ground.storm(30, 30)
    await ground.work(per_hour=10)
    await ground.storm(30, 30, prefix="f")
    await ground.work(per_hour=10)

    assert len(ground.way.sent) == 10

    ground.clock.now += 1800.0
    await ground.storm(30, 30, prefix="g")
    await ground.work(per_hour=10)

    assert len(ground.way.sent) == 15


async def test_digests_are_bounded_too_and_wait_for_their_turn(ground: Ground) -> None:
    await ground.storm(60, 30)
    await ground.work(per_hour=10)
    digests = (await ground.states())["digest", "waiting"]
    assert 20 < digests <= 30
    sent = []
    for _ in range(6):
        ground.clock.now += 3600.0
        await ground.work(per_hour=10)
        sent.append(len(ground.way.sent) - 10)

    assert sent[0] == 10
    assert sent[-1] == digests
    assert all(after - before <= 11 for before, after in pairwise(sent))


async def test_a_digest_that_was_begun_takes_no_more(ground: Ground) -> None:
    await ground.storm(3, 1)
    await ground.work(per_hour=1)
    ground.clock.now += 3600.0
    ground.way.error = Unavailable("test")
    await ground.work(per_hour=1)
    async with ground.database.begin() as connection:
        await connection.execute(notices.update().where(notices.c.template == DIGEST).values(next_at=1e12))
    await add(ground.database, "x0", "x1", account_id="e-account-0")
    await ground.work(per_hour=1)
    async with ground.database.read() as connection:
        query = select(notices.c.digest_id).where(notices.c.digest_id.is_not(None))
        members = Counter((await connection.execute(query)).scalars())

    assert sorted(members.values()) == [1, 2]


async def test_the_change_of_a_contact_is_always_a_letter(ground: Ground) -> None:
    desk = CaseService(ground.database, ground.clock)
    for number in range(5):
        await desk.set_contact(f"a{number}", LI)
        await desk.set_contact(f"a{number}", Contact(f"new{number}@upay.example", "en", "UTC"))
    ground.clock.now += 1.0
    await ground.work(critical=2)

    assert sum("was changed" in letter.subject for _, letter in ground.way.sent) == 2

    for _ in range(30):
        ground.clock.now += 600.0
        await ground.work(critical=2)

    assert await ground.states() == {("contact_changed", "delivered"): 5, ("contact_added", "delivered"): 5}


async def test_a_digest_reaches_the_old_address_too(ground: Ground) -> None:
    desk = CaseService(ground.database, ground.clock)
    await desk.set_contact("li", LI)
    await add(ground.database, "e1", "e2", "e3")
    await ground.work(per_hour=1)
    ground.clock.now += 10.0
    await desk.set_contact("li", Contact("new@upay.example", "zh-CN", "UTC"))
    for _ in range(3):
        ground.clock.now += 3600.0
        await ground.work(per_hour=1)

    assert {
        letter.to for _, letter in ground.way.sent if "(2)" in letter.subject or "2 项" in letter.subject
    } == {
        LI.address,
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
        for table in (messages, notices, contact_points):
            await connection.execute(table.delete())
    ground = Ground(database, Way(), Clock())
    clock, way = ground.clock, ground.way
    clock.now += 1.0
    for number, (letters, accounts, pause_s) in enumerate(batches):
        await ground.storm(letters, accounts, prefix=f"b{number}-")
        await ground.work(2, per_hour=per_hour)
        clock.now += pause_s
    while any(row.state in ("waiting", "planned") for row in await rows(database)):
        assert clock.now < T0 + 200 * 3600.0
        clock.now += 3600.0
        await ground.work(per_hour=per_hour)
    found = await rows(database)
    waiting = [row for row in found if row.state in ("waiting", "planned")]
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
