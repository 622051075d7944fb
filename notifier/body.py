"""What one notice says before it is laid out: its words, with the facts of its decision or news. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field, structs

from contracts.decisions import Decision, IssueChallenge, OpenCase
from contracts.errors import Malformed
from notifier import facts, spelled, top_ups
from notifier.contrast import contrast
from notifier.facts import Fact, Reader
from notifier.less import less
from notifier.told import Told
from notifier.week import form_of, week_facts, week_gaps, week_tip
from notifier.words import Words
from services.cases.classes import EXPECTED, NEW_DEVICE, TOP_UPS
from services.cases.news import News
from services.cases.stops import CONFIRMED

#: The label of the time at which a held payment ended, by notice.
_ENDS = {"payment_released": "released", "payment_cancelled": "cancelled", "payment_expired": "expired"}
UNFROZEN = "account_unfrozen"
#: Letters of events that no decision tells of.
_EVENTS = EXPECTED


class Body(Struct, frozen=True, kw_only=True):
    """`said` are the words of the notice and `gaps` what fills them; `usual` is a contrast, or what its heading `headed` says.

    `lead` and `yes` stand in place of those of `said`, where they are not None.
    """

    said: Mapping[str, Any]
    gaps: Mapping[str, str]
    facts: Sequence[Fact]
    amount: str | None = None
    usual: Sequence[str] = ()
    headed: Literal["usual", "stays", "worth"] = "usual"
    lead: str | None = None
    yes: str | None = None
    did: Sequence[str] = ()
    works: Sequence[str] = field(default_factory=list)


def body(told: Told, reader: Reader) -> Body:
    """What the notice says. Raises Malformed for one without words, or about nothing that is known."""
    decision, news, words = told.decision, told.news, reader.words
    week = None if news is None else news.week
    kind = None if decision is None else decision.type
    said = words.letter(told.template, kind if week is None else form_of(week))
    if said is None:
        raise Malformed("unknown_notice", f"no words for the notice {told.template[:64]!r}")
    if week is not None:
        return Body(
            said=said,
            gaps=week_gaps(week, reader),
            facts=week_facts(week, reader),
            usual=week_tip(week, reader),
            headed="worth",
        )
    if news is not None and news.about is not None and told.template in _EVENTS:
        return _of_event(told, news, facts.event_of(news.about), said, reader)
    if news is not None:
        return _of_news(told, news, said, reader)
    if decision is None:
        raise Malformed("unknown_event", "a notice about nothing that is recorded")
    frozen = facts.is_frozen(decision)
    return Body(
        said=said,
        gaps=gaps(told, reader),
        facts=facts.event_facts(told, decision, reader),
        amount=facts.payment(decision, words).amount if decision.type == "transaction" else None,
        usual=contrast(decision, reader),
        yes=_yes(decision, said),
        did=[*said.get("did", ()), *facts.done(decision, words)],
        works=words.shared("works")["frozen" if frozen else said["works"]],
    )


def gaps(told: Told, reader: Reader) -> dict[str, str]:
    """What tells this event from others, as subjects and titles say it."""
    decision, words = told.decision, reader.words
    money = facts.payment(decision, words)
    what = money.called(words)
    status = None if decision is None or decision.shown is None else decision.shown.status
    return {
        "what": what,
        "What": what[0].upper() + what[1:],
        "noun": words.say(f"noun.{money.kind}"),
        "money": money.amount or "",
        "of": "" if decision is None else facts.of(decision, words),
        "status": words.find("status", status or "") or words.say("status.requested"),
    }


def _yes(decision: Decision, said: Mapping[str, Any]) -> str | None:
    """What to do if it was the owner: by a code where one is asked for, else by support where a case is open."""
    for name, kind in (("yes_code", IssueChallenge), ("yes_case", OpenCase)):
        if name in said and any(isinstance(effect, kind) for effect in decision.effects):
            return str(said[name])
    return None


def _of_news(told: Told, news: News, said: Mapping[str, Any], reader: Reader) -> Body:
    words, decision = reader.words, told.decision
    works = words.shared("works")[said["works"]]
    did = list(said.get("did", ()))
    lead = said.get({"owner": "lead_owner", None: "lead_time"}.get(news.by, ""))
    if (ended := _ENDS.get(told.template)) is not None:
        return Body(
            said=said,
            gaps=gaps(told, reader),
            facts=_end_facts(decision, news, ended, reader),
            amount=facts.payment(decision, words).amount,
            lead=lead,
            did=did,
            works=works,
        )
    stays = _stays_stopped(decision, words) if told.template == UNFROZEN else []
    if told.template == UNFROZEN:
        shown = _unfrozen(news, reader)
    elif told.template == CONFIRMED:
        shown = _confirmed(news, reader)
    else:
        shown = facts.news_facts(news, reader, said.get("due", "due"))
        if news.reduced is not None:
            shown = [*less(news.reduced, reader), *shown]
    by_kind = words.shared("did")
    return Body(
        said=said,
        gaps=_gaps_of_news(news, words),
        facts=shown,
        usual=stays,
        headed="stays",
        lead=lead,
        did=did + [by_kind[act] for act in by_kind if act in news.acts],
        works=works,
    )


def _of_event(told: Told, news: News, event: Decision, said: Mapping[str, Any], reader: Reader) -> Body:
    """A letter of an event that nothing spoke against."""
    words = reader.words
    as_decided = Told(template=told.template, recorded_at=told.recorded_at, decision=event, news=None)
    body = Body(
        said=said,
        gaps=gaps(as_decided, reader),
        facts=facts.event_facts(as_decided, event, reader),
        did=said.get("did", ()),
        works=words.shared("works")[said["works"]],
    )
    if told.template in TOP_UPS:
        todo = top_ups.cause(None if event.shown is None else event.shown.failure, words)[1]
        return structs.replace(
            body,
            facts=top_ups.money_facts(news, event, reader),
            amount=facts.payment(event, words).amount,
            yes=todo if event.shown is not None and event.shown.status == "failed" else None,
        )
    usual = contrast(event, reader)
    body = structs.replace(body, usual=[] if usual == [words.frame["nothing"]] else usual)
    return body if told.template != NEW_DEVICE else structs.replace(body, facts=_device_first(body, words))


def _device_first(body: Body, words: Words) -> list[Fact]:
    """The facts of a sign-in, the new device before the time of it."""
    called, unknown = words.say("label.device"), words.say("note.unknown")
    new = [
        structs.replace(fact, notes=fact.notes or (words.say("note.device_new"),))
        for fact in body.facts
        if fact.label == called and fact.value != unknown
    ]
    return [*new, *(fact for fact in body.facts if fact.label != called or fact.value == unknown)]


def _end_facts(decision: Decision | None, news: News, ended: str, reader: Reader) -> list[Fact]:
    """Whom the payment goes to, when it was held and how long, and where it came from."""
    words = reader.words
    end = Fact(words.say(f"label.{ended}"), reader.moment(news.at), (reader.zone(news.at),))
    if decision is None:
        return [end]
    held = Fact(words.say("label.held"), reader.moment(decision.at))
    return [*facts.payees(decision, words), held, end, *facts.from_where(decision.shown, words)]


def _unfrozen(news: News, reader: Reader) -> list[Fact]:
    words, rows = reader.words, list[Fact]()
    if news.since is not None:
        why = words.say("note.owner_said" if news.owner_asked else "note.we_stopped")
        rows.append(Fact(words.say("label.stopped"), reader.moment(news.since), (why,)))
    rows.append(Fact(words.say("label.restored"), reader.moment(news.at), (reader.zone(news.at),)))
    if news.by is not None:
        rows.append(Fact(words.say("label.by"), words.say(f"note.{news.by}")))
    return rows


def _confirmed(news: News, reader: Reader) -> list[Fact]:
    """When the owner had money stopped, and when the wallet said that it is."""
    words, rows = reader.words, list[Fact]()
    if news.since is not None:
        rows.append(
            Fact(words.say("label.ordered"), reader.moment(news.since), (words.say("note.owner_word"),))
        )
    between = "" if words.locale == "zh-CN" else words.frame["comma"]
    when = f"{reader.day(news.at)}{between}{spelled.second(news.at, reader.time_zone)}"
    return [*rows, Fact(words.say("label.confirmed"), when, (reader.zone(news.at),))]


def _stays_stopped(decision: Decision | None, words: Words) -> list[str]:
    """A payment that was refused is not carried out because outgoing money works again."""
    if decision is None or decision.action != "deny" or decision.type != "transaction":
        return []
    money = facts.payment(decision, words)
    if money.amount is None:
        return []
    return [words.say("usual.stays_refused", noun=words.say(f"noun.{money.kind}"), money=money.amount)]


def _gaps_of_news(news: News, words: Words) -> dict[str, str]:
    if news.case is not None:
        return {"case": news.case.number}
    if news.channel is not None:
        return {"channel": spelled.isolated(spelled.text(news.channel))}
    return {} if news.way is None else {"way": words.say(f"way.{news.way}")}
