"""The stretch of time that figures are of."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, and_


class Window(Struct, frozen=True):
    """From `since` until before `until`, epoch seconds; `now` is what is not ended yet judged by."""

    since: float
    until: float
    now: float

    def of(self, moment: ColumnElement[Any]) -> ColumnElement[bool]:
        """What happened within it."""
        return and_(moment >= self.since, moment < self.until)
