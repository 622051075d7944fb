"""What letters say of top-ups: what is there now, or why the money did not come and what to do. Pure."""

from __future__ import annotations

from contracts.decisions import Decision
from notifier import spelled
from notifier.facts import Fact, Reader, money
from notifier.words import Words
from services.cases.news import News


def money_facts(news: News, event: Decision, reader: Reader) -> list[Fact]:
    """Of a top-up: when it was, from where, what is there now as the wallet says, or why it failed."""
    words, shown = reader.words, event.shown
    assert shown is not None
    facts = [Fact(words.say("label.time"), reader.moment(event.at), (reader.zone(event.at),))]
    if shown.payee_id is not None:
        facts.insert(0, Fact(words.say("label.source"), spelled.text(shown.payee_id, 128), name=True))
    for label, amount in (("balance", news.balance), ("balance_before", news.balance_before)):
        told = money(amount, shown.currency, words)
        if told is not None and (label == "balance" or news.balance is None):
            facts.append(Fact(words.say(f"label.{label}"), told))
    if shown.status == "failed":
        facts.append(Fact(words.say("label.cause"), cause(shown.failure, words)[0]))
    return facts


def cause(code: str | None, words: Words) -> tuple[str, str]:
    """Why money did not come, in words, and what to do, by the wallet's code; one that we do not know says neither."""
    name = "_".join((code or "").lower().replace("-", " ").replace(".", " ").split())
    name = words.find("failure_code", name) or name
    found = words.forms("failure", name if words.find("failure", name) else "other")
    return found[0], found[1]
