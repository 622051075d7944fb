"""What the form of an act asks and sends: its fields, its choices, and the message that is composed with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier import spelled
from notifier.facts import Reader
from notifier.short import parts, short
from notifier.words import words as letter_words
from services.cases.acts.asked import Asked, Malasked
from services.cases.acts.case_deeds import letter_of
from services.cases.acts.registry import Act
from services.cases.acts.situation import Situation
from services.cases.mail_addresses import masked
from services.cases.references import case_number, reference
from services.cases.tables import contact_points
from services.desk.kind_choices import Choice, closings, waits
from services.portal.wording import NAMES
from services.staff.members import Member

#: A form that nobody has filled in.
EMPTY = dict.fromkeys(("why", "text", "choice", "until", "event", "other", "colleague", "own"), "")
#: A date's hour, on the agent's clock, at which a case comes back.
_MORNING = 8
_ADDRESSES = re.compile(r"https?:|www\.|\w@\w|\d{6,}|[a-z0-9-]+\.[a-z]{2,}(?:/|\b)", re.IGNORECASE)
_MOST_OWN = 300


class Message(Struct, frozen=True, kw_only=True):
    """A message as it is composed: in whose language, what they read, by which ways a letter tells of it, how long."""

    locale: str
    language: str
    text: str
    ways: list[str]
    sms_parts: int
    sms_letters: int
    ref: str


class Reached(Struct, frozen=True):
    """How the owner reads and is reached: language, zone, and ways, their addresses masked."""

    locale: str
    time_zone: str
    ways: list[str]


async def reached(connection: AsyncConnection, account_id: str) -> Reached:
    """The owner's language and ways, the newest first; Chinese where nobody has said."""
    query = (
        select(contact_points.c.address, contact_points.c.locale, contact_points.c.time_zone)
        .where(contact_points.c.account_id == account_id, contact_points.c.until.is_(None))
        .where(contact_points.c.bouncing_since.is_(None))
        .order_by(contact_points.c.since.desc())
        .limit(5)
    )
    rows = (await connection.execute(query)).all()
    if not rows:
        return Reached("zh-CN", "Asia/Shanghai", [])
    return Reached(rows[0].locale, rows[0].time_zone, [masked(row.address) for row in rows])


def composed(
    situation: Situation, owner: Reached, text: str, locale: str, own: str, service: str, act_id: str
) -> Message:
    """The message of that text with a sentence of one's own. Raises Malasked for one with links, numbers or addresses."""
    own = " ".join(own.split())
    if len(own) > _MOST_OWN or _ADDRESSES.search(own):
        raise Malasked("own", "your own sentence has links, long numbers or addresses")
    ref = reference(letter_of(act_id))
    sms = _text_message(owner, service, ref)
    return Message(
        locale=locale,
        language=NAMES[locale],
        text=f"{text}\n{own}" if own else text,
        ways=owner.ways,
        sms_parts=parts(sms),
        sms_letters=len(sms),
        ref=ref,
    )


def _text_message(owner: Reached, service: str, ref: str) -> str:
    reader = Reader(letter_words(owner.locale), owner.time_zone)
    letter = reader.words.letter("case_message", None) or {}
    said = {
        name: str(letter.get(name, "")).format_map(_Gaps(service=service)) for name in ("subject", "lead")
    }
    return short(said["subject"], said["lead"], None, reader, service, ref, None, False).text


class _Gaps(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def choices_of(act: Act, situation: Situation, member: Member) -> list[Choice]:
    """What the act's form lets choose from."""
    kind = situation.case.kind
    if act.name == "wait":
        return waits(kind, member.locale)
    if act.name == "close":
        return closings(kind, member.locale)
    if act.name == "merge":
        return [Choice(each.case_id, case_number(each.case_id)) for each in situation.others]
    if "event" in act.takes and len(situation.payments) > 1 and act.group == "payment":
        return [
            Choice(each.event_id, spelled.money(each.amount, each.currency, member.locale))
            for each in situation.payments
        ]
    return []


def asked_of(fields: Mapping[str, str], member: Member) -> Asked:
    """What the form asks. Raises Malasked for a day that is none."""
    return Asked(
        why=fields.get("why", "").strip(),
        text=fields.get("text", "").strip(),
        choice=fields.get("choice", ""),
        until=_until(fields.get("until", ""), member),
        event=fields.get("event", ""),
        other=fields.get("other", ""),
        colleague=fields.get("colleague", "").strip().lower(),
    )


def defaults(act: Act, situation: Situation, member: Member) -> dict[str, Any]:
    """What stands in a form that nobody has filled in."""
    tomorrow = datetime.fromtimestamp(situation.now, ZoneInfo(member.time_zone)) + timedelta(days=1)
    return {
        "until": tomorrow.strftime("%Y-%m-%d") if "until" in act.takes else "",
        "colleague": member.name if act.name == "assign" else "",
    }


def _until(day: str, member: Member) -> float:
    if not day:
        return 0.0
    try:
        at = datetime.strptime(day, "%Y-%m-%d")  # noqa: DTZ007 (its zone is the agent's)
    except ValueError:
        raise Malasked("until", "a day is written as 2026-11-30") from None
    return at.replace(hour=_MORNING, tzinfo=ZoneInfo(member.time_zone)).timestamp()
