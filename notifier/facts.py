"""What a letter states of an event: rows of facts, the contrast with what is usual, and what was done about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from contracts.decisions import Decision, Freeze, HoldPayment, IssueChallenge
from contracts.shown import Shown, Usual
from notifier import spelled
from notifier.claims import Told
from notifier.words import Words
from services.cases.news import About, News

#: A subject is read on a phone.
_MOST_PAYEE = 24
_MOST_SENTENCES = 2
_PAYMENT = "payment"
#: What a detector would say that a fact or a contrast says already.
_SAID_BY_PAYEE = frozenset({"new_payee"})
_SAID_BY_PLACE = frozenset({"new_device", "new_country", "new_network", "unfamiliar_login"})
_SAID_BY_AMOUNT = frozenset({"unusual_amount"})
_COARSEST_KM = 1000.0


class Fact(Struct, frozen=True):
    """One row: what it is called, its value, and notes below it. A `name` was chosen by somebody and stands apart."""

    label: str
    value: str
    notes: tuple[str, ...] = ()
    name: bool = False


class Reader(Struct, frozen=True):
    """Whoever reads the letter: the words of their language, and their time zone."""

    words: Words
    time_zone: str

    def day(self, at: float) -> str:
        """The day of an epoch time."""
        return spelled.day(at, self.words.locale, self.time_zone)

    def moment(self, at: float) -> str:
        """Day and time of an epoch time."""
        return spelled.moment(at, self.words.locale, self.time_zone)

    def zone(self, at: float) -> str:
        """The zone of these."""
        return spelled.zone(at, self.words, self.time_zone)


class Payment(Struct, frozen=True):
    """The money of an event: the amount as it is read, whom it goes to, and what it is called."""

    amount: str | None
    payee: str | None
    kind: str = _PAYMENT

    def called(self, words: Words) -> str:
        """What tells it from others: "CNY 18,000.00 to chen-wei-4471"."""
        with_payee, without, unknown = words.forms("what", self.kind)
        if self.amount is None:
            return unknown
        if self.payee is None:
            return without.format(money=self.amount)
        payee = spelled.isolated(spelled.text(self.payee, _MOST_PAYEE))
        return with_payee.format(money=self.amount, payee=payee)


def payment(decision: Decision | None, words: Words) -> Payment:
    """The money of a decision's event, from what is shown of it, or else from what its effects say."""
    if decision is None:
        return Payment(None, None)
    if (shown := decision.shown) is not None:
        kind = shown.kind if shown.kind is not None and words.find("noun", shown.kind) else _PAYMENT
        return Payment(_money(shown.amount, shown.currency, words), shown.payee_id, kind)
    for effect in decision.effects:
        if isinstance(effect, HoldPayment | IssueChallenge) and effect.amount is not None:
            return Payment(_money(effect.amount, effect.currency, words), effect.payee_id)
    return Payment(None, None)


def event_facts(told: Told, decision: Decision, reader: Reader) -> list[Fact]:
    """Payee or change, time, device and place of the event."""
    words = reader.words
    facts = payees(decision, words)
    if decision.type == "account_change" and (change := changed(decision, words)) is not None:
        facts.append(Fact(words.say("label.change"), change[0].upper() + change[1:]))
    facts.append(_time(told, decision, reader))
    return facts + from_where(decision.shown, words)


def payees(decision: Decision, words: Words) -> list[Fact]:
    """Whom a payment goes to, and whether that is new; nothing where it has no payee."""
    payee = payment(decision, words).payee
    if decision.type != "transaction" or payee is None:
        return []
    usual = None if decision.shown is None else decision.shown.usual
    known = None if usual is None else usual.payee_known
    notes = () if known is None else (words.say("note.payee_known" if known else "note.payee_new"),)
    return [Fact(words.say("label.payee"), spelled.text(payee, 128), notes, name=True)]


def _time(told: Told, decision: Decision, reader: Reader) -> Fact:
    words, notes = reader.words, [reader.zone(decision.at)]
    for effect in decision.effects:
        # What was asked for beside a hold lives shorter than the payment waits.
        if isinstance(effect, IssueChallenge) and told.template == "challenge_notice":
            until = spelled.clock(told.recorded_at + effect.lifetime_s, reader.time_zone)
            notes.append(words.say("note.answer_until", due=until))
        elif isinstance(effect, HoldPayment):
            notes.append(words.say("note.waits_until", due=reader.moment(told.recorded_at + effect.due_s)))
    return Fact(words.say("label.time"), reader.moment(decision.at), tuple(notes))


def from_where(shown: Shown | None, words: Words) -> list[Fact]:
    """Device and place; nothing of a decision that was recorded before these were kept."""
    if shown is None:
        return []
    unknown = words.say("note.unknown")
    device = Fact(words.say("label.device"), unknown, (words.say("note.device_unknown"),))
    if shown.device:
        device = Fact(words.say("label.device"), spelled.device(shown.device, words))
    where = spelled.place(shown.city, shown.country, shown.network_kind, words)
    if where is None:
        why = words.find("note", shown.network_kind or "") or words.say("note.place_unknown")
        return [device, Fact(words.say("label.place"), unknown, (why,))]
    notes: tuple[str, ...] = ()
    if shown.city and shown.accuracy_km and shown.accuracy_km <= _COARSEST_KM:
        notes = (words.say("note.accuracy", km=f"{max(1, round(shown.accuracy_km)):,}"),)
    return [device, Fact(words.say("label.place"), where, notes)]


def changed(decision: Decision, words: Words) -> str | None:
    """What was changed; None when the decision does not say."""
    shown = decision.shown
    return None if shown is None or shown.kind is None else words.find("change", shown.kind)


def of(decision: Decision, words: Words) -> str:
    """What tells a sign-in or a change from others, behind a colon: ": Windows PC, near Suzhou, China"; empty for nothing."""
    shown = decision.shown
    if decision.type == "account_change":
        said = changed(decision, words)
    elif shown is None:
        said = None
    else:
        device = None if not shown.device else spelled.device(shown.device, words)
        where = spelled.place(shown.city, shown.country, shown.network_kind, words)
        if where is not None and device is not None and words.locale == "en":
            where = where[0].lower() + where[1:] if where.startswith("Near ") else where
        said = words.frame["comma"].join(spelled.isolated(each) for each in (device, where) if each) or None
    return "" if said is None else words.frame["colon"] + said


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
            and (amount := _money(usual.amount, usual.currency, words)) is not None
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
    return words.say(f"usual.{form}", device=device, place=where, day=reader.day(usual.at))


def news_facts(news: News, reader: Reader, due: str = "due") -> list[Fact]:
    """Time and details of what no decision told; `due` is the label of the time that it names."""
    words = reader.words
    facts = []
    if news.replaced is not None:
        facts.append(Fact(words.say("label.from_address"), news.replaced))
    if news.address is not None:
        facts.append(Fact(words.say("label.to_address"), news.address))
    facts.append(Fact(words.say("label.time"), reader.moment(news.at), (reader.zone(news.at),)))
    if news.about is not None:
        facts.insert(0, _spoken_of(news.about, reader))
    if news.due_at is not None:
        facts.append(Fact(words.say(f"label.{due}"), reader.moment(news.due_at)))
    if news.codes_left is not None:
        facts.append(Fact(words.say("label.codes_left"), str(news.codes_left)))
    return facts


def _spoken_of(about: About, reader: Reader) -> Fact:
    """What the owner spoke of, and when it was."""
    words = reader.words
    event = Decision(
        event_id="",
        account_id="",
        type=about.type,
        at=about.at,
        risk=0.0,
        score=0,
        action="allow",
        policy_version="",
        shown=about.shown,
    )
    if about.type == "transaction":
        called = payment(event, words).called(words)
        called = called[0].upper() + called[1:]
    else:
        called = (words.find("event", about.type) or words.say("event.other")) + of(event, words)
    return Fact(words.say("label.spoken_of"), called, (reader.moment(about.at),))


def done(decision: Decision, words: Words) -> list[str]:
    """What the decision's effects did, as far as their reader sees it."""
    by_kind = words.shared("did")
    kinds = [str(effect.__struct_config__.tag) for effect in decision.effects]
    return [by_kind[kind] for kind in by_kind if kind in kinds]


def is_frozen(decision: Decision) -> bool:
    """Whether outgoing money was stopped."""
    return any(isinstance(effect, Freeze) for effect in decision.effects)


def lines(facts: Sequence[Fact], frame: Mapping[str, str]) -> list[str]:
    """The rows as plain text."""
    shown = []
    for fact in facts:
        notes = frame["comma"].join(fact.notes)
        shown.append(
            fact.label
            + frame["colon"]
            + spelled.isolated(fact.value)
            + (frame["open"] + notes + frame["close"] if notes else "")
        )
    return shown


def _money(amount: str | None, currency: str | None, words: Words) -> str | None:
    return None if amount is None or currency is None else spelled.money(amount, currency, words.locale)
