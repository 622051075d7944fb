"""What a claim is: the oldest that is due, with all that its letters need, for one holder until its lease ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select, update

from notifier import claims
from notifier.channels import Letter
from notifier.channels.mail_folder import FolderMail
from notifier.claims import Claim, Priority, Taken
from notifier.deliver import Patience
from notifier.rates import Rates
from services.cases.mail_addresses import address_key
from services.cases.tables import deliveries, notices
from services.platform.database import Database
from tests.notifier.delivering import LI, T0, Clock, Way, add, kill, notifier, rows

GRACE_S = 3600.0
PLENTY = Rates(per_hour=10_000, critical_per_hour=10_000)


async def take(
    database: Database,
    now: float = T0,
    *,
    limit: int = 100,
    priority: Priority = "ordinary",
    lease: str = "a",
    allowed: Rates = PLENTY,
) -> Taken:
    return await claims.claim(
        database,
        priority=priority,
        lease=lease,
        now=now,
        lease_s=120.0,
        limit=limit,
        allowed=allowed,
        grace_s=GRACE_S,
    )


async def due_at(database: Database, **times: float) -> None:
    async with database.begin() as connection:
        for event_id, next_at in times.items():
            await connection.execute(
                update(notices).where(notices.c.event_id == event_id).values(next_at=next_at)
            )


def events(taken: Taken) -> list[str]:
    return [told.decision.event_id for each in taken.claims for told in each.told if told.decision]


async def one(database: Database, now: float = T0) -> Claim:
    (claim,) = (await take(database, now)).claims
    return claim


async def test_the_notice_that_waits_longest_goes_first(told: Database) -> None:
    await add(told, "e2", "e3", "e4")
    await due_at(told, e1=T0 - 1, e2=T0 - 3, e3=T0 - 2, e4=T0 - 4)

    assert [events(await take(told, limit=1)) for _ in range(5)] == [["e4"], ["e2"], ["e3"], ["e1"], []]


async def test_a_notice_is_due_at_its_time_and_not_before(told: Database) -> None:
    await due_at(told, e1=T0 + 1)

    assert events(await take(told, T0 + 0.99)) == []
    assert events(await take(told, T0 + 1)) == ["e1"]


async def test_what_is_held_is_due_again_when_its_lease_ends_with_one_more_try(told: Database) -> None:
    first = await one(told)

    assert (await take(told, T0 + 119.9, lease="b")).claims == []
    (again,) = (await take(told, T0 + 120.0, lease="b")).claims
    assert (first.attempts, again.attempts) == (1, 2)
    assert (first.lease, again.lease) == ("a", "b")


async def test_each_priority_takes_its_own_notices_alone(told: Database) -> None:
    await add(told, "e2", template="payment_stopped")

    assert events(await take(told, priority="critical")) == ["e2"]
    assert events(await take(told, priority="ordinary")) == ["e1"]


async def test_an_ended_notice_is_no_longer_taken_and_its_end_is_said_once(told: Database) -> None:
    claim = await one(told)

    assert await claims.end(told, claim, "delivered", T0 + 5, "slow")
    assert not await claims.end(told, claim, "failed", T0 + 6, None)
    assert (await take(told, T0 + 1000)).claims == []
    (row,) = await rows(told)
    assert (row.state, row.ended_at, row.last_error, row.lease) == ("delivered", T0 + 5, "slow", None)


async def test_a_notice_that_is_put_off_waits_until_then_and_says_why(told: Database) -> None:
    claim = await one(told)

    assert await claims.put_off(told, claim, T0 + 30, "away")
    assert not await claims.put_off(told, claim, T0 + 60, "away")
    (row,) = await rows(told)
    assert (row.state, row.next_at, row.last_error, row.lease) == ("waiting", T0 + 30, "away", None)
    assert (await take(told, T0 + 29)).claims == []
    assert events(await take(told, T0 + 30)) == ["e1"]


async def test_who_lost_the_lease_neither_ends_nor_puts_off(told: Database) -> None:
    lost = await one(told)
    (held,) = (await take(told, T0 + 120, lease="b")).claims

    assert not await claims.end(told, lost, "delivered", T0 + 121, None)
    assert not await claims.put_off(told, lost, T0 + 500, "away")
    assert await claims.end(told, held, "delivered", T0 + 122, None)


async def test_the_next_holder_is_told_which_addresses_took_their_letter(told: Database) -> None:
    await add(told, "e2")
    first, other = (await take(told)).claims
    await claims.note_delivery(told, first, "mail", "key-1", "delivered", T0 + 1)
    await claims.note_delivery(told, first, "mail", "key-2", "address_refused", T0 + 2)
    await claims.note_delivery(told, other, "sms", "key-1", "delivered", T0 + 3)

    again = {each.notice_id: each for each in (await take(told, T0 + 200)).claims}
    assert again[first.notice_id].settled == {
        ("mail", "key-1"): "delivered",
        ("mail", "key-2"): "address_refused",
    }
    assert again[other.notice_id].settled == {("sms", "key-1"): "delivered"}
    async with told.read() as connection:
        noted = (await connection.execute(select(deliveries).order_by(deliveries.c.delivered_at))).all()
    assert [row.delivered_at for row in noted] == [T0 + 1, T0 + 2, T0 + 3]


async def test_a_claim_names_the_owner_s_addresses_and_what_it_tells(told: Database) -> None:
    claim = await one(told)

    assert [point.address for point in claim.points] == [LI.address]
    assert (claim.template, claim.recorded_at) == ("login_notice", T0)
    (item,) = claim.told
    assert item.decision is not None
    assert (item.template, item.recorded_at, item.news) == ("login_notice", T0, None)
    assert item.moments == (item.decision.at, T0)


async def test_a_digest_tells_all_that_stands_in_it_and_nothing_else(told: Database) -> None:
    await add(told, "e2", "e3", "e4")
    few = Rates(per_hour=1, digest_after_s=10.0)
    taken = await take(told, allowed=few)
    assert (len(taken.claims), taken.digested) == (1, {"login_notice": 3})
    await claims.end(told, taken.claims[0], "delivered", T0, None)

    assert (await take(told, T0 + 9, allowed=few)).claims == []
    (digest,) = (await take(told, T0 + 10, allowed=few)).claims
    said = [each.decision.event_id for each in digest.told if each.decision]
    assert digest.template == "digest"
    assert sorted([*events(taken), *said]) == ["e1", "e2", "e3", "e4"]


async def test_what_waits_is_what_is_due_or_was_tried(told: Database) -> None:
    await add(told, "e2", "e3")
    await due_at(told, e1=T0, e2=T0 + 1, e3=T0 + 50)
    async with told.begin() as connection:
        await connection.execute(update(notices).where(notices.c.event_id == "e3").values(recorded_at=T0 - 9))

    assert await claims.waiting(told, T0 - 1) == claims.Waiting(0, None)
    assert await claims.waiting(told, T0) == claims.Waiting(1, T0)
    assert await claims.waiting(told, T0 + 1) == claims.Waiting(2, T0)
    claim = await one(told, T0)
    assert await claims.waiting(told, T0) == claims.Waiting(1, T0)
    await claims.end(told, claim, "delivered", T0, None)
    assert await claims.waiting(told, T0 + 50) == claims.Waiting(2, T0 - 9)


class TakesThenHangs:
    """A channel that has the letter, and whose answer never comes."""

    name = "mail"

    def __init__(self, folder: FolderMail) -> None:
        self.folder = folder
        self.taken = asyncio.Event()

    async def send(self, letter: Letter, key: str, at: float) -> None:
        await self.folder.send(letter, key, at)
        self.taken.set()
        await asyncio.Event().wait()


async def test_a_kill_between_a_delivery_and_its_note_sends_no_second_letter_where_keys_are_known(
    told: Database, tmp_path: Path, clock: Clock
) -> None:
    folder = FolderMail(tmp_path / "outbox", "security@upay.example")
    way = TakesThenHangs(folder)
    await kill(notifier(told, way, clock), way.taken.wait())
    (letter,) = (tmp_path / "outbox").iterdir()
    before = letter.read_bytes()

    clock.now += Patience().lease_s
    assert await notifier(told, folder, clock).deliver_due() == 1

    assert list((tmp_path / "outbox").iterdir()) == [letter]
    assert letter.read_bytes() == before
    assert [(row.state, row.attempts) for row in await rows(told)] == [("delivered", 2)]


async def test_after_a_kill_only_the_address_without_a_note_is_written_to_again(
    told: Database, way: Way, clock: Clock
) -> None:
    claim = await one(told)
    await claims.note_delivery(told, claim, "mail", address_key(LI.address), "delivered", T0)
    clock.now += 120.0

    assert await notifier(told, way, clock).deliver_due() == 1
    assert way.sent == []
    assert [row.state for row in await rows(told)] == ["delivered"]


async def test_a_channel_that_hangs_is_left_and_tried_again(told: Database, way: Way, clock: Clock) -> None:
    way.hangs = True
    await notifier(told, way, clock, Patience(send_s=0.05)).deliver_due()

    assert [(row.state, row.last_error) for row in await rows(told)] == [
        ("waiting", "the channel took too long")
    ]


async def test_what_a_killed_notifier_held_is_taken_again_when_its_lease_ends(
    told: Database, way: Way, clock: Clock
) -> None:
    way.hangs = True
    await kill(notifier(told, way, clock), way.reached.wait())
    way.hangs = False
    second = notifier(told, way, clock)

    assert await second.deliver_due() == 0

    clock.now += 120.0

    assert await second.deliver_due() == 1
    assert len(way.sent) == 2
    assert len({key for key, _ in way.sent}) == 1


async def test_a_notifier_that_lost_its_lease_leaves_the_new_holders_word(
    told: Database, clock: Clock
) -> None:
    slow, quick = Way(), Way()
    slow.hangs = True
    held = asyncio.create_task(notifier(told, slow, clock, Patience(send_s=3.0)).deliver_due())
    await slow.reached.wait()
    clock.now += 120.0
    await notifier(told, quick, clock).deliver_due()
    await held

    assert [(row.state, row.attempts) for row in await rows(told)] == [("delivered", 2)]


async def test_notifiers_side_by_side_send_each_notice_once(told: Database, way: Way, clock: Clock) -> None:
    await add(told, *(f"n{number}" for number in range(40)))

    async def work() -> None:
        service = notifier(told, way, clock)
        while await service.deliver_due():
            pass

    await asyncio.gather(work(), work(), work())
    await work()

    assert len(way.sent) == len({key for key, _ in way.sent}) == 41
