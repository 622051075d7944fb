"""The parts of a pack beside its story: statement, decisions, holds, codes, letters, acts, files and deadlines. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import RowMapping

from contracts.decisions import Decision
from services.cases.owners import Telling
from services.cases.states import Case
from services.cases.subjects import Subject
from services.desk.pack import (
    Acknowledged,
    ActTold,
    Answered,
    ChallengeTold,
    Deadline,
    DecisionTold,
    FileTold,
    HoldTold,
    MessageTold,
    ReasonTold,
    Statement,
)
from services.desk.pack_reading import Found
from services.desk.pack_story import letter_words, source_of
from services.desk.pack_words import Teller
from services.portal.wording import wording
from services.scoring.explain import Reasons, headline, sentence, would_have_passed

#: Channels that are not called by their kind.
_CALLED = {"web_push": "push"}


def statement_of(found: Found, teller: Teller) -> Statement | None:
    """What the owner reported; None where a decision opened the case."""
    if found.told is None:
        return None
    asked = wording(teller.locale)
    answers = []
    for name, said in found.told.answers.items():
        key, choice = f"report.ask_{name}", f"report.{name}_{said}"
        question = asked(key) if key in asked else name
        answers.append(
            Answered(question=question, answer=asked(choice) if choice in asked else teller.masks.text(said))
        )
    return Statement(
        made_at=teller.at(found.told.made_at),
        through=teller.said(f"pack.through_{found.told.through}", found.told.through),
        text=teller.masks.text(found.told.text),
        answers=answers,
    )


def decisions_of(found: Found, teller: Teller, reasons: Reasons) -> list[DecisionTold]:
    """What was decided about the case's events, and why."""
    return [_decision(decision, teller, reasons) for decision in found.decisions]


def _decision(decision: Decision, teller: Teller, reasons: Reasons) -> DecisionTold:
    locale = teller.locale
    subject = Subject(
        event_id=decision.event_id,
        type=decision.type,
        at=decision.at,
        source="decision",
        shown=decision.shown,
    )
    return DecisionTold(
        at=teller.at(decision.at),
        event_id=decision.event_id,
        event=teller.event(subject),
        action=decision.action,
        headline=headline(decision, locale),
        score=decision.score,
        policy=decision.policy_version,
        reasons=[
            ReasonTold(
                detector=each.detector,
                words=sentence(each, locale, reasons),
                share=each.share if each.mode == "on" else None,
            )
            for each in decision.findings
        ],
        would_have_passed=would_have_passed(decision, locale),
        source=f"decision {decision.event_id}",
    )


def holds_of(found: Found, teller: Teller) -> list[HoldTold]:
    """Freezes and held payments, each with what the wallet said of it."""
    by_event: dict[str, list[Acknowledged]] = {}
    for row in found.actions:
        by_event.setdefault(row["event_id"], []).append(_action(row, teller))
    return [_freeze(row, by_event, teller) for row in found.freezes] + [
        _payment(row, by_event, teller) for row in found.payments
    ]


def _freeze(row: RowMapping, asked: Mapping[str, list[Acknowledged]], teller: Teller) -> HoldTold:
    return HoldTold(
        kind="freeze",
        what=teller.t("pack.hold_freeze"),
        state="standing" if row["released_at"] is None else "released",
        placed_at=teller.at(row["placed_at"]),
        placed_by=teller.by(row["placed_by"]) or "",
        ended_at=teller.at_if(row["released_at"]),
        ended_by=teller.by(row["released_by"]),
        why=teller.text(row["why"]),
        wallet=[each for each in asked.get(row["event_id"], []) if not each.kind.endswith("_payment")],
        source=f"hold {row['hold_id']}",
    )


def _payment(row: RowMapping, asked: Mapping[str, list[Acknowledged]], teller: Teller) -> HoldTold:
    what = teller.money(row["amount"], row["currency"], row["payee_id"])
    return HoldTold(
        kind="payment",
        what=teller.t("pack.hold_payment", what=what),
        state=row["state"],
        placed_at=teller.at(row["placed_at"]),
        placed_by=teller.by("decision") or "",
        ended_at=teller.at_if(row["settled_at"]),
        ended_by=teller.by(row["settled_by"]),
        why=teller.text(row["why"]),
        wallet=[each for each in asked.get(row["event_id"], []) if each.kind.endswith("_payment")],
        source=f"hold {row['effect_id']}",
    )


def _action(row: RowMapping, teller: Teller) -> Acknowledged:
    return Acknowledged(
        kind=row["kind"],
        words=teller.said(f"pack.act_{row['kind']}", row["kind"]),
        asked_at=teller.at(row["published_at"]),
        result=row["result"],
        answered_at=teller.at_if(row["result_at"]),
        source=f"action {row['action_id']}",
    )


def challenges_of(found: Found, teller: Teller) -> list[ChallengeTold]:
    """Codes that were asked for, and whether they were given."""
    return [_challenge(row, teller) for row in found.challenges]


def _challenge(row: RowMapping, teller: Teller) -> ChallengeTold:
    purpose = teller.t(f"pack.challenge_{row['purpose']}")
    if row["amount"] is not None and row["currency"] is not None:
        purpose = teller.money(row["amount"], row["currency"], row["payee_id"])
    return ChallengeTold(
        purpose=row["purpose"],
        what=purpose,
        state=row["state"],
        state_words=teller.t(f"pack.challenge_{row['state']}"),
        asked_at=teller.at(row["issued_at"]),
        closed_at=teller.at_if(row["closed_at"]),
        digest=row["digest"],
        source=f"challenge {row['challenge_id']}",
    )


def messages_of(letters: Sequence[Telling], teller: Teller) -> list[MessageTold]:
    """Letters about the case and its events, with their references."""
    found = []
    for letter in letters:
        channels = []
        for tried in letter.tries:
            said = teller.words.find("less", _CALLED.get(tried.channel, tried.channel)) or tried.channel
            state = teller.t(f"pack.message_{tried.state}")
            address = "" if tried.address is None else f" {tried.address}"
            channels.append(f"{said}{address}{teller.words.frame['colon']}{state} {teller.at(tried.at)}")
        found.append(
            MessageTold(
                at=teller.at(letter.recorded_at),
                reference=letter.reference,
                what=letter_words(letter, teller),
                state=letter.state,
                channels=channels,
                source=f"message {letter.notice_id}",
            )
        )
    return found


def acts_of(found: Found, teller: Teller) -> list[ActTold]:
    """The case's history: who did what, in order, with notes."""
    acts = []
    for row in found.entries:
        ended = None if row["verdict"] is None else outcome_words(row["verdict"], teller)
        words = row["note"]
        if row["kind"] != "assigned":
            words = teller.text(words)
        by_hand = row["kind"] == "opened" and row["event_id"] is None
        did = "opened_by_hand" if by_hand else row["kind"]
        what = teller.said(f"pack.did_{did}", row["kind"], outcome=ended or "")
        if row["kind"] in ("opened", "joined") and row["event_id"] is not None:
            known = found.known.get(row["event_id"])
            words = None if known is None or known.own is None else teller.event(known.own)
        acts.append(
            ActTold(
                at=teller.at(row["at"]),
                by=teller.by(row["actor"] or "payguard") or "",
                what=what,
                words=words,
                source=source_of(row),
            )
        )
    return acts


def outcome_words(outcome: str, teller: Teller) -> str:
    """How a case ended, in words."""
    return teller.said(f"pack_outcome.{outcome}", outcome)


def files_of(rows: Sequence[RowMapping], hashes: Mapping[int, str | None], teller: Teller) -> list[FileTold]:
    """The files beside the case, with their hashes by number."""
    return [
        FileTold(
            number=row["number"],
            name=teller.masks.text(row["name"]),
            media_type=row["media_type"],
            size_bytes=row["size_bytes"],
            added_at=teller.at(row["added_at"]),
            added_by=teller.by(row["added_by"]) or "",
            sha256=hashes.get(row["number"]),
            sha256_sent=row["digest"],
        )
        for row in rows
    ]


def deadlines_of(case: Case, now: float, teller: Teller) -> list[Deadline]:
    """The clocks of the case that it has."""
    clocks = [
        ("pack.first_answer", case.first_response_due_at, case.first_answered_at),
        ("pack.closing", case.due_at or case.decide_by, case.resolved_at),
    ]
    return [
        Deadline(
            what=teller.t(name),
            due_at=teller.at(due),
            met_at=teller.at_if(met),
            late=(now if met is None else met) > due,
        )
        for name, due, met in clocks
        if due is not None
    ]
