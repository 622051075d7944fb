"""The notifier process: plans notices into messages, and lets each channel send its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from notifier import queue
from notifier.channels import Channel
from notifier.channels.registry import CHANNELS, channels
from notifier.deliver import Delivery, Patience
from notifier.lane import Handful, Lane
from notifier.pace import paces
from notifier.plan import Waits, Way
from notifier.planner import PRIORITIES, Passed, Planner, Priority, Taken, nothing_passed, waiting
from notifier.rates import Rates
from notifier.render import LinkOf, Templates, no_link
from notifier.tiring import show
from services.cases.fatigue import measured
from services.platform.database import Database
from services.platform.metrics import NOTICES, NOTICES_DIGESTED, NOTICES_UNDELIVERED, OUTBOX_PENDING
from services.platform.progress import Progress
from services.platform.retry import repeat
from services.platform.settings import Settings

_POLL_S = 0.3
_WEIGHED_EVERY_S = 3600.0
_PLANNED_AT_ONCE = 100


class Notifier:
    """Delivers notices until `stop`; several may run on one database.

    The database must be migrated. A database or channel that is away is waited for; anything else ends `run`.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Callable[[], float],
        ways: Mapping[str, Channel] | None = None,
        patience: Patience | None = None,
        progress: Progress | None = None,
        passed: Passed = nothing_passed,
        link_of: LinkOf = no_link,
    ) -> None:
        self._database = database
        self._clock = clock
        opened = channels(settings, database) if ways is None else ways
        kinds = [kind for kind in CHANNELS if kind.way.name in opened]
        patience = patience or Patience()
        told_by = [kind.way for kind in kinds]
        self._delivery = Delivery(
            database, opened, told_by, clock, Templates(settings.totp_issuer, link_of), patience
        )
        self._planner = _planner(settings, told_by, passed)
        pace = paces(settings.channel_rates, [kind.way.name for kind in CHANNELS])
        self._lanes = [
            Lane(
                kind.way.name,
                priority,
                database,
                self._delivery,
                clock,
                patience,
                passed,
                kind.at_once,
                pace.get(kind.way.name),
            )
            for kind in kinds
            for priority in PRIORITIES
        ]
        self._first_channel = next(iter(opened), "")
        self._progress = progress or Progress("notifier")
        self._away: set[Lane] = set()
        #: What the last look found, so that a lane without work asks the database nothing.
        self._due: set[tuple[str, Priority]] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`: on critical and on ordinary notices, and on the messages of each channel, side by side."""
        async with asyncio.TaskGroup() as tasks:
            for priority in PRIORITIES:
                work = repeat(
                    partial(self._planned, priority), self._stopping, self._progress.failed, _POLL_S
                )
                tasks.create_task(work, name=f"notifier-{priority}")
            weigh = repeat(self._weigh, self._stopping, self._progress.failed, _WEIGHED_EVERY_S)
            tasks.create_task(weigh, name="notifier-weigh")
            look = repeat(self._look_around, self._stopping, self._progress.failed, _POLL_S)
            tasks.create_task(look, name="notifier-look")
            for lane in self._lanes:
                work = repeat(partial(self._sent, lane), self._stopping, self._progress.failed, _POLL_S)
                tasks.create_task(work, name=f"notifier-{lane.channel}-{lane.priority}")

    def stop(self) -> None:
        """Ask `run` to return after the letters in hand."""
        self._stopping.set()

    async def deliver_due(self) -> int:
        """Plan what is due, and send one handful by each way; how many notices and messages were dealt with.

        Raises Unavailable when the database is away.
        """
        taken = [await self._plan(priority) for priority in PRIORITIES]
        await self._look()
        tried = [len((await self._handful(lane)).reasons) for lane in self._lanes]
        return sum(each.dealt_with - each.planned for each in taken) + sum(tried)

    async def _planned(self, priority: Priority) -> int:
        return (await self._plan(priority)).dealt_with

    async def _look_around(self) -> None:
        await self._look()
        # Counting what waits takes longer the more does, as behind a channel that hangs: no lane waits for that.
        await self._measure()

    async def _weigh(self) -> None:
        async with self._database.read() as connection:
            show(await measured(connection, self._clock()))

    async def _look(self) -> None:
        self._due = await queue.due(self._database, self._clock())

    async def _sent(self, lane: Lane) -> int:
        return len((await self._handful(lane)).reasons)

    async def _plan(self, priority: Priority) -> Taken:
        taken = await self._planner.plan_due(self._database, priority, self._clock(), _PLANNED_AT_ONCE)
        for reason, count in taken.digested.items():
            NOTICES.labels(self._first_channel, "digested").inc(count)
            NOTICES_DIGESTED.labels(reason if reason in self._delivery.known else "other").inc(count)
        if taken.undeliverable:
            NOTICES.labels(self._first_channel, "undeliverable").inc(taken.undeliverable)
            NOTICES_UNDELIVERED.labels("no_contact").inc(taken.undeliverable)
        return taken

    async def _handful(self, lane: Lane) -> Handful:
        due = (lane.channel, lane.priority) in self._due
        done = await lane.handful() if due else Handful(())
        self._judge(lane, done)
        return done

    def _judge(self, lane: Lane, done: Handful) -> None:
        """A handful of which nothing was answered shows a trouble, which lasts until something is."""
        put_off = [reason for reason in done.reasons if reason is not None]
        if done.answered:
            self._away.discard(lane)
        elif put_off:
            self._away.add(lane)
        for reason in put_off:
            (self._progress.failed if lane in self._away else self._progress.slipped)(reason)
        (self._progress.turned if self._away else self._progress.worked)()

    async def _measure(self) -> None:
        found = await waiting(self._database, self._clock())
        OUTBOX_PENDING.labels("notice").set(found.count)
        self._progress.behind(found.count, None if found.since is None else self._clock() - found.since)
        if not found.count:
            self._away.clear()
            self._delivery.standing.rest()


def _planner(settings: Settings, ways: Sequence[Way], passed: Passed) -> Planner:
    return Planner(
        ways=ways,
        allowed=Rates(
            per_hour=settings.letters_per_hour,
            critical_per_hour=settings.critical_letters_per_hour,
            digest_after_s=settings.digest_after_s,
            challenges_per_hour=settings.challenge_letters_per_hour,
        ),
        grace_s=settings.contact_grace_s,
        waits=Waits(
            told_first_s=settings.contact_told_first_s,
            fallback_s=settings.sms_after_s,
            calm_fallback_s=10 * settings.sms_after_s,
        ),
        passed=passed,
        messages_a_day=settings.messages_a_day,
    )
