"""Deadlines by business days: sets of rules and holidays as data, one file each in `services/cases/deadlines`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from services.cases.kind_file_faults import faults
from services.cases.kind_shapes import Said

#: The share of its time after which a deadline is warned of.
WARNED_SHARE = 0.75
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: No rule has so many business days that a year of holidays would not be passed.
_MOST_DAYS = 400
Count = Annotated[int, Meta(ge=1, le=250)]


class DeadlinesFault(ValueError):
    """A set of deadlines is not as it must be; the message has a line for each fault."""


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """So many business days, or days of the calendar, after something began; `source` is the law, or whoever promises it."""

    source: str
    business_days: Count | None = None
    days: Count | None = None


class DeadlineSet(Struct, frozen=True, forbid_unknown_fields=True):
    """The operator's zone, when its business day ends, which days are none, and the rules.

    `workdays` are days of a weekend on which people work. `regulator` is where a complaint goes that nobody settles.
    """

    zone: str
    day_ends: time
    weekend: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...]
    regulator: Said
    holidays: frozenset[date]
    rules: Mapping[str, Rule]
    workdays: frozenset[date] = frozenset()

    def is_business_day(self, day: date) -> bool:
        """Whether people work on that day."""
        if day in self.workdays:
            return True
        return day not in self.holidays and _DAYS[day.weekday()] not in self.weekend

    def due(self, rule: str, began_at: float) -> float | None:
        """When the rule's time is over, in epoch seconds: at the end of a business day. None where the set has no such rule.

        The day on which it began counts for nothing. Days of the calendar that end on none of business end on the next.
        """
        found = self.rules.get(rule)
        if found is None:
            return None
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(began_at, zone).date()
        left = found.business_days or 0
        if found.days is not None:
            day = self._on_or_after(day + timedelta(days=found.days))
        for _ in range(_MOST_DAYS):
            if left == 0:
                break
            day += timedelta(days=1)
            left -= self.is_business_day(day)
        return datetime.combine(day, self.day_ends, zone).timestamp()

    def _on_or_after(self, day: date) -> date:
        for later in range(_MOST_DAYS):
            if self.is_business_day(day + timedelta(days=later)):
                return day + timedelta(days=later)
        return day


def standing(began_at: float, due_at: float, now: float) -> Literal["calm", "warned", "late"]:
    """How a deadline stands: late once it is over, warned of once three quarters of its time are."""
    if now >= due_at:
        return "late"
    return "warned" if now >= began_at + WARNED_SHARE * (due_at - began_at) else "calm"


@cache
def deadline_set(name: str) -> DeadlineSet:
    """The set of that name, or in a file of the operator's own. Raises DeadlinesFault."""
    shipped = files("services.cases").joinpath("deadlines")
    names = sorted(file.name.removesuffix(".toml") for file in shipped.iterdir())
    if name in names:
        return parse_deadlines(f"deadlines/{name}.toml", shipped.joinpath(f"{name}.toml").read_text("utf-8"))
    try:
        return parse_deadlines(name, Path(name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DeadlinesFault(
            f"deadlines: expected {', '.join(names)} or a file, got {name!r}: {error}"
        ) from None


def parse_deadlines(path: str, text: str) -> DeadlineSet:
    """A set of the text of its file. Raises DeadlinesFault with every fault of it."""
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeadlinesFault(f"{path}: {error}") from None
    wrong = list(faults(value, DeadlineSet, path))
    if not wrong:
        read = msgspec.convert(value, DeadlineSet)
        wrong = [
            f"{path}.rules.{name}: expected business_days or days, one of them, got {rule}"
            for name, rule in read.rules.items()
            if (rule.business_days is None) == (rule.days is None)
        ]
        try:
            ZoneInfo(read.zone)
        except (ZoneInfoNotFoundError, ValueError):
            wrong.append(f"{path}.zone: expected an IANA name such as Asia/Shanghai, got {read.zone!r}")
        if len(set(read.weekend)) == len(_DAYS):
            wrong.append(f"{path}.weekend: expected a day on which people work, got every one of the week")
    if wrong:
        raise DeadlinesFault("\n".join(wrong))
    return read
