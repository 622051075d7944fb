"""The story of a case, a line a thing that happened, each with the record that says so. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import RowMapping

from contracts.shown import Shown
from services.activity.rows import Row
from services.cases.owners import Telling
from services.cases.subjects import Subject
from services.desk.pack import StoryLine
from services.desk.pack_reading import Found
from services.desk.pack_words import Teller, place

_PLAIN = frozenset({"login", "transaction", "account_change"})


def story_of(found: Found, teller: Teller) -> list[StoryLine]:
    """What happened, in the order of time: events, codes, what the owner said, and letters."""
    dated: list[tuple[float, StoryLine]] = []
    decided = {decision.event_id for decision in found.decisions}
    seen = set()
    for row in found.events:
        seen.add(row.event_id)
        source = "decision" if row.event_id in decided else "activity"
        dated.append((row.at, _line(row.at, _event(row, teller), f"{source} {row.event_id}", found, teller)))
    for event_id, known in found.known.items():
        own = known.own
        if event_id not in seen and own is not None and own.type in _PLAIN:
            what = _where(teller.event(own), own.shown, teller)
            source = f"{own.source} {event_id}"
            dated.append((own.at, _line(own.at, what, source, found, teller)))
    told = {row["event_id"] for row in found.words}
    dated = [each for each in dated if each[1].source.partition(" ")[2] not in told]
    dated += [_at(at, what, source, teller) for at, what, source in _besides(found, teller)]
    return [line for _, line in sorted(dated, key=lambda each: (each[0], each[1].source))]


def _line(at: float, what: str, source: str, found: Found, teller: Teller) -> StoryLine:
    mine = source.partition(" ")[2] in found.own
    return StoryLine(at=teller.at(at), what=what, source=source, mine=mine)


def _at(at: float, what: str, source: str, teller: Teller) -> tuple[float, StoryLine]:
    return at, StoryLine(at=teller.at(at), what=what, source=source)


def _besides(found: Found, teller: Teller) -> Iterator[tuple[float, str, str]]:
    """Codes, the owner's words, letters: when, what, and the record."""
    t = teller.t
    for row in found.challenges:
        source = f"challenge {row['challenge_id']}"
        purpose = t(f"pack.challenge_{row['purpose']}")
        yield row["issued_at"], t("pack_event.challenge", what=purpose), source
        if row["closed_at"] is not None:
            ended = t(f"pack.challenge_{row['state']}")
            yield row["closed_at"], t("pack_event.stood", what=purpose, outcome=ended), source
    for row in found.words:
        yield row["told_at"], t(f"pack_event.answered_{row['verdict']}"), f"answer {row['event_id']}"
    for letter in found.letters:
        yield letter.recorded_at, _letter(letter, teller), f"message {letter.notice_id}"


def _letter(letter: Telling, teller: Teller) -> str:
    return teller.t(
        "pack_event.message",
        reference=letter.reference,
        what=letter_words(letter, teller),
        state=teller.t(f"pack.message_{letter.state}"),
    )


def letter_words(letter: Telling, teller: Teller) -> str:
    """What a letter was about, in a few words."""
    said = teller.words.letter(letter.template, None) or {}
    return str(said.get("chip") or teller.t("pack.message_any"))


def _event(row: Row, teller: Teller) -> str:
    shown = Shown(
        device=row.device,
        country=row.country,
        city=row.city,
        network_kind=row.network_kind,
        amount=row.amount,
        currency=row.currency,
        payee_id=row.payee_id,
        kind=row.kind,
        status=row.outcome,
        failure=row.reason,
    )
    if row.type in _PLAIN:
        subject = Subject(event_id=row.event_id, type=row.type, at=row.at, source="activity", shown=shown)
        said = teller.event(subject)
        return said if row.type == "login" else _where(said, shown, teller)
    return _spoken(row, teller)


def _where(said: str, shown: Shown | None, teller: Teller) -> str:
    """The words with device and place behind them, where these are known."""
    where = place(shown, teller)
    if where is None or where in said:
        return said
    return f"{said}{teller.words.frame['open']}{where}{teller.words.frame['close']}"


def _spoken(row: Row, teller: Teller) -> str:
    t = teller.t
    kind = row.kind or row.type
    if row.type == "challenge_outcome":
        purpose = teller.said(f"pack.challenge_{kind}", kind)
        outcome = teller.said(f"pack.challenge_{row.outcome}", str(row.outcome))
        return t("pack_event.stood", what=purpose, outcome=outcome)
    if row.type == "user_report":
        return teller.said(f"pack_event.answered_{kind}", kind)
    if row.type == "settlement":
        ended = teller.said(f"pack.hold_{row.outcome}", str(row.outcome))
        return t("pack_event.stood", what=t("pack_event.settled"), outcome=ended)
    if row.type == "owner_act":
        return t("pack_event.owner_did", what=teller.said(f"pack_event.{kind}", kind))
    if row.type == "label":
        return t("pack_event.label", what=teller.said(f"pack_event.{kind}", kind))
    return t("pack_event.other", what=row.type)


def source_of(entry: RowMapping) -> str:
    """The record of a line of the case's history."""
    return f"entry {entry['sequence']}"
