"""What a letter states of an event: rows of facts, the contrast with what is usual, and what was done about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from contracts.decisions import Decision, Freeze, HoldPayment, IssueChallenge
from contracts.shown import Shown
from notifier import spelled
from notifier.proofs import proof
from notifier.told import Told
from notifier.words import Words
from services.cases.kind_words import report_called, report_ended
from services.cases.news import About, CaseNews, News

#: A subject is read on a phone.
_MOST_PAYEE = 24
_PAYMENT = "payment"
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
        return Payment(money(shown.amount, shown.currency, words), shown.payee_id, kind)
    for effect in decision.effects:
        if isinstance(effect, HoldPayment | IssueChallenge) and effect.amount is not None:
            return Payment(money(effect.amount, effect.currency, words), effect.payee_id)
    return Payment(None, None)


def event_facts(told: Told, decision: Decision, reader: Reader) -> list[Fact]:
    """Payee or change, time, device and place of the event."""
    words = reader.words
    facts = payees(decision, words)
    if decision.type == "account_change" and (change := changed(decision, words)) is not None:
        facts.append(Fact(words.say("label.change"), change[0].upper() + change[1:]))
    facts.append(_time(told, decision, reader))
    return facts + from_where(decision.shown, words) + _proof(decision, words)


def _proof(decision: Decision, words: Words) -> list[Fact]:
    """By what a sign-in showed that it was the owner."""
    shown = decision.shown
    if decision.type != "login" or shown is None or shown.status == "failure":
        return []
    said = proof(shown.kind, words)
    return [] if said is None else [Fact(words.say("label.proof"), said)]


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


def news_facts(news: News, reader: Reader, due: str = "due") -> list[Fact]:
    """Time and details of what no decision told; `due` is the label of the time that it names."""
    words = reader.words
    facts = []
    kind = "address" if news.way is None else "way"
    if news.replaced is not None:
        facts.append(Fact(words.say(f"label.from_{kind}"), news.replaced))
    if news.address is not None:
        facts.append(Fact(words.say(f"label.to_{kind}"), news.address))
    if news.case is not None:
        facts += _case(news.case, words)
    facts.append(Fact(words.say("label.time"), reader.moment(news.at), (reader.zone(news.at),)))
    if news.about is not None:
        facts.insert(0, _spoken_of(news.about, reader))
    if news.due_at is not None:
        facts.append(Fact(words.say(f"label.{due}"), reader.moment(news.due_at)))
    if news.codes_left is not None:
        facts.append(Fact(words.say("label.codes_left"), str(news.codes_left)))
    return facts


def _case(case: CaseNews, words: Words) -> list[Fact]:
    """What the case is called, what it is about, and how it ended."""
    about = report_called(case.kind, words.locale)
    facts = [Fact(words.say("label.case"), case.number, () if about is None else (about,))]
    if case.outcome is None:
        return facts
    end = report_ended(case.kind, case.outcome, words.locale) or words.find("outcome", case.outcome)
    return facts if end is None else [*facts, Fact(words.say("label.outcome"), end)]


def event_of(about: About) -> Decision:
    """The event as if it had been decided on, with nothing done about it."""
    return Decision(
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


def called(event: Decision, words: Words) -> str:
    """What tells the event from others: "CNY 18,000.00 to chen-wei-4471", "Sign-in: Windows PC, near Suzhou"."""
    if event.type == "transaction":
        said = payment(event, words).called(words)
        return said[0].upper() + said[1:]
    return (words.find("event", event.type) or words.say("event.other")) + of(event, words)


def _spoken_of(about: About, reader: Reader) -> Fact:
    """What the owner spoke of, and when it was."""
    said = called(event_of(about), reader.words)
    return Fact(reader.words.say("label.spoken_of"), said, (reader.moment(about.at),))


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


def money(amount: str | None, currency: str | None, words: Words) -> str | None:
    """The amount as the reader writes it; None where nobody named one."""
    return None if amount is None or currency is None else spelled.money(amount, currency, words.locale)
