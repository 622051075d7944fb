"""Attacks as people read them: a list, and one with its parts. Raises Unavailable when the database is away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, json
from sqlalchemy import select

from services.attacks import parts
from services.attacks.kinds import AttackKind, AttackState
from services.attacks.stake import Stake
from services.attacks.tables import attack_accounts, attack_log, attacks
from services.platform import cursors
from services.platform.database import Database


class Attack(Struct, frozen=True, kw_only=True):
    """The row of an attack; times in epoch seconds."""

    attack_id: str
    kind: AttackKind
    state: AttackState
    begun_at: float
    last_at: float
    recognised_at: float
    ended_at: float | None
    attempts: int
    accounts: int
    sources: int
    gave_way: int
    usual_per_minute: float
    peak_per_minute: int
    peak_at: float
    at_stake: Stake
    lead: str | None
    version: int


class Touched(Struct, frozen=True, kw_only=True):
    """What befell one account."""

    account_id: str
    attempts: int
    first_at: float
    last_at: float
    gave_way_at: float | None
    gave_way_event_id: str | None


class Deed(Struct, frozen=True):
    """One line of what was done about an attack; `by` is a person, or `payguard`."""

    at: float
    what: str
    by: str


class Whole(Struct, frozen=True):
    """An attack with its addresses by kind of network, the accounts that gave way, and what was done."""

    attack: Attack
    networks: Counter[str]
    gave_way: Sequence[Touched]
    deeds: Sequence[Deed]


class Attacks:
    """Reads attacks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self, *, state: AttackState | None, kind: AttackKind | None, cursor: str | None, limit: int
    ) -> tuple[list[Attack], str | None]:
        """At most `limit` attacks, last begun first, and the cursor of the next ones.

        Raises Malformed for a cursor that is not ours.
        """
        query = select(attacks)
        for column, value in ((attacks.c.state, state), (attacks.c.kind, kind)):
            if value is not None:
                query = query.where(column == value)
        rows, following = await cursors.page(
            self._database, query, attacks.c.begun_at, attacks.c.attack_id, cursor, limit
        )
        return [of_row(row) for row in rows], following

    async def one(self, attack_id: str) -> Whole | None:
        """The attack of that number, None when there is none."""
        touched = (
            select(*(attack_accounts.c[name] for name in Touched.__struct_fields__))
            .where(attack_accounts.c.attack_id == attack_id, attack_accounts.c.gave_way_at.is_not(None))
            .order_by(attack_accounts.c.gave_way_at, attack_accounts.c.account_id)
        )
        this = attack_log.c
        done = select(this.at, this.what, this.by).where(this.attack_id == attack_id).order_by(this.sequence)
        async with self._database.read() as connection:
            found = await connection.execute(select(attacks).where(attacks.c.attack_id == attack_id))
            row = found.mappings().first()
            if row is None:
                return None
            return Whole(
                of_row(row),
                await parts.networks(connection, attack_id),
                [Touched(**each) for each in (await connection.execute(touched)).mappings()],
                [Deed(*each) for each in await connection.execute(done)],
            )


def of_row(row: Any) -> Attack:
    """The attack of a row of the table, by name."""
    given = {name: row[name] for name in Attack.__struct_fields__}
    stake = given["at_stake"]
    return Attack(**given | {"at_stake": {} if stake is None else json.decode(stake)})
