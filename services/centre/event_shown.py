"""One event as its owner is asked about it: what it was, how much, to whom, when, from what and where. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from contracts.shown import Shown
from notifier import spelled
from notifier.facts import Fact, Reader, from_where
from services.cases.held_payments import HeldPayment
from services.cases.subjects import Subject
from services.mfa.records import Challenge
from services.portal.figures import has_look_alikes, visible

_KINDS = {"login": "login", "transaction": "transaction", "account_change": "change", "change": "change"}


class EventShown(Struct, frozen=True, kw_only=True):
    """`amount` is as the reader writes it; `kind` chooses the words of the question: transaction, login, change or event."""

    event_id: str
    kind: str
    amount: str | None
    facts: Sequence[Fact]
    look_alike: bool


def of_challenge(challenge: Challenge, known: Subject | None, reader: Reader) -> EventShown:
    """What a challenge asks about: PayGuard's stored copy of it, with what else is known of the event."""
    shown = _seen(known) or Shown()
    asked = replace(shown, amount=challenge.amount, currency=challenge.currency, payee_id=challenge.payee_id)
    at = challenge.issued_at if known is None else known.at
    return _shown(challenge.event_id, challenge.purpose, at, asked, known is not None, reader)


def of_payment(payment: HeldPayment, reader: Reader) -> EventShown:
    """A payment that was held."""
    shown = payment.shown or Shown()
    held = replace(shown, amount=payment.amount, currency=payment.currency, payee_id=payment.payee_id)
    return _shown(payment.event_id, "transaction", payment.placed_at, held, payment.shown is not None, reader)


def of_event(event: Subject, reader: Reader) -> EventShown:
    """Any other event."""
    shown = event.shown or Shown()
    return _shown(event.event_id, event.type, event.at, shown, event.shown is not None, reader)


def _seen(known: Subject | None) -> Shown | None:
    return None if known is None else known.shown


def _shown(
    event_id: str, type_name: str, at: float, shown: Shown, has_place: bool, reader: Reader
) -> EventShown:
    """`has_place`: where it came from was asked for, so that not knowing it is worth saying."""
    words, payee = reader.words, shown.payee_id
    facts: list[Fact] = []
    if payee is not None:
        known = None if shown.usual is None else shown.usual.payee_known
        notes = () if known is None else (words.say("note.payee_known" if known else "note.payee_new"),)
        facts.append(Fact(words.say("label.payee"), visible(payee), notes, name=True))
    kind = _KINDS.get(type_name, "event")
    if kind == "change" and shown.kind and (change := words.find("change", shown.kind)):
        facts.append(Fact(words.say("label.change"), change[0].upper() + change[1:]))
    facts.append(Fact(words.say("label.time"), reader.moment(at), (reader.zone(at),)))
    amount = None
    if shown.amount is not None and shown.currency is not None:
        amount = spelled.money(shown.amount, shown.currency, words.locale)
    return EventShown(
        event_id=event_id,
        kind=kind,
        amount=amount,
        facts=facts + from_where(shown, words) if has_place else facts,
        look_alike=payee is not None and has_look_alikes(payee),
    )
