"""The channels there are: a row for each. To add one, see docs/extend.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from notifier.channels import Channel
from notifier.channels.apprise_url import AppriseChannel
from notifier.channels.mail_folder import FolderMail
from notifier.channels.mail_smtp import SmtpMail, smtp_server
from notifier.channels.wallet_inbox import WalletInbox
from notifier.channels.web_push import WebPush, signing_key
from notifier.plan import Way
from services.cases import contact_points
from services.cases.classes import MessageClass
from services.platform.database import Database
from services.platform.settings import Settings


class ChannelKind(NamedTuple):
    """One way to an account's owner.

    `opened` answers the channel of these settings and database, None where it is not set up; `settings` names what sets it up.
    `way` says what metrics and messages call it, which contact points it takes letters to, and for which classes of messages.
    `at_once` messages are sent side by side, of critical ones and of others.
    """

    way: Way
    opened: Callable[[Settings, Database], Channel | None]
    settings: str
    at_once: int = 16


def _mail(settings: Settings, _database: Database) -> Channel | None:
    if settings.smtp:
        return SmtpMail(smtp_server(settings.smtp), settings.smtp_sender)
    return None if settings.outbox_dir is None else FolderMail(settings.outbox_dir, settings.smtp_sender)


def _sms(settings: Settings, _database: Database) -> Channel | None:
    return AppriseChannel("sms", settings.sms_url, texts=True) if settings.sms_url else None


def _push(settings: Settings, _database: Database) -> Channel | None:
    return AppriseChannel("push", settings.push_url, texts=False) if settings.push_url else None


def _chat(settings: Settings, _database: Database) -> Channel | None:
    return AppriseChannel("chat", settings.chat_url, texts=False) if settings.chat_url else None


def _web_push(settings: Settings, _database: Database) -> Channel | None:
    if not settings.web_push_key:
        return None
    key = signing_key(settings.web_push_key)
    return WebPush(key, settings.smtp_sender, settings.webhook_private_networks)


def _inbox(settings: Settings, database: Database) -> Channel | None:
    return WalletInbox(database, to_kafka=settings.messages_to_kafka)


_URGENT: tuple[MessageClass, ...] = ("critical", "security")
_PUSHES = ("push", "web_push")
MAIL = ChannelKind(
    Way(name="mail", reaches=contact_points.MAIL), _mail, "PAYGUARD_SMTP or PAYGUARD_OUTBOX_DIR"
)
PUSH = ChannelKind(Way(name="push", reaches="push", classes=_URGENT), _push, "PAYGUARD_PUSH_URL")
WEB_PUSH = ChannelKind(
    Way(name="web_push", reaches="web_push", classes=_URGENT), _web_push, "PAYGUARD_WEB_PUSH_KEY"
)
CHAT = ChannelKind(Way(name="chat", reaches="chat", classes=_URGENT), _chat, "PAYGUARD_CHAT_URL")
SMS = ChannelKind(
    Way(name="sms", reaches="sms", classes=_URGENT[:1], stands_in_for=_PUSHES), _sms, "PAYGUARD_SMS_URL"
)
INBOX = ChannelKind(Way(name="inbox", reaches=None), _inbox, "nothing")
CHANNELS = (MAIL, PUSH, WEB_PUSH, CHAT, SMS, INBOX)


def channels(settings: Settings, database: Database) -> dict[str, Channel]:
    """The channels that are set up, by name; SMTP goes before the outbox folder.

    Raises ValueError when none of them leads to owners: notices would have nowhere to go.
    """
    opened = {kind: kind.opened(settings, database) for kind in CHANNELS}
    outside = [kind for kind in CHANNELS if kind.way.reaches is not None]
    if all(opened[kind] is None for kind in outside):
        raise ValueError(f"the notifier needs {' or '.join(kind.settings for kind in outside)}")
    return {kind.way.name: channel for kind, channel in opened.items() if channel is not None}
