"""The notifier process: claims notices from SQL and delivers them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from uuid import uuid4

from contracts.errors import Unavailable
from notifier.channels import ADDRESS_PUT_OFF, Channel
from notifier.channels.registry import channels
from notifier.claims import PRIORITIES, Claim, Passed, Priority, claim, nothing_passed, waiting
from notifier.deliver import TOLD_FIRST, Delivery, Patience
from notifier.rates import Rates
from services.platform.database import Database
from services.platform.metrics import NOTICES, NOTICES_DIGESTED, OUTBOX_PENDING
from services.platform.progress import Progress
from services.platform.retry import repeat
from services.platform.settings import Settings

_POLL_S = 0.3
_AT_ONCE = 16


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
    ) -> None:
        self._database = database
        self._clock = clock
        self._patience = patience or Patience(told_first_s=settings.contact_told_first_s)
        self._delivery = Delivery(
            database,
            channels(settings) if ways is None else ways,
            clock,
            settings.totp_issuer,
            self._patience,
        )
        self._progress = progress or Progress("notifier")
        self._away: set[Priority] = set()
        self._rates = Rates(
            per_hour=settings.letters_per_hour,
            critical_per_hour=settings.critical_letters_per_hour,
            digest_after_s=settings.digest_after_s,
            challenges_per_hour=settings.challenge_letters_per_hour,
        )
        self._grace_s = settings.contact_grace_s
        self._passed = passed
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`, on critical and on ordinary letters side by side."""
        async with asyncio.TaskGroup() as tasks:
            for priority in PRIORITIES:
                work = repeat(partial(self._work, priority), self._stopping, self._progress.failed, _POLL_S)
                tasks.create_task(work, name=f"notifier-{priority}")

    async def _work(self, priority: Priority) -> int:
        handled = await self._handful(priority)
        await self._measure()
        return handled

    def stop(self) -> None:
        """Ask `run` to return after the letters in hand."""
        self._stopping.set()

    async def deliver_due(self) -> int:
        """Claim and deliver one handful of each priority; how many notices were dealt with.

        Raises Unavailable when the database is away.
        """
        return sum([await self._handful(priority) for priority in PRIORITIES])

    async def _handful(self, priority: Priority) -> int:
        taken = await claim(
            self._database,
            priority=priority,
            lease=uuid4().hex,
            now=self._clock(),
            lease_s=self._patience.lease_s,
            limit=_AT_ONCE,
            allowed=self._rates,
            grace_s=self._grace_s,
            passed=self._passed,
        )
        for reason, count in taken.digested.items():
            NOTICES.labels(self._delivery.first_channel, "digested").inc(count)
            NOTICES_DIGESTED.labels(reason if reason in self._delivery.known else "other").inc(count)
        async with asyncio.TaskGroup() as tasks:
            tried = [tasks.create_task(self._deliver(notice)) for notice in taken.claims]
        self._judge(priority, [each.result() for each in tried])
        return len(taken.claims) + taken.digested.total()

    async def _deliver(self, notice: Claim) -> str | None:
        try:
            return await self._delivery.deliver(notice)
        except Unavailable as error:
            # A database that went away between claim and note: the lease ends by itself.
            return error.reason

    def _judge(self, priority: Priority, reasons: Sequence[str | None]) -> None:
        """A handful of which nothing was answered shows a trouble, which lasts until something is."""
        put_off = [reason for reason in reasons if reason not in (None, TOLD_FIRST)]
        if None in reasons or ADDRESS_PUT_OFF in reasons:
            self._away.discard(priority)
        elif put_off:
            self._away.add(priority)
        for reason in put_off:
            (self._progress.failed if priority in self._away else self._progress.slipped)(str(reason))
        (self._progress.turned if self._away else self._progress.worked)()

    async def _measure(self) -> None:
        found = await waiting(self._database, self._clock())
        OUTBOX_PENDING.labels("notice").set(found.count)
        self._progress.behind(found.count, None if found.since is None else self._clock() - found.since)
        if not found.count:
            self._away.clear()
