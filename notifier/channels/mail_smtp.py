"""Mail through an SMTP server."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from msgspec import Struct

from contracts.errors import Malformed, Unavailable
from notifier.channels import ADDRESS_PUT_OFF, ADDRESS_REFUSED, SLOW, Letter, Sent
from notifier.channels.envelope import message

_ANSWER_S = 15.0


class SmtpServer(Struct, frozen=True, kw_only=True):
    """Where and how to hand mail in; `password` never appears in a message or error."""

    host: str
    port: int
    starttls: bool
    tls: bool
    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port})"


def smtp_server(url: str) -> SmtpServer:
    """The server of `smtp://user:password@host:port?starttls=1` or `smtps://...` (TLS from the first byte).

    Raises ValueError for any other URL, without quoting it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("smtp must be smtp://[user:password@]host[:port][?starttls=1] or smtps://...")
    options = parse_qs(parts.query)
    tls = parts.scheme == "smtps"
    starttls = options.pop("starttls", ["0"])[-1] == "1"
    if options or parts.path not in ("", "/") or (tls and starttls):
        raise ValueError("smtp takes only ?starttls=1, and smtps:// takes no option")
    if parts.username and not (tls or starttls):
        raise ValueError("smtp sends a password only with ?starttls=1 or smtps://")
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or (465 if tls else 587 if starttls else 25),
        starttls=starttls,
        tls=tls,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


class SmtpMail:
    """Hands each message to an SMTP server, one connection a message.

    At least once: when the connection breaks after the last byte the server may have taken the message; it is sent
    again with the same Message-ID.
    """

    name = "mail"

    def __init__(self, server: SmtpServer, sender: str, answer_s: float = _ANSWER_S) -> None:
        self._server = server
        self._sender = sender
        self._answer_s = answer_s

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        """Send the message; Malformed when the address is refused for good (5xx), Unavailable for all else."""
        mail = message(letter, key, self._sender, at)
        server = self._server
        try:
            await aiosmtplib.send(
                mail,
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=server.tls,
                start_tls=server.starttls,
                timeout=self._answer_s,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            if codes and all(500 <= code < 600 for code in codes):
                raise Malformed(ADDRESS_REFUSED, f"the mail server refused the address: {codes[0]}") from None
            raise Unavailable(f"mail server put the address off: {codes}", ADDRESS_PUT_OFF) from None
        except aiosmtplib.SMTPDataError as error:
            if 500 <= error.code < 600:
                raise Malformed(
                    "message_refused", f"the mail server refused the message: {error.code}"
                ) from None
            raise Unavailable(f"mail server answered {error.code}", "mail_put_off") from None
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Unavailable(f"mail server answered {error.code}", "mail_login_refused") from None
        except aiosmtplib.SMTPResponseException as error:
            raise Unavailable(f"mail server answered {error.code}", "mail_put_off") from None
        except TimeoutError as error:
            raise Unavailable(f"mail server away: {type(error).__name__}", SLOW) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(f"mail server away: {type(error).__name__}", "mail_away") from None
        return Sent()
