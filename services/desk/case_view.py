"""A case's page as values for its template: from what was read, in the words and on the clock of its reader. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from contracts.decisions import Decision
from notifier.facts import Reader
from notifier.words import words
from services.desk import story
from services.desk.account_view import account_view
from services.desk.case_file import CaseFile
from services.desk.case_header import header
from services.desk.decision_figures import drawn
from services.desk.decision_view import Background, decision_view
from services.desk.limits import Limiting
from services.desk.linked import BACK_DAYS
from services.desk.story_parts import Day, Gap, Item, Said, Telling
from services.desk.surroundings import Surroundings
from services.scoring.explain import Reasons, headline

_UTC = "UTC"
_MOST_OTHERS = 6


class Known(Struct, frozen=True):
    """What the page needs besides: the reasons of the detectors and the limits of the policy."""

    reasons: Reasons
    limits: Limiting


class Row(Struct, frozen=True, kw_only=True):
    """A line of the story as the template has it; `plain` is "day" or "gap" for what is no event.

    `event_id` is that of an event which can be judged by itself, as number `place` of the case's; `label` says how it was.
    """

    words: str
    plain: str = ""
    clock: str = ""
    hover: str = ""
    sign: str = ""
    outcome: str = ""
    css: str = ""
    mine: bool = False
    unconfirmed: bool = False
    event_id: str = ""
    place: int = 0
    label: str = ""


def telling(t: Said, locale: str, time_zone: str, file: CaseFile, actor: str) -> Telling:
    """How this case is told to its reader; the owner's zone is that of the contact in use, else UTC."""
    point = next((each for each in reversed(file.points) if each.until is None), None)
    zone = _UTC if point is None else point.time_zone
    return Telling(t=t, reader=Reader(words(locale), time_zone), owner_zone=zone, actor=actor)


def case_values(
    file: CaseFile,
    around: Surroundings,
    known: Known,
    tell: Telling,
    now: float,
    *,
    days: int = story.SHOWN_DAYS,
    event_id: str | None = None,
    clear: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Everything that the page's template asks for; `event_id` names the decision to explain, `clear` are fields in clear."""
    told = story.told(file, tell, days)
    decision = chosen(file, event_id)
    values: dict[str, Any] = {
        "head": header(file, now, tell),
        "story": {
            "shown_days": told.shown_days,
            "known_days": told.known_days,
            "more": told.more,
            "cut": told.cut,
            "lines": judged([row_of(item, tell) for item in told.items], file, tell),
        },
        "account": account_view(file, around, clear or {}, now, tell),
        "linked_days": BACK_DAYS,
        "d": None,
        "others": _others(file, decision, tell),
        "more_past": around.more_past,
        "limits_version": known.limits.version,
    }
    if decision is not None:
        background = Background(days=told.known_days, payments=len(around.past))
        values["d"] = view = decision_view(decision, known.reasons, known.limits, background, tell)
        values["figures"] = drawn(decision, view.limits, around.past, tell)
    return values


def chosen(file: CaseFile, event_id: str | None) -> Decision | None:
    """The decision that was asked for, if it is one of the case; else the gravest."""
    if event_id is not None and event_id in file.event_ids and event_id in file.decisions:
        return file.decisions[event_id]
    return file.decided


def _others(file: CaseFile, shown: Decision | None, tell: Telling) -> list[tuple[str, str]]:
    own = [file.decisions[name] for name in file.event_ids if name in file.decisions]
    rest = [each for each in own if shown is None or each.event_id != shown.event_id]
    rest.sort(key=lambda each: (-each.at, each.event_id))
    return [
        (each.event_id, f"{tell.clock(each.at)} {headline(each, tell.locale)}")
        for each in rest[:_MOST_OTHERS]
    ]


def row_of(item: Item, tell: Telling) -> Row:
    """A line for the template."""
    if isinstance(item, Day):
        return Row(words=item.words, plain="day")
    if isinstance(item, Gap):
        return Row(words=item.words, plain="gap")
    marks = (("mine", item.of_case), ("top1", item.opened), ("hot", item.severe))
    return Row(
        words=item.words,
        clock=tell.clock(item.at),
        hover=tell.hover(item.at),
        sign=item.sign,
        outcome=item.outcome,
        css=" ".join(name for name, on in marks if on),
        mine=item.of_case,
        unconfirmed=item.unconfirmed,
        event_id=item.event_id or "",
    )


def judged(rows: Sequence[Row], file: CaseFile, tell: Telling) -> list[Row]:
    """The lines, with a number on each event of a case of risk that a verdict can be about, and how it was judged before."""
    joined = {entry.event_id for entry in file.entries if entry.kind in ("opened", "joined")}
    own: dict[str, Row] = {}
    for row in rows:
        if file.case.kind == "risk" and row.event_id in joined and row.event_id in file.decisions:
            own.setdefault(row.event_id, row)
    places = {event_id: place for place, event_id in enumerate(own, 1)}
    said = [(entry.note or "").partition(" ") for entry in file.entries if entry.kind == "labelled"]
    labels = {event_id: tell.t(f"verdict.{verdict}") for verdict, _, event_id in said}
    return [
        replace(row, place=places[row.event_id], label=labels.get(row.event_id, ""))
        if own.get(row.event_id) is row
        else replace(row, event_id="")
        for row in rows
    ]
