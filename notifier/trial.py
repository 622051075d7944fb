"""One made-up letter by a channel as it is set up, to an address of the operator's own: does it work, and what does it say?"""

from __future__ import annotations

from msgspec import Struct, structs

from contracts.errors import Malformed, Unavailable
from notifier.channels import Channel, Letter
from notifier.channels.apprise_url import overheard
from notifier.channels.registry import CHANNELS
from notifier.render import Templates
from notifier.routing import Route
from notifier.samples import samples
from notifier.words import words
from services.cases.classes import NEW_DEVICE
from services.cases.contact_kinds import KINDS, checked
from services.platform.database import Database
from services.platform.settings import Settings

_ZONES = {"zh-CN": "Asia/Shanghai", "en": "Europe/London"}


class Tried(Struct, frozen=True, kw_only=True):
    """How it went: `taken` or not, by what name the provider calls it, and what it said otherwise.

    What it said may name hosts and addresses: it is for the operator's eyes.
    """

    taken: bool
    delivered: bool = False
    again: bool = False
    provider_id: str | None = None
    said: str = ""


def channel_of(name: str, settings: Settings, database: Database) -> Channel:
    """The channel of that name. Raises Malformed for one that there is not, that is not set up, or needs no trial."""
    known = {kind.way.name: kind for kind in CHANNELS if kind.way.reaches is not None}
    if name not in known:
        raise Malformed("channel", f"--channel takes {', '.join(known)}, not {name}")
    opened = known[name].opened(settings, database)
    if opened is None:
        raise Malformed("channel", f"the channel {name} is not set up: set {known[name].settings}")
    return opened


def address_of(channel: str, to: str, settings: Settings) -> str:
    """The address as the channel takes it. Raises Malformed with the rule for one of another form."""
    for kind in KINDS:
        if kind == channel:
            return checked(kind, to, settings.webhook_private_networks)
    name, at, domain = to.rpartition("@")
    if not (name and at and domain) or any(each.isspace() or not each.isprintable() for each in to):
        raise Malformed("address", "an address for mail has the form name@example.com")
    return to


def letter(service: str, to: str, locale: str) -> Letter:
    """A sample of a sign-in by a new device, which says in each of its forms that it is a test."""
    said = words(locale).short
    _, (notice, *_) = samples(NEW_DEVICE)[0]
    templates = Templates(said["test_service"].format(service=service))
    made = templates.letter(notice, Route("", to, locale, _ZONES[locale]))
    title = said["test_subject"].format(subject=made.short.title)
    return structs.replace(
        made,
        subject=said["test_subject"].format(subject=made.subject),
        short=structs.replace(made.short, title=title),
    )


async def tried(channel: Channel, sample: Letter, key: str, at: float) -> Tried:
    """Send the sample once, under that idempotency key."""
    with overheard() as heard:
        try:
            sent = await channel.send(sample, key, at)
        except Malformed as error:
            return Tried(taken=False, said=_joined(error.detail, heard))
        except Unavailable as error:
            return Tried(taken=False, again=True, said=_joined(str(error), heard))
    return Tried(taken=True, delivered=sent.delivered, provider_id=sent.provider_id)


def _joined(said: str, heard: list[str]) -> str:
    return "; ".join([said, *heard])
