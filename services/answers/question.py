"""What an answer page shows of a link: the words and facts of its letter, in the reader's language. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from contracts.errors import Malformed
from notifier import spelled
from notifier.answering import Yes, asked
from notifier.body import Body, body
from notifier.facts import Fact, Reader
from notifier.told import Told
from notifier.words import words
from services.cases.answer_links import AnswerLink
from services.cases.references import reference


class Question(Struct, frozen=True, kw_only=True):
    """The letter as the pages repeat it.

    `kind` is the event's type, "news" of what no decision told; `where` says when and with what in one line; `who` is the
    account, masked; `no` is the button's own words where the letter has some.
    """

    kind: str
    noun: str
    tone: str
    reference: str
    who: str
    subject: str
    where: str
    lead: str
    amount: str | None
    amount_label: str
    facts: Sequence[Fact]
    usual_title: str
    usual: str
    no: str | None
    yes: Yes


def question_of(link: AnswerLink, locale: str, service: str) -> Question | None:
    """The question of the link's letter; None for a letter that asks nothing, or of which nothing is known any more."""
    wanted = asked(link.template, link.decision)
    if wanted is None:
        return None
    reader = Reader(words(locale), link.time_zone or "UTC")
    told = Told(template=link.template, recorded_at=link.recorded_at, decision=link.decision, news=link.news)
    try:
        found = body(told, reader)
    except Malformed:
        return None
    frame, said = reader.words.frame, found.said
    gaps = {**found.gaps, "service": service}
    stop = "。" if locale == "zh-CN" else ". "
    return Question(
        kind="news" if link.news is not None or link.decision is None else link.decision.type,
        noun=found.gaps.get("noun", reader.words.say("noun.payment")),
        tone=said["tone"],
        reference=reference(link.notice_id),
        who=spelled.account(link.account_id, locale),
        subject=said["subject"].format_map(gaps),
        where=_where(found, reader),
        lead=said["title"].format_map(gaps) + stop + (found.lead or said["lead"]).format_map(gaps),
        amount=found.amount,
        amount_label=reader.words.say("label.amount"),
        facts=found.facts,
        usual_title=frame[found.headed],
        usual=frame["separator"].join(found.usual),
        no=said.get("no_button"),
        yes=wanted.yes,
    )


def _where(found: Body, reader: Reader) -> str:
    """Time, device and place of the letter's facts."""
    labels = {reader.words.say(f"label.{name}") for name in ("time", "device", "place")}
    unknown = reader.words.say("note.unknown")
    values = [fact.value for fact in found.facts if fact.label in labels and fact.value != unknown]
    if reader.words.locale == "en":
        values = [f"near {value[5:]}" if value.startswith("Near ") else value for value in values]
    return reader.words.frame["comma"].join(values)
