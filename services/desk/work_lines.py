"""What the story says of the work on a case: steps, what was written down, and that PayGuard opened it by itself. Pure."""

from __future__ import annotations

from services.cases.case_rows import Entry
from services.cases.case_work import FIELD, STEP, STEP_BACK
from services.cases.kind_files import kinds
from services.cases.repeated_failures import FLAGGED
from services.desk.story_parts import Telling, one_line


def work_words(entry: Entry, kind: str, tell: Telling) -> str | None:
    """The line of an entry about the work; None for one that is about something else."""
    note, known = entry.note or "", kinds().get(kind)
    who = tell.who(entry.actor)
    if entry.kind in (STEP, STEP_BACK):
        step = None if known is None else known.step(note)
        what = one_line(note) if step is None else step.said.in_(tell.locale)
        return tell.t(f"work.{entry.kind}", what=what, who=who)
    if entry.kind == FIELD:
        name, _, value = note.partition(": ")
        field = None if known is None else known.field(name)
        what = one_line(name) if field is None else field.said.in_(tell.locale)
        choices = () if field is None else field.choices
        said = next((each.in_(tell.locale) for each in choices if each.name == value), one_line(value))
        return tell.t("work.field" if value else "work.field_out", what=what, value=said, who=who)
    if entry.kind == FLAGGED:
        return tell.t("work.flagged")
    return None
