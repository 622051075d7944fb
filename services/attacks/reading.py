"""What the recognition of attacks reads of activity, each query by an index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Row, Select, and_, any_, bindparam, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import since
from services.activity.tables import activity
from services.attacks.kinds import Tried
from services.attacks.waves import Passed, Source, Tries, Use

#: Names in one query, written out each and as one array.
_PART, _PART_AS_ARRAY = 500, 5000
#: A challenge ends at most so long after the event that it is about.
_CHALLENGE_S = 86_400.0
#: Cards are tried with small payments, and where cards fill the wallet.
_CARD_KINDS = ("payment", "top_up")
#: As the partial index has it.
_FAILED = "outcome IN ('failure', 'failed')"
_WHERE_FROM = ("ip_key", "device_key", "network_key", "network_kind", "country")
#: Whether an amount of a currency is as small as those that cards are tried with.
Small = Callable[[str, str], bool]
#: The event that a challenge was about.
_about = activity.alias("about")


async def failures(connection: AsyncConnection, at: float, small: Small) -> list[Tries]:
    """Every attempt at `at` or after that failed at a known address."""
    of = activity.c
    columns = (of.account_id, of.at, of.type, of.amount, of.currency, *(of[name] for name in _WHERE_FROM))
    query = select(*columns).where(text(_FAILED), since(at), of.ip_key.is_not(None))
    query = query.where(or_(of.type == "login", and_(of.type == "transaction", of.kind.in_(_CARD_KINDS))))
    found = [
        _tries("password" if row.type == "login" else "card", row)
        for row in await connection.execute(query)
        if row.type == "login" or small(row.amount, row.currency)
    ]
    found += [
        _tries("code", row) for row in await connection.execute(_challenged(text(f"activity.{_FAILED}"), at))
    ]
    return found


async def uses_of(
    connection: AsyncConnection, accounts: Collection[str], at: float, codes: Collection[str]
) -> dict[str, list[Use]]:
    """From where and on what these accounts were used with success at `at` or after; of those among `codes`, where challenges
    were passed too."""
    found: dict[str, list[Use]] = {account_id: [] for account_id in accounts}
    of = activity.c
    went_well = or_(
        and_(of.type == "login", of.outcome == "success"),
        and_(of.type == "transaction", of.outcome == "completed"),
    )
    for part in _parts(connection, sorted(accounts)):
        query = (
            select(of.account_id, of.type, of.ip_key, of.device_key, func.min(of.at), func.max(of.at))
            .where(_among(connection, of.account_id, part), since(at), went_well)
            .group_by(of.account_id, of.type, of.ip_key, of.device_key)
        )
        for account_id, kind, source, device, first_at, last_at in await connection.execute(query):
            use = Use("login" if kind == "login" else "payment", source, device, first_at, last_at)
            found[account_id].append(use)
    for part in _parts(connection, sorted(found.keys() & set(codes))):
        passed = _challenged(of.outcome == "passed", at).where(_among(connection, of.account_id, part))
        for row in await connection.execute(passed):
            found[row.account_id].append(Use("code", row.ip_key, row.device_key, row.at, row.at))
    return found


async def passed_at(
    connection: AsyncConnection,
    tried: Tried,
    sources: Collection[Source],
    networks: Collection[bytes],
    between: tuple[float, float],
    small: Small,
) -> list[Passed]:
    """What went through at these addresses, which are of these networks, between those times."""
    first, last = between
    found: list[Passed] = []
    wanted = frozenset(sources)
    for part in _parts(connection, sorted(networks)):
        if tried == "code":
            at_them = _among(connection, _about.c.network_key, part)
            query = _challenged(activity.c.outcome == "passed", first).where(at_them)
        else:
            query = _went_through(tried).where(since(first), _among(connection, activity.c.network_key, part))
        for row in await connection.execute(query.where(activity.c.at <= last)):
            if row.ip_key in wanted and (tried != "card" or small(row.amount, row.currency)):
                found.append(
                    Passed(
                        tried,
                        row.ip_key,
                        row.account_id,
                        row.device_key,
                        row.network_kind or "unknown",
                        row.country,
                        row.at,
                        row.event_id,
                    )
                )
    return found


def _went_through(tried: Tried) -> Select[Any]:
    of = activity.c
    columns = (of.account_id, of.event_id, of.at, of.amount, of.currency, *(of[name] for name in _WHERE_FROM))
    query = select(*columns).where(of.ip_key.is_not(None))
    if tried == "password":
        return query.where(of.type == "login", of.outcome == "success")
    return query.where(of.type == "transaction", of.kind.in_(_CARD_KINDS), of.outcome == "completed")


def _challenged(ended: ColumnElement[bool] | Any, at: float) -> Select[Any]:
    """Challenges that ended so at `at` or after, with where the events came from that they were about."""
    of = activity.c
    columns = (of.account_id, of.event_id, of.at, *(_about.c[name] for name in _WHERE_FROM))
    return (
        select(*columns)
        .join(_about, and_(_about.c.account_id == of.account_id, _about.c.event_id == of.about_event_id))
        .where(ended, of.type == "challenge_outcome", since(at), since(at - _CHALLENGE_S, _about))
        .where(_about.c.ip_key.is_not(None))
    )


def _tries(tried: Tried, row: Row[Any]) -> Tries:
    return Tries(
        tried,
        row.ip_key,
        row.account_id,
        row.device_key,
        row.network_key,
        row.network_kind or "unknown",
        row.country,
        row.at,
        row.at,
    )


def _parts(connection: AsyncConnection, names: Sequence[Any]) -> Iterator[Sequence[Any]]:
    size = _PART if connection.dialect.name == "sqlite" else _PART_AS_ARRAY
    for first in range(0, len(names), size):
        yield names[first : first + size]


def _among(
    connection: AsyncConnection, column: ColumnElement[Any], names: Sequence[Any]
) -> ColumnElement[bool]:
    """Whether the column is one of the names: on PostgreSQL one parameter, as to write out thousands takes longer than to ask."""
    if connection.dialect.name == "sqlite":
        return column.in_(names)
    return column == any_(bindparam(None, list(names), type_=ARRAY(column.type)))
