"""What HTTP takes and shows of what owners report."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from contracts.report_kinds import ReportKind
from services.cases.references import case_number
from services.cases.states import Case, State
from services.http.identifiers import BodyIdentifier
from services.http.times import utc_if
from services.reports.fields import MOST_TEXT


class ReportGiven(BaseModel):
    """What the owner reports, in the wallet's own app.

    `fields` are those of the kind, see docs/integrate.md. `about_event_id` is the event that it is about. With a `report_id` of
    the wallet's, a repeat is the same report.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: ReportKind
    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT, pattern=r"^[^\x00]*\S[^\x00]*$")]
    fields: Annotated[
        dict[str, Annotated[str, Field(max_length=200)]], Field(default_factory=dict, max_length=8)
    ]
    about_event_id: BodyIdentifier | None = None
    report_id: BodyIdentifier | None = None


class ReportMade(BaseModel):
    """A report as it was taken: `report_id` is PayGuard's, and that of its case; `number` is what people call it by."""

    report_id: str
    number: str
    kind: ReportKind
    state: State
    first_response_due_at: datetime | None
    due_at: datetime | None

    @classmethod
    def of(cls, case: Case) -> Self:
        """The case of the report, as shown."""
        return cls(
            report_id=case.case_id,
            number=case_number(case.case_id),
            kind=case.kind,  # type: ignore[arg-type]
            state=case.state,
            first_response_due_at=utc_if(case.first_response_due_at),
            due_at=utc_if(case.due_at),
        )


class FileTaken(BaseModel):
    """A file beside a report: its number, and what it was kept as."""

    number: int
