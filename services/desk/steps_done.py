"""Whether a step of a case is done: by somebody who ticked it, or by what happened. Pure."""

from __future__ import annotations

from msgspec import Struct

from services.cases.kind_shapes import Step
from services.desk.kind_evidence import DOES_STEP
from services.desk.kind_reading import Around
from services.desk.story_parts import Telling


class Done(Struct, frozen=True):
    """A step that is done, when (epoch seconds; None: nobody knows) and by whom; None where its evidence does it."""

    at: float | None
    by: str | None


def step_done(step: Step, around: Around, tell: Telling, now: float) -> Done | None:
    """How the step was done; None while it is not."""
    ticked = around.work.steps.get(step.name)
    if ticked is not None:
        return Done(ticked.done_at, ticked.done_by)
    found = None if step.evidence is None else DOES_STEP[step.evidence](around, tell, now)
    return None if found is None else Done(found.at, None)
