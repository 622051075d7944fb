"""What a letter says of an event against what is usual on the account. Pure."""

from __future__ import annotations

from contracts.decisions import Decision
from contracts.shown import Shown, Usual
from notifier import facts, spelled
from notifier.facts import Reader

_MOST_SENTENCES = 2
#: What a detector would say that a fact or a contrast says already.
_SAID_BY_PAYEE = frozenset({"new_payee"})
_SAID_BY_PLACE = frozenset({"new_device", "new_country", "new_network", "unfamiliar_login"})
_SAID_BY_AMOUNT = frozenset({"unusual_amount"})
#: What is nearer is the same place by another address.
_FAR_KM = 20.0


def contrast(decision: Decision, reader: Reader) -> list[str]:
    """What is usual, and what else spoke against the event, in two sentences at most."""
    words, shown = reader.words, decision.shown
    said: list[str] = []
    skipped: set[str] = set()
    usual = None if shown is None else shown.usual
    if shown is not None and usual is not None:
        if usual.payee_known is not None:
            skipped |= _SAID_BY_PAYEE
        if (before := _before(shown, usual, reader)) is not None:
            said.append(before)
            skipped |= _SAID_BY_PLACE
        if (
            decision.type == "transaction"
            and (amount := facts.money(usual.amount, usual.currency, words)) is not None
        ):
            said.append(words.say("usual.amount", money=amount))
            skipped |= _SAID_BY_AMOUNT
    weighty = sorted(decision.findings, key=lambda each: -each.share)
    for finding in weighty:
        why = words.find("why", finding.detector)
        if finding.mode == "on" and finding.detector not in skipped and why is not None and why not in said:
            said.append(why)
    return said[:_MOST_SENTENCES] or [words.frame["nothing"]]


def _before(shown: Shown, usual: Usual, reader: Reader) -> str | None:
    """Where and with what the account was before, as far as that differs."""
    words = reader.words
    if usual.at is None:
        return None
    device = None
    if usual.device and usual.device != shown.device:
        device = spelled.device(usual.device, words)
    where = None
    if (usual.country, usual.city) != (shown.country, shown.city):
        where = spelled.place(usual.city, usual.country, None, words)
    if where is not None and words.locale == "en":
        where = f"near {where[5:]}" if where.startswith("Near ") else f"in {where}"
    if device is None and where is None:
        return None
    form = "device_place" if device and where else "device" if device else "place"
    said = words.say(f"usual.{form}", device=device, place=where, day=reader.day(usual.at))
    if where is None or not shown.city or usual.distance_km is None or usual.distance_km < _FAR_KM:
        return said
    here = words.cities.get(shown.city) or spelled.text(shown.city)
    far = words.say("usual.distance", place=here, km=f"{_rounded(usual.distance_km):,}")
    return said + words.frame["separator"] + far


def _rounded(km: float) -> int:
    """As far as a place is known at all: two digits."""
    return int(float(f"{km:.2g}"))
