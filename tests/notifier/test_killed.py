"""What a kill or a lost lease leaves: one message, sent again under its own key or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text, update

from notifier.channels import Letter, Sent
from notifier.channels.mail_folder import FolderMail
from notifier.deliver import Patience
from services.cases.case_service import CaseService
from services.cases.message_ends import REACHED, suppress
from services.cases.message_tables import messages
from services.cases.tables import notices
from services.platform.database import Database
from tests.notifier.delivering import T0, Clock, Way, add, kill, notifier, rows, sendings
from tests.notifier.test_queue import end, one, plan


class TakesThenHangs:
    """A channel that has the letter, and whose answer never comes."""

    name = "mail"

    def __init__(self, folder: FolderMail) -> None:
        self.folder = folder
        self.taken = asyncio.Event()

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        sent = await self.folder.send(letter, key, at)
        self.taken.set()
        await asyncio.Event().wait()
        return sent


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
    assert [(row.state, row.attempts) for row in await sendings(told)] == [("handed_over", 2)]
    assert [row.state for row in await rows(told)] == ["delivered"]


async def test_what_its_reader_has_is_not_sent_again_though_a_kill_came_before_its_note(
    told: Database, tmp_path: Path, clock: Clock
) -> None:
    folder = FolderMail(tmp_path / "outbox", "security@upay.example")
    way = TakesThenHangs(folder)
    await kill(notifier(told, way, clock), way.taken.wait())
    (held,) = await sendings(told)
    clock.now += 1.0

    assert await CaseService(told, clock).reached(held.message_id)
    clock.now += Patience().lease_s
    assert await notifier(told, folder, clock).deliver_due() == 0
    (message,), (notice,) = await sendings(told), await rows(told)
    assert (message.state, message.ended_at, message.delivered_at, message.lease) == (
        "delivered",
        T0 + 1.0,
        T0 + 1.0,
        None,
    )
    assert notice.state == "delivered"


async def test_nobody_can_have_read_what_was_never_sent(told: Database, way: Way, clock: Clock) -> None:
    await plan(told)
    (waiting,) = await sendings(told)

    assert await CaseService(told, clock).reached(waiting.message_id)
    assert await notifier(told, way, clock).deliver_due() == 1
    assert [row.state for row in await sendings(told)] == ["handed_over"]


async def test_what_a_notifier_takes_while_its_reader_is_heard_of_is_not_called_unsent(
    told: Database,
) -> None:
    await plan(told)

    async def leave_out() -> None:
        async with told.begin() as connection:
            await suppress(connection, messages.c.state == "waiting", REACHED, T0)

    async with told.begin() as connection:
        await connection.execute(update(messages).values(state="sending", lease="a", attempts=1))
        leaving = asyncio.create_task(leave_out())
        await until_it_waits(told)
    await leaving

    assert [(row.state, row.lease) for row in await sendings(told)] == [("sending", "a")]


async def until_it_waits(database: Database) -> None:
    """Until somebody waits for a lock of the test's; on SQLite, which has one writer, whoever writes waits at once."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(10.0):
        while not database.is_sqlite:
            async with database.read() as connection:
                if await connection.scalar(waiting):
                    return
            await asyncio.sleep(0.01)


async def test_what_an_older_release_delivered_is_not_sent_again_when_its_notice_is_planned(
    told: Database, way: Way, clock: Clock
) -> None:
    """A migration leaves such a message, beside a notice that waits."""
    await end(told, await one(told))
    async with told.begin() as connection:
        await connection.execute(update(notices).values(state="waiting", ended_at=None))
    await notifier(told, way, clock).deliver_due()

    assert way.sent == []
    assert [row.state for row in await rows(told)] == ["delivered"]


async def test_a_channel_that_hangs_is_left_and_tried_again(told: Database, way: Way, clock: Clock) -> None:
    way.hangs = True
    await notifier(told, way, clock, Patience(send_s=0.05)).deliver_due()

    assert [(row.state, row.last_error) for row in await sendings(told)] == [
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

    assert [(row.state, row.attempts) for row in await sendings(told)] == [("handed_over", 2)]
    assert [row.state for row in await rows(told)] == ["delivered"]


async def test_notifiers_side_by_side_send_each_notice_once(told: Database, way: Way, clock: Clock) -> None:
    await add(told, *(f"n{number}" for number in range(40)))

    async def work() -> None:
        service = notifier(told, way, clock)
        while await service.deliver_due():
            pass

    await asyncio.gather(work(), work(), work())
    await work()

    assert len(way.sent) == len({key for key, _ in way.sent}) == 41
