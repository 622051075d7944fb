"""The notifier process: claims notices from SQL and delivers them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

from contracts.errors import Unavailable
from notifier.channels import ADDRESS_PUT_OFF, Channel
from notifier.channels.mail_folder import FolderMail
from notifier.channels.mail_smtp import SmtpMail, smtp_server
from notifier.claims import Claim, claim, waiting
from notifier.deliver import Delivery, Explain, Patience
from services.cases.backoff import Backoff, pause
from services.database import Database
from services.metrics import OUTBOX_PENDING
from services.progress import Progress
from services.settings import Settings

_POLL_S = 0.3
_AT_ONCE = 16


def channels(settings: Settings) -> dict[str, Channel]:
    """The channel that is configured: SMTP when `smtp` is set, else the outbox folder.

    Raises ValueError when there is neither: notices would have nowhere to go.
    """
    if settings.smtp:
        return {"mail": SmtpMail(smtp_server(settings.smtp), settings.smtp_sender)}
    if settings.outbox_dir is not None:
        return {"mail": FolderMail(settings.outbox_dir, settings.smtp_sender)}
    raise ValueError("the notifier needs PAYGUARD_SMTP or PAYGUARD_OUTBOX_DIR")


class Notifier:
    """Delivers notices until `stop`; several may run on one database.

    The database must be migrated. A database or channel that is away is waited for; anything else ends `run`.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        explain: Explain,
        clock: Callable[[], float],
        ways: Mapping[str, Channel] | None = None,
        patience: Patience | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._patience = patience or Patience()
        self._delivery = Delivery(
            database,
            channels(settings) if ways is None else ways,
            explain,
            clock,
            settings.totp_issuer,
            self._patience,
        )
        self._progress = progress or Progress("notifier")
        self._away = False
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`."""
        backoff = Backoff(self._stopping)
        while not self._stopping.is_set():
            try:
                delivered = await self.deliver_due()
                await self._measure()
            except Unavailable as error:
                self._progress.failed(error.reason)
                await backoff.wait()
                continue
            backoff.reset()
            if not delivered:
                await pause(self._stopping, _POLL_S)

    def stop(self) -> None:
        """Ask `run` to return after the letters in hand."""
        self._stopping.set()

    async def deliver_due(self) -> int:
        """Claim and deliver one handful; how many were claimed. Raises Unavailable when the database is away."""
        claimed = await claim(
            self._database,
            lease=uuid4().hex,
            now=self._clock(),
            lease_s=self._patience.lease_s,
            limit=_AT_ONCE,
        )
        async with asyncio.TaskGroup() as tasks:
            tried = [tasks.create_task(self._deliver(notice)) for notice in claimed]
        self._judge([each.result() for each in tried])
        return len(claimed)

    async def _deliver(self, notice: Claim) -> str | None:
        try:
            return await self._delivery.deliver(notice)
        except Unavailable as error:
            # A database that went away between claim and note: the lease ends by itself.
            return error.reason

    def _judge(self, reasons: Sequence[str | None]) -> None:
        """A handful of which nothing was answered shows a trouble, which lasts until something is."""
        put_off = [reason for reason in reasons if reason is not None]
        if any(reason in (None, ADDRESS_PUT_OFF) for reason in reasons):
            self._away = False
        elif put_off:
            self._away = True
        for reason in put_off:
            (self._progress.failed if self._away else self._progress.slipped)(reason)
        (self._progress.turned if self._away else self._progress.worked)()

    async def _measure(self) -> None:
        found = await waiting(self._database)
        OUTBOX_PENDING.labels("notice").set(found.count)
        self._progress.behind(found.count, None if found.since is None else self._clock() - found.since)
        if not found.count:
            self._away = False
