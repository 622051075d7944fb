"""What one notice says before it is laid out: its words, with the facts of its decision or news. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from contracts.decisions import Decision, IssueChallenge, OpenCase
from contracts.errors import Malformed
from notifier import facts
from notifier.claims import Told
from notifier.facts import Fact, Reader
from notifier.words import Words
from services.cases.news import News

#: The label of the time at which a held payment ended, by notice.
_ENDS = {"payment_released": "released", "payment_cancelled": "cancelled", "payment_expired": "expired"}
UNFROZEN = "account_unfrozen"


class Body(Struct, frozen=True, kw_only=True):
    """`said` are the words of the notice and `gaps` what fills them; `usual` is a contrast, or what `stays` stopped.

    `lead` and `yes` stand in place of those of `said`, where they are not None.
    """

    said: Mapping[str, Any]
    gaps: Mapping[str, str]
    facts: Sequence[Fact]
    amount: str | None = None
    usual: Sequence[str] = ()
    stays: bool = False
    lead: str | None = None
    yes: str | None = None
    did: Sequence[str] = ()
    works: Sequence[str] = field(default_factory=list)


def body(told: Told, reader: Reader) -> Body:
    """What the notice says. Raises Malformed for one without words, or about nothing that is known."""
    decision, news, words = told.decision, told.news, reader.words
    said = words.letter(told.template, None if decision is None else decision.type)
    if said is None:
        raise Malformed("unknown_notice", f"no words for the notice {told.template[:64]!r}")
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
        usual=facts.contrast(decision, reader),
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
    lead = said.get("lead_owner") if news.by == "owner" else None
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
    shown = (
        _unfrozen(news, reader)
        if told.template == UNFROZEN
        else facts.news_facts(news, reader, said.get("due", "due"))
    )
    by_kind = words.shared("did")
    return Body(
        said=said,
        gaps={},
        facts=shown,
        usual=stays,
        stays=True,
        lead=lead,
        did=did + [by_kind[act] for act in by_kind if act in news.acts],
        works=works,
    )


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


def _stays_stopped(decision: Decision | None, words: Words) -> list[str]:
    """A payment that was refused is not carried out because outgoing money works again."""
    if decision is None or decision.action != "deny" or decision.type != "transaction":
        return []
    money = facts.payment(decision, words)
    if money.amount is None:
        return []
    return [words.say("usual.stays_refused", noun=words.say(f"noun.{money.kind}"), money=money.amount)]
