"""Mail by SMTP and into a folder."""

from __future__ import annotations

import asyncio
import ssl
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import structs

from contracts.errors import Malformed, Unavailable
from notifier.channels import Letter, Short
from notifier.channels.envelope import message
from notifier.channels.mail_folder import FolderMail
from notifier.channels.mail_smtp import smtp_server
from services.platform.embedded import free_port
from tests.notifier.mail_server import SENDER, Mailbox, MailServer, smtp
from tests.parts.secure_kafka import certificate_for, key_in_pem

LETTER = Letter(
    to="li@upay.example",
    subject="您的账户有一次新的登录",
    text="您好。\n\n第一行\n",
    html="<p>您好。</p>",
    language="zh-CN",
    short=Short(title="新的登录", body="是您本人吗？", text="【UPay】新的登录。"),
    account_id="li",
    template="login_notice",
    reference="PG-7F3K-92",
)
AT = 1_790_000_000.0


def test_the_same_key_makes_the_same_bytes() -> None:
    first, second = (message(LETTER, "n1.mail", SENDER, AT).as_bytes() for _ in range(2))

    assert first == second


def test_a_line_break_in_a_subject_adds_no_header() -> None:
    tricky = structs.replace(LETTER, subject="a\r\nBcc: x@y.example")
    made = message_from_bytes(message(tricky, "k", SENDER, AT).as_bytes(), policy=default)

    assert (made["Bcc"], made["Subject"]) == (None, "a Bcc: x@y.example")


async def test_a_letter_arrives_whole(mailbox: Mailbox, port: int) -> None:
    await smtp(port).send(LETTER, "n1.mail", AT)
    taken = mailbox.messages[0]
    text, page = taken.get_body(("plain",)), taken.get_body(("html",))

    assert (taken["To"], taken["Subject"], taken["Message-ID"]) == (
        LETTER.to,
        LETTER.subject,
        "<n1.mail@upay.example>",
    )
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert page is not None
    assert page.get_content().strip() == LETTER.html


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("recipient", "550 no such user", Malformed),
        ("recipient", "553 bad name", Malformed),
        ("data", "554 no", Malformed),
        ("recipient", "450 later", Unavailable),
        ("data", "452 full", Unavailable),
    ],
)
async def test_what_is_refused_for_good_is_malformed_and_for_now_unavailable(
    step: str, answer: str, error: type[Exception], mailbox: Mailbox, port: int
) -> None:
    setattr(mailbox, f"{step}_answer", answer)
    with pytest.raises(error) as caught:
        await smtp(port).send(LETTER, "n1.mail", AT)

    assert LETTER.to not in str(caught.value)


async def test_a_slow_server_is_unavailable(mailbox: Mailbox, port: int) -> None:
    mailbox.dawdles = True
    with pytest.raises(Unavailable):
        await smtp(port, answer_s=0.2).send(LETTER, "n1.mail", AT)


async def test_a_server_that_hangs_up_is_unavailable_and_the_repeat_is_known_as_one(
    mailbox: Mailbox, port: int
) -> None:
    mailbox.hangs_up_after_data = 1
    with pytest.raises(Unavailable):
        await smtp(port).send(LETTER, "n1.mail", AT)
    await smtp(port).send(LETTER, "n1.mail", AT)

    assert mailbox.ids == ["<n1.mail@upay.example>"] * 2


async def test_no_server_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await smtp(free_port()).send(LETTER, "n1.mail", AT)


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server context for 127.0.0.1 and the file a client must trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    signed = certificate_for("127.0.0.1", key, "127.0.0.1", key)
    pem = folder / "server.pem"
    pem.write_bytes(key_in_pem(key) + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context, str(pem)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    return context


async def test_a_password_goes_over_starttls(tls: ssl.SSLContext) -> None:
    box = Mailbox()
    async with MailServer(
        box, authenticator=box.authenticate, tls_context=tls, require_starttls=True
    ) as port:
        await smtp(port, query="?starttls=1", user="upay:right%20p%40ss@").send(LETTER, "n1.mail", AT)

    assert (box.logins, len(box.messages)) == ([(b"upay", b"right p@ss")], 1)


async def test_a_wrong_password_is_unavailable_and_not_shown(tls: ssl.SSLContext) -> None:
    box = Mailbox()
    async with MailServer(box, authenticator=box.authenticate, tls_context=tls) as port:
        channel = smtp(port, query="?starttls=1", user="upay:hunter2@")
        with pytest.raises(Unavailable) as caught:
            await channel.send(LETTER, "n1.mail", AT)

    assert "hunter2" not in str(caught.value) + repr(caught.value) + repr(channel._server)


async def test_an_untrusted_server_gets_nothing(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    box = Mailbox()
    async with MailServer(box, tls_context=context) as port:
        with pytest.raises(Unavailable):
            await smtp(port, query="?starttls=1").send(LETTER, "n1.mail", AT)

    assert box.messages == []


@pytest.mark.parametrize(
    ("url", "port", "starttls", "secured"),
    [
        ("smtp://mail.upay.example", 25, False, False),
        ("smtp://mail.upay.example?starttls=1", 587, True, False),
        ("smtps://u:p@mail.upay.example", 465, False, True),
        ("smtp://mail.upay.example:2525/", 2525, False, False),
    ],
)
def test_smtp_urls_are_read(url: str, port: int, starttls: bool, secured: bool) -> None:
    server = smtp_server(url)

    assert (server.port, server.starttls, server.tls) == (port, starttls, secured)


@pytest.mark.parametrize(
    "url",
    ["http://x", "smtp://", "smtp://h?tls=1", "smtp://h/path", "smtps://h?starttls=1", "smtp://u:hunter2@h"],
)
def test_other_urls_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        smtp_server(url)

    assert "hunter2" not in str(caught.value)


async def test_a_folder_holds_one_file_a_key(tmp_path: Path) -> None:
    channel = FolderMail(tmp_path / "outbox", SENDER)
    await asyncio.gather(*(channel.send(LETTER, "n1.mail", AT) for _ in range(3)))
    await channel.send(LETTER, "n2.mail", AT)
    files = sorted(path.name for path in (tmp_path / "outbox").iterdir())
    read = message_from_bytes((tmp_path / "outbox" / "n1.mail.eml").read_bytes(), policy=default)

    assert (files, read["Subject"]) == (["n1.mail.eml", "n2.mail.eml"], LETTER.subject)


async def test_a_message_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    (tmp_path / "n1.mail.eml").write_bytes(b"before")
    await FolderMail(tmp_path, SENDER).send(LETTER, "n1.mail", AT)

    assert (tmp_path / "n1.mail.eml").read_bytes() == b"before"


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(Unavailable):
        await FolderMail(tmp_path / "outbox", SENDER).send(LETTER, "n1.mail", AT)
