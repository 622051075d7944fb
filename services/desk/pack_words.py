"""The words of evidence packs, and whoever reads one: their language, clock, and what the copy hides."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from contracts.errors import Malformed
from contracts.shown import Shown
from notifier import facts, spelled
from notifier.words import words as letter_words
from services.cases.news import About
from services.cases.subjects import Subject
from services.desk.pack_masks import Masks
from services.portal.wording import LOCALES, Wording

#: What keeps mail programs from making links; a paper has none.
_UNSEEN = dict.fromkeys((0x2060, 0x2066, 0x2067, 0x2068, 0x2069))


@cache
def pack_words(locale: str) -> Wording:
    """The sentences of packs in a locale of LOCALES."""
    return Wording(locale, {key: said[locale] for key, said in _catalogue().items()})


def pack_labels(locale: str) -> dict[str, str]:
    """The sentences of the paper by their names, for its template."""
    return {
        key.removeprefix("pack."): said[locale]
        for key, said in _catalogue().items()
        if key.startswith("pack.")
    }


@cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for file in files("services.desk").joinpath("words").iterdir():
        if file.name.endswith(".toml"):
            for table, names in tomllib.loads(file.read_text("utf-8")).items():
                found |= {f"{table}.{name}": said for name, said in names.items()}
    return found


class Teller:
    """Says moments, events and names as a pack of that language, zone and masking has them.

    Raises Malformed for a language without words, and for a zone that there is not.
    """

    def __init__(self, locale: str, time_zone: str, masks: Masks) -> None:
        if locale not in LOCALES:
            raise Malformed("unknown_locale", f"a pack is made in {' or '.join(LOCALES)}")
        try:
            self._zone = UTC if time_zone == "UTC" else ZoneInfo(time_zone)
        except (LookupError, ValueError, OSError):
            raise Malformed("unknown_time_zone", "time zones are named as in Asia/Shanghai") from None
        self.locale = locale
        self.time_zone = time_zone
        self.masks = masks
        self.t = pack_words(locale)
        self.words = letter_words(locale)

    def at(self, moment: float) -> str:
        """An epoch time to the second, with its zone's offset: "2026-11-29T03:20:11+08:00"."""
        return datetime.fromtimestamp(moment, self._zone).isoformat(timespec="seconds")

    def at_if(self, moment: float | None) -> str | None:
        """The same of a time that may not have come."""
        return None if moment is None else self.at(moment)

    def said(self, key: str, other: str, **values: object) -> str:
        """The sentence, or `other` where a code has no words yet."""
        return self.t(key, **values) if key in self.t else other

    def event(self, subject: Subject) -> str:
        """An event in words, with what became of it where it says so."""
        shown = self._masked(subject.shown)
        if subject.type == "transaction" and shown is not None:
            what = self._payment(shown)
        else:
            about = About(type=subject.type, at=subject.at, shown=shown)
            what = facts.called(facts.event_of(about), self.words).translate(_UNSEEN)
        status = None if shown is None or shown.status is None else self._status(subject.type, shown.status)
        return what if status is None else self.t("pack_event.status", what=what, status=status)

    def money(self, amount: str, currency: str, payee_id: str | None) -> str:
        """A payment in words."""
        shown = Shown(amount=amount, currency=currency, payee_id=payee_id)
        return self.event(Subject(event_id="", type="transaction", at=0.0, source="decision", shown=shown))

    def by(self, actor: str | None) -> str | None:
        """Who did something, as people call them: a person's name without what they signed in as."""
        if actor is None:
            return None
        return self.said(f"pack_by.{actor}", actor.removeprefix("staff:").removeprefix("key:"))

    def text(self, said: str | None) -> str | None:
        """What a person wrote, as the copy shows it."""
        return None if said is None else self.masks.text(said)

    def _payment(self, shown: Shown) -> str:
        """Money with its payee in full: a letter cuts long names, a pack must not."""
        kind = shown.kind if shown.kind is not None and self.words.find("noun", shown.kind) else "payment"
        with_payee, without, unknown = self.words.forms("what", kind)
        if shown.amount is None or shown.currency is None:
            return unknown
        figure = spelled.money(shown.amount, shown.currency, self.locale)
        if shown.payee_id is None:
            return without.format(money=figure)
        return with_payee.format(money=figure, payee=shown.payee_id)

    def _masked(self, shown: Shown | None) -> Shown | None:
        if shown is None or shown.payee_id is None:
            return shown
        return replace(shown, payee_id=self.masks.name(shown.payee_id))

    def _status(self, event_type: str, status: str) -> str | None:
        if event_type == "login" and status != "failure":
            return None
        return self.said(f"pack_event.status_{status}", status)


def place(shown: Shown | None, teller: Teller) -> str | None:
    """Where an event came from: device and place, as far as they are known."""
    if shown is None:
        return None
    words = teller.words
    parts = [None if not shown.device else spelled.device(shown.device, words)]
    parts.append(spelled.place(shown.city, shown.country, shown.network_kind, words))
    said = words.frame["comma"].join(each for each in parts if each)
    return said.translate(_UNSEEN) or None
