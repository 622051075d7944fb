"""What was offered in a dispute, what each side says to it, and the contact with the other side, from the case's history."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from services.cases.case_rows import Entry
from services.cases.case_work import FIELD
from services.cases.kind_files import kinds
from services.desk.kind_reading import Around
from services.desk.story_parts import Telling, one_line

_OFFER, _AMOUNT, _ANSWER = "offer", "offer_amount", "offer_answer"
_ASKED, _ANSWERED = "counterparty_asked", "counterparty_answer"


class OfferShown(Struct, frozen=True):
    """Who offers or wants what, how much, and how that stands; `stands`: it is what is offered now."""

    who: str
    what: str
    amount: str
    state: str
    stands: bool = False


class ContactShown(Struct, frozen=True):
    """One contact with the other side: how, or what it said, and when and by whom."""

    what: str
    when: str


class _Version(Struct, frozen=True):
    """An offer as it was written down at `at`, epoch seconds."""

    at: float
    offer: str
    amount: str


def offers_of(around: Around, service: str, tell: Telling) -> list[OfferShown]:
    """Offers of ours, the newest first, then what the owner wants and the other side says; `service` is the wallet's name."""
    versions = _versions(around.file.entries)
    shown = [
        OfferShown(
            who=service,
            what=one_line(each.offer) if each.offer else tell.t("offers.no_words"),
            amount=_money(each.amount, around, tell),
            state=_state(each, around, tell) if place == 0 else tell.t("offers.replaced"),
            stands=place == 0,
        )
        for place, each in enumerate(reversed(versions))
    ]
    return [*shown, *_wish(around, tell), *_other_side(around, tell)]


def contacts_of(around: Around, tell: Telling) -> list[ContactShown]:
    """Each time that the other side was asked or answered, oldest first, as support wrote it down."""
    found = []
    for entry in around.file.entries:
        name, value = _written(entry)
        if value and name in (_ASKED, _ANSWERED):
            key = "offers.asked" if name == _ASKED else "offers.answered"
            when = tell.join(tell.date(entry.at), tell.who(entry.actor))
            found.append(ContactShown(tell.t(key, what=one_line(value)), when))
    return found


def _versions(entries: Sequence[Entry]) -> list[_Version]:
    """The offer each time that it was changed; fields that were filled in together are one change."""
    found: list[_Version] = []
    now = {_OFFER: "", _AMOUNT: ""}
    for entry in entries:
        name, value = _written(entry)
        if name not in now:
            continue
        now[name] = value
        if found and found[-1].at == entry.at:
            found.pop()
        found.append(_Version(entry.at, now[_OFFER], now[_AMOUNT]))
    return [each for each in found if each.offer or each.amount]


def _state(offer: _Version, around: Around, tell: Telling) -> str:
    """What became of the offer that stands: answered, told the owner, or nothing yet."""
    answer = around.work.fields.get(_ANSWER)
    if answer is not None and answer.set_at >= offer.at:
        field = kinds()[around.file.case.kind].field(_ANSWER)
        choices = () if field is None else field.choices
        said = next((each.in_(tell.locale) for each in choices if each.name == answer.value), answer.value)
        return tell.join(said, tell.date(answer.set_at))
    told = [
        entry.at
        for entry in around.file.entries
        if entry.kind == "message"
        and entry.at >= offer.at
        and offer.offer
        and offer.offer in (entry.note or "")
    ]
    return tell.t("offers.told", day=tell.date(told[-1])) if told else tell.t("offers.draft")


def _wish(around: Around, tell: Telling) -> list[OfferShown]:
    told, kind = around.told, kinds()[around.file.case.kind]
    wish = None if told is None else told.answers.get("wish")
    if told is None or wish is None or kind.owner is None:
        return []
    field = next((each for each in kind.owner.fields if each.name == "wish"), None)
    choices = () if field is None else field.choices
    said = next((each.in_(tell.locale) for each in choices if each.name == wish), one_line(wish))
    row = around.subject
    whole = wish == "all_back" and row is not None
    amount = tell.money(row.amount, row.currency) if whole and row is not None else "—"
    return [OfferShown(tell.t("offers.owner"), said, amount, tell.date(told.made_at))]


def _other_side(around: Around, tell: Telling) -> list[OfferShown]:
    said = around.work.fields.get(_ANSWERED)
    if said is None:
        return []
    who = around.work.value("counterparty") or tell.t("offers.other_side")
    return [OfferShown(one_line(who), one_line(said.value), "—", tell.date(said.set_at))]


def _written(entry: Entry) -> tuple[str, str]:
    if entry.kind != FIELD:
        return "", ""
    name, _, value = (entry.note or "").partition(": ")
    return name.removesuffix(":"), value


def _money(amount: str, around: Around, tell: Telling) -> str:
    row = around.subject
    return tell.money(amount, row.currency) if amount and row is not None else amount or "—"
