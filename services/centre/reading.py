"""The reader of a centre page: the words of their language, and the clock of their zone."""

from __future__ import annotations

from fastapi import Request

from notifier import spelled
from notifier.facts import Reader
from notifier.words import words
from services.cases.contact_points import Point
from services.cases.preferences import Preferences
from services.portal.pages import locale_of
from services.portal.sessions import Session

_UTC = "UTC"


def zone_of(chosen: Preferences, points: list[Point]) -> str:
    """The zone that the owner chose, else that of the contact in use, else UTC."""
    return chosen.time_zone or next((each.time_zone for each in points if each.until is None), _UTC)


def reader_of(request: Request, session: Session, time_zone: str) -> Reader:
    """Who reads the page."""
    return Reader(words(locale_of(request, session.visit.locale)), time_zone)


def clock(at: float, reader: Reader) -> str:
    """Hours, minutes and seconds on the reader's clock: what is proof of a stop is told to the second."""
    return spelled.clock(at, reader.time_zone, seconds=True)
