"""What HTTP shows of a case's tickets in help desks."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from services.connect.connections import ConnectionKind
from services.connect.standing import Standing, State
from services.http.times import utc_if


class TicketShown(BaseModel):
    """A ticket of the case in a help desk of that name: the `number` that agents there know it by, and its page (`url`).

    `state`: it has all that the case has (`told`), something is still to be said there (`waiting`), it was given up since the
    help desk refuses it (`failed`), or it was deleted there (`gone`). `why` the last try failed, and when it is repeated
    (`next_try_at`), while it fails.
    """

    help_desk: str
    kind: ConnectionKind
    number: str | None
    url: str | None
    closed: bool
    state: State
    told_at: datetime | None
    next_try_at: datetime | None
    why: str | None

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """The ticket as shown."""
        return cls(
            help_desk=standing.help_desk,
            kind=standing.kind,
            number=standing.number,
            url=standing.url,
            closed=standing.closed,
            state=standing.state,
            told_at=utc_if(standing.told_at),
            next_try_at=utc_if(standing.next_at),
            why=standing.why,
        )
