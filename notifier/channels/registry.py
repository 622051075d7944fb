"""The channels there are: a row for each. To add one, see docs/extend.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from notifier.channels import Channel
from notifier.channels.mail_folder import FolderMail
from notifier.channels.mail_smtp import SmtpMail, smtp_server
from services.cases import contact_points
from services.platform.settings import Settings


class ChannelKind(NamedTuple):
    """One way to an account's owner.

    `name` is what metrics and deliveries call it. `opened` answers the channel of these settings, None where it is not set up;
    `settings` names what sets it up. It takes letters to the owner's contact points of the kind `reaches`.
    """

    name: str
    opened: Callable[[Settings], Channel | None]
    settings: str
    reaches: str = contact_points.MAIL


def _mail(settings: Settings) -> Channel | None:
    if settings.smtp:
        return SmtpMail(smtp_server(settings.smtp), settings.smtp_sender)
    return None if settings.outbox_dir is None else FolderMail(settings.outbox_dir, settings.smtp_sender)


MAIL = ChannelKind("mail", _mail, "PAYGUARD_SMTP or PAYGUARD_OUTBOX_DIR")
CHANNELS = (MAIL,)


def channels(settings: Settings) -> dict[str, Channel]:
    """The channels that are set up, by name; SMTP goes before the outbox folder.

    Raises ValueError when there is none: notices would have nowhere to go.
    """
    found = {kind.name: channel for kind in CHANNELS if (channel := kind.opened(settings)) is not None}
    if not found:
        raise ValueError(f"the notifier needs {' or '.join(kind.settings for kind in CHANNELS)}")
    return found
