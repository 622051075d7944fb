"""The other sides of the notifier's channels, in this process: a mail server, a push service, a provider of text messages."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import AsyncExitStack
from email.parser import BytesHeaderParser
from email.policy import default
from types import TracebackType
from typing import Any, Self

from msgspec import json

from tests.notifier.doubles import HttpDouble
from tests.notifier.mail_server import SENDER, Mailbox, MailServer
from tests.notifier.test_web_push import Browser, plain

_VAPID_KEY = plain(bytes(range(1, 33)))
_headers = BytesHeaderParser(policy=default).parsebytes


class Letters(Mailbox):
    """A mailbox of Message-IDs alone."""

    def __init__(self, providers: Providers) -> None:
        super().__init__()
        self._providers = providers

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take the letter."""
        named = str(_headers(envelope.content)["Message-ID"])
        self._providers.note(named.strip("<>").partition("@")[0])
        return "250 OK"


class Providers:
    """All three, while entered. `came` says how often each message id arrived, `first_at` when first (monotonic seconds)."""

    def __init__(self) -> None:
        self.came: Counter[str] = Counter()
        self.first_at: dict[str, float] = {}
        self.pushes = HttpDouble(lambda body: self.note(json.decode(self.browser.opened(body))["id"]))
        self.texts = HttpDouble(lambda body: self.note(json.decode(body)["id"]))
        self._open = AsyncExitStack()

    def note(self, message_id: str) -> None:
        """A message has come."""
        self.came[message_id] += 1
        self.first_at.setdefault(message_id, time.monotonic())

    async def __aenter__(self) -> Self:
        self._mail_port = await self._open.enter_async_context(MailServer(Letters(self)))
        await self._open.enter_async_context(self.pushes)
        await self._open.enter_async_context(self.texts)
        self.browser = Browser(self.pushes.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def settings(self) -> dict[str, Any]:
        """The notifier's settings that lead to them, with no bound on how many letters go out."""
        return {
            "smtp": f"smtp://127.0.0.1:{self._mail_port}",
            "smtp_sender": SENDER,
            "web_push_key": _VAPID_KEY,
            "webhook_private_networks": True,
            "sms_url": f"json://127.0.0.1:{self.texts.port}/send?:to={{to}}&:id={{key}}&cto=5&rto=30",
            "critical_letters_per_hour": 1_000_000,
        }
