"""How many files may stand beside a case, and which number each has."""

from __future__ import annotations

from collections.abc import Mapping

from services.reports import pictures

#: The numbers of files that owners, and that staff, put beside a case.
OWNERS, STAFFS = range(1, pictures.MOST_FILES + 1), range(101, 121)


class TooMany(Exception):
    """The account has as many open reports, reports of a day, notes or files as it may have: `what` says which."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"an account may have {most} {what}")
        self.what = what


class FileThere(Exception):
    """Another file has that number."""


def place_of(there: Mapping[int, str], number: int | None, places: range) -> int:
    """The number that the file gets, of those that are free. Raises FileThere, TooMany."""
    if number in there:
        raise FileThere("another file has this number; take the next")
    free = [each for each in places if each not in there]
    if not free or number not in (None, *free):
        raise TooMany(f"files beside a case, numbered from {places[0]}", len(places))
    return free[0] if number is None else number
