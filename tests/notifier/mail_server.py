"""A real SMTP server on loopback that can refuse, dawdle or hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from notifier.channels.mail_smtp import SmtpMail, smtp_server

SENDER = "security@upay.example"


def smtp(port: int, answer_s: float = 5.0, query: str = "", user: str = "") -> SmtpMail:
    """The channel to the server at a port of this machine."""
    return SmtpMail(smtp_server(f"smtp://{user}127.0.0.1:{port}{query}"), SENDER, answer_s)


class Mailbox:
    """What the server took, and how it behaves."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipient_answer = ""
        self.data_answer = ""
        self.dawdles = False
        self.hangs_up_after_data = 0
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.dawdles:
            await asyncio.Event().wait()
        if self.data_answer:
            return self.data_answer
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        if self.hangs_up_after_data:
            self.hangs_up_after_data -= 1
            server.transport.abort()
        return "250 OK"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self.logins.append((given.login, given.password))
        right = given.password == b"right p@ss"
        return AuthResult(success=right, handled=right)

    @property
    def ids(self) -> list[str]:
        """Message-IDs in the order of arrival."""
        return [str(message["Message-ID"]) for message in self.messages]


class MailServer:
    """`async with MailServer(mailbox) as port`."""

    def __init__(self, box: Mailbox, **options: Any) -> None:
        self._make: Callable[[], SMTP] = lambda: SMTP(box, loop=asyncio.get_running_loop(), **options)
        self._made: list[SMTP] = []

    async def __aenter__(self) -> int:
        def protocol() -> SMTP:
            self._made.append(self._make())
            return self._made[-1]

        self._server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for made in self._made:
            if made.transport is not None:
                cast("asyncio.Transport", made.transport).abort()
            handler = made._handler_coroutine
            if handler is not None:
                handler.cancel()
                await asyncio.gather(handler, return_exceptions=True)
        await self._server.wait_closed()
