"""What is planned and claimed: the oldest that is due, with all that its letters need, for one holder until its lease ends."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier import queue
from notifier.channels.registry import MAIL
from notifier.planner import Passed, Planner, Priority, Taken, Waiting, nothing_passed, waiting
from notifier.queue import Message, Settled
from notifier.rates import Rates
from services.cases.contact_points import Contact
from services.cases.message_tables import messages
from services.cases.news import CHALLENGE
from services.cases.tables import contact_points, notices
from services.platform.database import Database
from tests.notifier.delivering import LI, T0, add, rows, sendings

GRACE_S = 3600.0
PLENTY = Rates(per_hour=10_000, critical_per_hour=10_000)


async def plan(
    database: Database,
    now: float = T0,
    *,
    limit: int = 100,
    priority: Priority = "ordinary",
    allowed: Rates = PLENTY,
) -> Taken:
    planner = Planner(ways=(MAIL.way,), allowed=allowed, grace_s=GRACE_S)
    return await planner.plan_due(database, priority, now, limit)


async def claim(
    database: Database,
    now: float = T0,
    *,
    limit: int = 100,
    priority: Priority = "ordinary",
    lease: str = "a",
    channel: str = "mail",
    passed: Passed = nothing_passed,
) -> list[Message]:
    return await queue.claim(
        database,
        channel=channel,
        priority=priority,
        lease=lease,
        now=now,
        lease_s=120.0,
        limit=limit,
        passed=passed,
    )


async def take(
    database: Database, now: float = T0, priority: Priority = "ordinary", lease: str = "a"
) -> list[Message]:
    await plan(database, now, priority=priority)
    return await claim(database, now, priority=priority, lease=lease)


async def due_at(database: Database, **times: float) -> None:
    async with database.begin() as connection:
        for event_id, next_at in times.items():
            await connection.execute(
                update(notices).where(notices.c.event_id == event_id).values(next_at=next_at)
            )


def events(taken: list[Message]) -> list[str]:
    return [told.decision.event_id for each in taken for told in each.notice.told if told.decision]


async def one(database: Database, now: float = T0) -> Message:
    (message,) = await take(database, now)
    return message


async def end(
    database: Database, message: Message, now: float = T0, state: str = "handed_over"
) -> Settled | None:
    return await queue.settle(database, message, now, state=state)


async def test_the_notice_that_waits_longest_is_planned_first(told: Database) -> None:
    await add(told, "e2", "e3", "e4")
    await due_at(told, e1=T0 - 1, e2=T0 - 3, e3=T0 - 2, e4=T0 - 4)
    planned = []
    for _ in range(5):
        await plan(told, limit=1)
        planned.append(events(await claim(told)))

    assert planned == [["e4"], ["e2"], ["e3"], ["e1"], []]


async def test_a_notice_is_planned_at_its_time_and_not_before_and_once(told: Database) -> None:
    await due_at(told, e1=T0 + 1)

    assert [(await plan(told, at)).planned for at in (T0 + 0.99, T0 + 1, T0 + 2)] == [0, 1, 0]


async def test_what_is_held_is_due_again_when_its_lease_ends_with_one_more_try(told: Database) -> None:
    first = await one(told)

    assert await claim(told, T0 + 119.9, lease="b") == []
    (again,) = await claim(told, T0 + 120.0, lease="b")
    assert (first.attempts, again.attempts) == (1, 2)
    assert (first.lease, again.lease) == ("a", "b")
    assert first.message_id == again.message_id


async def test_each_priority_takes_its_own_messages_alone(told: Database) -> None:
    await add(told, "e2", template="payment_stopped")

    assert events(await take(told, priority="critical")) == ["e2"]
    assert events(await take(told, priority="ordinary")) == ["e1"]


async def test_each_channel_takes_its_own_messages_alone(told: Database) -> None:
    await plan(told)

    assert (await claim(told, channel="sms"), events(await claim(told))) == ([], ["e1"])


async def test_an_ended_message_is_no_longer_taken_and_ends_its_notice_once(told: Database) -> None:
    message = await one(told)

    assert await end(told, message, T0 + 5) == Settled("handed_over", "delivered")
    assert await end(told, message, T0 + 6, "failed") is None
    assert await claim(told, T0 + 1000) == []
    (row,) = await rows(told)
    assert (row.state, row.ended_at, row.last_error) == ("delivered", T0 + 5, None)


async def test_a_message_that_is_put_off_waits_until_then_and_its_notice_says_why(told: Database) -> None:
    message = await one(told)

    assert await queue.put_off(told, message, T0 + 30, "away")
    assert not await queue.put_off(told, message, T0 + 60, "away")
    (row,), (notice,) = await sendings(told), await rows(told)
    assert (row.state, row.next_at, row.last_error, row.lease) == ("waiting", T0 + 30, "away", None)
    assert (notice.state, notice.last_error) == ("planned", "away")
    assert await claim(told, T0 + 29) == []
    assert events(await claim(told, T0 + 30)) == ["e1"]


async def test_who_lost_the_lease_neither_ends_nor_puts_off(told: Database) -> None:
    lost = await one(told)
    (held,) = await claim(told, T0 + 120, lease="b")

    assert await end(told, lost, T0 + 121) is None
    assert not await queue.put_off(told, lost, T0 + 500, "away")
    assert [row.last_error for row in await rows(told)] == [None]
    assert await end(told, held, T0 + 122)


async def all_passed(
    _connection: AsyncConnection, events: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    return set(events)


async def test_a_challenge_that_was_passed_meanwhile_needs_no_letter_and_one_that_was_begun_goes_on(
    told: Database,
) -> None:
    await end(told, await one(told))
    await add(told, "c1", template=CHALLENGE)
    (begun,) = await take(told)
    await add(told, "c2", template=CHALLENGE)
    await plan(told)

    assert await claim(told, passed=all_passed) == []
    (again,) = await claim(told, T0 + 120, passed=all_passed)
    assert (again.message_id, again.attempts) == (begun.message_id, 2)
    assert [(row.event_id, row.state) for row in await rows(told)] == [
        ("c1", "planned"),
        ("c2", "suppressed"),
        ("e1", "delivered"),
    ]
    assert [row.why for row in await sendings(told) if row.state == "suppressed"] == [queue.PASSED]


async def test_a_notice_ends_with_its_last_message_and_one_that_was_taken_is_enough(told: Database) -> None:
    old = Contact("old@upay.example", "en", "UTC")
    async with told.begin() as connection:
        row = {
            "point_id": "p",
            "account_id": "li",
            "channel": "mail",
            "address": old.address,
            "locale": "en",
            "time_zone": "UTC",
            "since": T0 - 9.0,
            "until": T0 - 1.0,
        }
        await connection.execute(contact_points.insert().values(**row))
    first, second = await take(told)

    assert await end(told, first) == Settled("handed_over", None)
    assert [row.state for row in await rows(told)] == ["planned"]
    assert await end(told, second, state="failed") == Settled("failed", "delivered")


async def test_a_message_names_the_owner_s_address_and_what_it_tells(told: Database) -> None:
    message = await one(told)

    assert (message.route.to, message.route.locale, message.route.time_zone) == (
        LI.address,
        "en",
        "Asia/Shanghai",
    )
    assert (message.notice.template, message.notice.recorded_at) == ("login_notice", T0)
    (item,) = message.notice.told
    assert item.decision is not None
    assert (item.template, item.recorded_at, item.news) == ("login_notice", T0, None)
    assert item.moments == (item.decision.at, T0)


async def test_a_digest_tells_all_that_stands_in_it_and_nothing_else(told: Database) -> None:
    await add(told, "e2", "e3", "e4")
    few = Rates(per_hour=1, digest_after_s=10.0)
    taken = await plan(told, allowed=few)
    assert (taken.planned, taken.digested) == (1, {"login_notice": 3})
    (first,) = await claim(told)
    await end(told, first)

    assert (await plan(told, T0 + 9, allowed=few)).planned == 0
    await plan(told, T0 + 10, allowed=few)
    (digest,) = await claim(told, T0 + 10)
    assert digest.notice.template == "digest"
    assert sorted([*events([first]), *events([digest])]) == ["e1", "e2", "e3", "e4"]


async def test_what_waits_is_what_is_due_or_was_tried(told: Database) -> None:
    await add(told, "e2", "e3")
    await due_at(told, e1=T0, e2=T0 + 1, e3=T0 + 50)
    async with told.begin() as connection:
        await connection.execute(update(notices).where(notices.c.event_id == "e3").values(recorded_at=T0 - 9))

    assert await waiting(told, T0 - 1) == Waiting(0, None)
    assert await waiting(told, T0) == Waiting(1, T0)
    assert await waiting(told, T0 + 1) == Waiting(2, T0)
    message = await one(told, T0)
    assert await waiting(told, T0) == Waiting(1, T0)
    await end(told, message)
    assert await waiting(told, T0 + 50) == Waiting(2, T0 - 9)


async def test_a_message_that_waits_because_it_should_is_not_counted(told: Database) -> None:
    await plan(told)
    async with told.begin() as connection:
        await connection.execute(update(messages).values(next_at=T0 + 60.0))

    assert await waiting(told, T0 + 59.0) == Waiting(0, None)
    assert await queue.due(told, T0 + 59.0) == set()
    assert await queue.due(told, T0 + 60.0) == {("mail", "ordinary")}


async def test_what_was_planned_together_goes_out_in_the_order_in_which_it_happened(told: Database) -> None:
    names = [f"e{number}" for number in range(1, 9)]
    await add(told, *names[1:])
    async with told.begin() as connection:
        for age, name in enumerate(names):
            happened = update(notices).where(notices.c.event_id == name).values(recorded_at=T0 - age)
            await connection.execute(happened)
    await plan(told)

    assert events(await claim(told)) == names[::-1]
