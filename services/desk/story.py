"""The story of a case: one line an event, with the days, and with what is missing named. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import quantiles

from msgspec import Struct

from contracts.events import PLACELESS
from notifier import spelled
from services.desk.case_file import CaseFile
from services.desk.story_acts import act_lines
from services.desk.story_events import answer_lines, code_lines, event_lines
from services.desk.story_parts import Day, Gap, Item, Line, Telling

_DAY_S = 86_400.0
#: So many days are shown at first, and by the links.
SHOWN_DAYS, MORE_DAYS, ALL_DAYS = 3, 30, 400
#: Silence from so many seconds on is named, and shorter one before the case when it is the account's longest of the day.
_SILENCE_S, _BEFORE_CASE_S = 43_200.0, 900.0
#: An account is known to be silent at times once so many of its pauses are; nine tenths of those are its habit.
_LEAST_PAUSES = 10
#: So many lines at most, the newest.
MOST_LINES = 120


class Story(Struct, frozen=True):
    """The lines with days and gaps, oldest first; of the account's `known_days` the last `shown_days` are here.

    `more` is how many days the next link shows; None where there is no more. `cut`: older lines of these days were left out.
    """

    items: Sequence[Item]
    shown_days: int
    known_days: int
    more: int | None
    cut: bool


def told(file: CaseFile, tell: Telling, days: int = SHOWN_DAYS) -> Story:
    """The story of the last `days` days before the case, and of all that followed."""
    own = file.marked_ids
    rest = [
        *code_lines(file.challenges, own, tell),
        *answer_lines(file.words, own, tell),
        *act_lines(file, tell),
    ]
    times = [row.at for row in file.rows if row.event_id in own] + [line.at for line in rest if line.of_case]
    # Nothing before that is shown, and most of what was read lies there.
    earliest = _midnight(min(times, default=file.case.opened_at), days, tell)
    lines = [*event_lines(file, tell, own, earliest), *rest]
    lines.sort(key=lambda line: line.at)
    began = min((line.at for line in lines if line.of_case), default=file.case.opened_at)
    since = _midnight(began, days, tell)
    shown = [line for line in lines if since <= line.at <= file.until]
    cut = len(shown) > MOST_LINES
    usual = usual_silence_s(file)
    known = max(1, round((file.until - (file.first_at or began)) / _DAY_S + 0.5))
    more = next((each for each in (MORE_DAYS, ALL_DAYS) if each > days and known > days), None)
    return Story(_with_gaps(shown[-MOST_LINES:], usual, tell), days, known, more, cut)


def _midnight(began: float, days: int, tell: Telling) -> float:
    """The beginning, on the reader's calendar, of the day that lies `days` - 1 before that of the case's first event."""
    hours, minutes, seconds = map(int, spelled.second(began, tell.reader.time_zone).split(":"))
    return began - (hours * 3600 + minutes * 60 + seconds) - 1.0 - (days - 1) * _DAY_S


def usual_silence_s(file: CaseFile) -> float | None:
    """Nine of ten pauses of the account are no longer, in seconds; None while too few are known."""
    own = file.event_ids
    times = sorted(row.at for row in file.rows if row.event_id not in own)
    pauses = [after - before for before, after in itertools.pairwise(times)]
    return None if len(pauses) < _LEAST_PAUSES else quantiles(pauses, n=10)[-1]


def _with_gaps(lines: Sequence[Line], usual_s: float | None, tell: Telling) -> list[Item]:
    items: list[Item] = []
    day, last_at = "", None
    for index, line in enumerate(lines):
        silence_s = 0.0 if last_at is None else line.at - last_at
        hidden = _hidden(lines, index)
        said = _gap(silence_s, usual_s, hidden, line.of_case and not _before(lines, index), tell)
        if said:
            items.append(Gap(line.at, said))
        if (today := tell.day(line.at)) != day:
            items.append(Day(line.at, today))
            day = today
        items.append(line)
        last_at = line.at
    return items


def _before(lines: Sequence[Line], index: int) -> bool:
    """Whether a line of the case stands before this one."""
    return any(line.of_case for line in lines[:index])


def _hidden(lines: Sequence[Line], index: int) -> list[Line]:
    """The events without a place that begin here; none where the line before is one of them."""
    if lines[index].placeless is None:
        return []
    events = [line for line in lines[:index] if line.sign in ("login", "money", "change")]
    if events and events[-1].placeless is not None:
        return []
    found = []
    for line in lines[index:]:
        if line.sign in ("login", "money", "change"):
            if line.placeless is None:
                break
            found.append(line)
    return found


def _gap(
    silence_s: float, usual_s: float | None, hidden: Sequence[Line], begins_case: bool, tell: Telling
) -> str:
    parts = []
    if silence_s >= _SILENCE_S:
        habit = "" if usual_s is None else "_unusual" if silence_s > usual_s else "_usual"
        parts.append(tell.t(f"gap.silence{habit}", span=tell.span(silence_s)))
    elif begins_case and silence_s >= _BEFORE_CASE_S:
        parts.append(tell.t("gap.pause", span=tell.span(silence_s)))
    if hidden:
        count = sum(line.count for line in hidden)
        kinds = [line.placeless for line in hidden if line.placeless in PLACELESS]
        key = "gap.no_place" if count > 1 else "gap.no_place_one"
        network = tell.network(max(sorted(set(kinds)), key=kinds.count)) if kinds else None
        parts.append(tell.t(f"{key}_network" if network else key, count=count, network=network))
    return tell.t("gap.and").join(parts)
