"""What happened on an account as lines of its story: sign-ins, money, changes, codes, and what its owner said. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from contracts.decisions import Decision
from contracts.events import PLACELESS
from services.activity.rows import Row
from services.cases.owner_words import OwnerWord
from services.desk.case_file import CaseFile
from services.desk.story_parts import Line, Sign, Telling, one_line
from services.mfa.records import ATTEMPTS, Challenge

_SIGNS: dict[str, Sign] = {
    "login": "login",
    "transaction": "money",
    "account_change": "change",
    "owner_act": "stop",
    "user_report": "answer",
    "challenge_outcome": "code",
    "settlement": "stop",
    "label": "case",
}
#: So much later than the code was asked for is what came of it.
_STOPPED = frozenset({"hold", "deny"})


def event_lines(file: CaseFile, tell: Telling, own: Collection[str], since: float) -> list[Line]:
    """A line for each event that ended at epoch seconds `since` or after, oldest first; failed sign-ins in a row are one.

    `own` are the events that belong to the case.
    """
    answered = {word.event_id for word in file.words}
    coded = {challenge.event_id for challenge in file.challenges if challenge.closed_at is not None}
    rows = [
        row
        for row in reversed(file.rows)
        if not (row.type == "user_report" and row.event_id in answered)
        and not (row.type == "challenge_outcome" and row.about_event_id in coded)
    ]
    opened = {entry.event_id for entry in file.entries if entry.kind == "opened"}
    groups = (group for group in _grouped(rows, own) if group[-1].at >= since)
    return [_line(group, file, own, opened, tell) for group in groups]


def _grouped(rows: Sequence[Row], own: Collection[str]) -> Iterator[list[Row]]:
    """Failed sign-ins that follow each other together, all else by itself."""
    group: list[Row] = []
    for row in rows:
        failed = row.type == "login" and row.outcome == "failure"
        if group and not (failed and (row.event_id in own) == (group[0].event_id in own)):
            yield group
            group = []
        if failed:
            group.append(row)
        else:
            yield [row]
    if group:
        yield group


def _line(
    group: Sequence[Row], file: CaseFile, own: Collection[str], opened: Collection[str | None], tell: Telling
) -> Line:
    row = group[-1]
    decision = file.decisions.get(row.event_id)
    mine = any(each.event_id in own for each in group)
    severe = mine and decision is not None and decision.action in _STOPPED
    return Line(
        at=row.at,
        sign=_SIGNS.get(row.type, "case"),
        words=_failed(group, tell) if len(group) > 1 else _words(row, decision, tell),
        outcome=_outcome(row, decision, file, tell),
        event_id=row.event_id,
        of_case=mine,
        opened=any(each.event_id in opened for each in group),
        severe=severe,
        placeless=_placeless(row),
        count=len(group),
    )


def _placeless(row: Row) -> str | None:
    """The kind of network that hides where this came from; "unknown" where nothing says; None where the place is known."""
    if row.type not in ("login", "transaction", "account_change"):
        return None
    if row.city is not None or row.country is not None:
        return None
    return row.network_kind or "unknown"


def _failed(group: Sequence[Row], tell: Telling) -> str:
    networks = len({row.network_key for row in group if row.network_key is not None})
    key = "story.failed_from" if networks > 1 else "story.failed_many"
    return tell.t(key, count=len(group), networks=networks)


def _words(row: Row, decision: Decision | None, tell: Telling) -> str:
    if row.type == "transaction":
        return _money(row, decision, tell)
    t = tell.t
    if row.type == "login":
        key = "story.failed_one" if row.outcome == "failure" else "story.signed_in"
        return tell.join(t(key), *_where(row, tell))
    if row.type == "account_change":
        said = tell.reader.words.find("change", row.kind or "") or t("story.change")
        return tell.join(said[:1].upper() + said[1:], *_where(row, tell, hidden=True))
    named = f"story.{row.type}_{row.kind or ''}"
    for key in (f"{named}_{row.outcome}", named, f"story.{row.type}_{row.outcome}"):
        if key in t:
            return t(key)
    return t("story.other")


def _where(row: Row, tell: Telling, hidden: bool = False) -> list[str | None]:
    """Device, place and, where it tells something, the network; of what is `hidden` only what is odd about it."""
    odd = row.network_kind in PLACELESS
    network = tell.network(row.network_kind) if odd else None
    if hidden:
        return [network]
    return [tell.device(row.device), tell.city(row.city, row.country), network]


def _money(row: Row, decision: Decision | None, tell: Telling) -> str:
    amount = tell.money(row.amount, row.currency)
    stopped = decision is not None and decision.action in _STOPPED
    kind = row.kind or "payment"
    if stopped or row.outcome == "failed":
        kind = "asked"
    named = f"story.{kind}"
    if row.payee_id is None:
        alone = f"{named}_alone"
        return tell.t(alone if alone in tell.t else "story.asked_alone", money=amount)
    payee = one_line(row.payee_id)
    return tell.t(named if named in tell.t else "story.payment", money=amount, payee=payee)


def _outcome(row: Row, decision: Decision | None, file: CaseFile, tell: Telling) -> str:
    """How the event ended: by the decision on it, else as whoever sent it says."""
    t = tell.t
    payment = next((each for each in file.payments if each.event_id == row.event_id), None)
    if payment is not None and payment.state != "held":
        return t(f"outcome.{payment.state}")
    if decision is not None and decision.type not in ("user_report", "label"):
        key = f"outcome.{decision.action}"
        return t(key, score=decision.score) if key in t else decision.action
    if row.type == "login" and row.outcome == "failure":
        return t("outcome.failed_login")
    if row.type == "transaction" and row.outcome == "failed":
        return t("outcome.failed")
    return t("outcome.allow") if row.type in ("login", "transaction", "account_change") else ""


def code_lines(challenges: Sequence[Challenge], own: Collection[str], tell: Telling) -> list[Line]:
    """A line for each code that was asked for, at its end; for one that waits, at its beginning."""
    found = []
    for each in challenges:
        tries = ATTEMPTS - each.attempts_left
        took = tell.span(max(0.0, (each.closed_at or each.issued_at) - each.issued_at))
        key = f"story.code_{each.state}"
        if each.state == "passed":
            key = "story.code_recovery" if each.passed_code is not None else key
            tries += 1
            key = f"{key}_again" if tries > 1 and f"{key}_again" in tell.t else key
        found.append(
            Line(
                at=each.closed_at or each.issued_at,
                sign="code",
                words=tell.t(key, tries=tries, took=took),
                outcome=tell.t(f"outcome.code_{each.state}"),
                event_id=each.event_id,
                of_case=each.event_id in own,
            )
        )
    return found


def answer_lines(words: Sequence[OwnerWord], own: Collection[str], tell: Telling) -> list[Line]:
    """A line for each answer of the owner, and one for each that was taken back."""
    found = []
    for word in words:
        mine = word.event_id in own or word.about_event_id in own
        not_me = word.verdict == "not_me"
        proof = f"proof.{word.proof}"
        how = tell.t(proof) if proof in tell.t else None
        found.append(
            Line(
                at=word.told_at,
                sign="answer",
                words=tell.join(tell.t(f"story.said_{word.verdict}"), how),
                outcome=tell.clock(word.told_at, seconds=True),
                event_id=word.event_id,
                of_case=mine,
                opened=mine and not_me,
                severe=mine and not_me and word.undone_at is None,
            )
        )
        if word.undone_at is not None:
            taken = tell.t("story.said_taken_back")
            found.append(Line(at=word.undone_at, sign="answer", words=taken, of_case=mine))
    return found
