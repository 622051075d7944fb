"""What HTTP shows and takes of the work on a case."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from services.cases.case_work import Work
from services.http.times import utc


class FieldShown(BaseModel):
    """A field of the case's kind that was filled in, as it was last."""

    field: str
    value: str
    set_at: datetime
    set_by: str

    @classmethod
    def all_of(cls, work: Work) -> list[Self]:
        """Every field that was filled in, by name."""
        filled = sorted(work.fields.values(), key=lambda each: each.field)
        return [
            cls(field=each.field, value=each.value, set_at=utc(each.set_at), set_by=each.set_by)
            for each in filled
        ]


class FieldsGiven(BaseModel):
    """Fields of the case's kind by name; an empty value takes one out. `version`, when given, must be the present one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fields: Annotated[
        dict[str, Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]],
        Field(min_length=1, max_length=20),
    ]
    version: int | None = None


class StepGiven(BaseModel):
    """Whether the step is `done`, or taken back. `version`, when given, must be the present one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    done: bool = True
    version: int | None = None
