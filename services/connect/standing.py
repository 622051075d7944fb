"""How the tickets of a case stand: where they are, whether they have all that the case has, and why not."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, json
from sqlalchemy import RowMapping, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.tables import case_entries
from services.cases.ticket_tables import connections, tickets
from services.connect.connections import ConnectionKind, Options
from services.connect.registry import KINDS

#: `told`: it has all that the case has. `waiting`: something is still to be said there. `failed`: given up, since the help desk
#: refuses it. `gone`: deleted there.
State = Literal["waiting", "told", "failed", "gone"]


class Standing(Struct, frozen=True, kw_only=True):
    """A case's ticket in one help desk. `number` and `url` are None until it is there; `url` also where nobody knows its page.

    `told_at` is when something was said there last, `next_at` when a failed try is repeated (epoch seconds). `why` is what the
    last try failed for, as `services.connect.calls` names it; None while nothing fails.
    """

    help_desk: str
    kind: ConnectionKind
    number: str | None
    url: str | None
    closed: bool
    state: State
    told_at: float | None
    next_at: float | None
    why: str | None


async def of_case(connection: AsyncConnection, case_id: str) -> list[Standing]:
    """The tickets of a case, by the names of their help desks. One of a case that ended before any was made is left out."""
    this = tickets.c
    newest = select(func.max(case_entries.c.sequence)).where(case_entries.c.case_id == case_id)
    query = (
        select(
            this.connection, this.external_id, this.number, this.told, this.told_at, this.closed_there, this.state,
            this.next_at, this.last_error, connections.c.kind, connections.c.url, connections.c.options,
            newest.scalar_subquery().label("newest"),
        )
        .join(connections, connections.c.name == this.connection)
        .where(this.case_id == case_id, or_(this.external_id.is_not(None), this.state != "told"))
        .order_by(this.connection)
    )  # fmt: skip
    return [_standing(row) for row in (await connection.execute(query)).mappings()]


def _standing(row: RowMapping) -> Standing:
    there: str | None = row["external_id"]
    behind = row["state"] == "told" and row["told"] < (row["newest"] or 0)
    state: State = "waiting" if behind else row["state"]
    failing = row["last_error"] if state in ("waiting", "failed") else None
    options = json.decode(row["options"], type=Options)
    return Standing(
        help_desk=row["connection"],
        kind=row["kind"],
        number=row["number"] or there,
        url=None if there is None or state == "gone" else KINDS[row["kind"]].page(row["url"], options, there),
        closed=row["closed_there"],
        state=state,
        told_at=row["told_at"],
        next_at=row["next_at"] if state == "waiting" and failing is not None else None,
        why=failing,
    )
