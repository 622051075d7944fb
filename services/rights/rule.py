"""What a rule of keeping is, how long each kind of row is kept, and the rules that many tables share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Table

from services.platform.settings import Settings
from services.rights import which

#: Beyond the topics' own retention, which goes by whole segments.
_MARGIN_DAYS = 7
#: A season of questions, and notices that are over.
_HELP_DAYS = 180
Days = Callable[[Settings], int]


class Rule(Struct, frozen=True, kw_only=True):
    """How long the rows of a table are kept: `days` after what `since` says, and then taken by `by`.

    `over` says which rows are past keeping, given the time (epoch seconds) before which they must have ended; None where another
    task or an administrator takes them. `days` is None for what has no end of its own.

    `of` says which rows an erasure of an account deletes, None for none; `erased` what it does, in words.
    """

    table: str
    since: str
    by: str = "retention"
    days: Days | None = None
    over: Callable[[float], ColumnElement[bool]] | None = None
    of: Callable[[str], ColumnElement[bool]] | None = None
    erased: str = "deleted"


def identity_days(settings: Settings) -> int:
    """So long are derived ids remembered: while a topic may hand out their event, or its decision, again."""
    return max(settings.events_days, settings.topic_days) + _MARGIN_DAYS


def records_days(settings: Settings) -> int:
    """Of what was decided and done."""
    return max(settings.records_days, identity_days(settings))


def letters_days(settings: Settings) -> int:
    """Of what was written to owners."""
    return max(settings.letters_days, identity_days(settings))


def help_days(_settings: Settings) -> int:
    return _HELP_DAYS


def one_day(_settings: Settings) -> int:
    return 1


def kept_topic_days(settings: Settings) -> int:
    return settings.topic_days


def once_past(
    ended: Column[Any],
    since: str,
    days: Days,
    of: Callable[[str], ColumnElement[bool]] | None = None,
) -> Rule:
    """The rule of a table whose rows end at the time in `ended`, and are of the account that they name unless `of` says more."""
    return Rule(
        table=ended.table.name,
        of=of or which.of_account(ended.table),
        since=since,
        days=days,
        over=lambda before: ended < before,
    )


def of_nobody(ended: Column[Any], since: str, days: Days) -> Rule:
    """The rule of a table whose rows end at the time in `ended` and are about no account."""
    return Rule(
        table=ended.table.name,
        erased="nothing of accounts",
        since=since,
        days=days,
        over=lambda before: ended < before,
    )


def of_case(table: Table, of: Callable[[str], ColumnElement[bool]] | None = None) -> Rule:
    """The rule of a table whose rows belong to a case, and go some time after it was resolved."""
    return Rule(
        table=table.name,
        of=of or which.of_account(table),
        since="their case is resolved",
        days=records_days,
        over=lambda before: which.of_resolved(table, before),
    )
