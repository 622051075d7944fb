"""How HTTP asks for a part of the queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query

from services.cases.queue import Filter, View


class Look:
    """What of the queue is asked for, beside what every list of cases takes; nothing where none of it is named."""

    def __init__(
        self,
        view: Annotated[
            View | None, Query(description="A view of the queue; of `mine`, `assignee` says whose.")
        ] = None,
        assignee: Annotated[
            str | None, Query(max_length=128, description="Who has it; empty: nobody.")
        ] = None,
        due_before: Annotated[
            datetime | None,
            Query(description="What must be answered or decided before then; UTC where it says no zone."),
        ] = None,
        q: Annotated[
            str | None,
            Query(
                max_length=200,
                description="What somebody read out, in full: an account, event, payee, top-up or number of a case. Audited.",
            ),
        ] = None,
    ) -> None:
        self.view = view
        self.assignee = assignee
        self.due_before = due_before
        self.q = q

    @property
    def asks(self) -> bool:
        """Whether anything of it is named."""
        return any(each is not None for each in (self.view, self.assignee, self.due_before, self.q))

    @property
    def filter(self) -> Filter:
        """The same for the queue, but for the text."""
        due = self.due_before
        if due is not None and due.tzinfo is None:
            due = due.replace(tzinfo=UTC)
        return Filter(
            view=self.view,
            assignee=None if self.view == "mine" else self.assignee,
            due_before=None if due is None else due.timestamp(),
        )


Looked = Annotated[Look, Depends()]
