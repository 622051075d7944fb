"""A case whose history grows, a help desk that is connected, and somebody who carries the one to the other."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpcore
from msgspec.structs import asdict
from sqlalchemy import insert, select

from contracts.decisions import Severity
from contracts.report_kinds import Kind
from services.cases import states
from services.cases.case_rows import case_of, note_entry, write
from services.cases.states import Case
from services.cases.tables import case_entries, cases
from services.connect.carrier import Carrier
from services.connect.connections import (
    Connection,
    ConnectionKind,
    Connections,
    Options,
    Secrets,
    connection_vault,
)
from services.connect.tickets import LEASE_S
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.wallet.outside import outside
from tests.services.connect.stand_ins import TOKEN, StandIn

VAULT = connection_vault(Keyring({1: b"e" * 32}, 1))
ACCOUNT = "wallet-70518824"
SIGNING = {"zammad": "5ecret", "chatwoot": "5ecret", "webhook": "whsec_" + "c2VjcmV0" * 6}
OPTIONS: dict[str, Options] = {
    "zammad": Options(group="Users", customer="payguard@example.com"),
    "chatwoot": Options(account=1, inbox=7),
    "webhook": Options(),
}


class World:
    """A database with one connection, and a clock that a test turns."""

    def __init__(self, database: Database, desk: StandIn) -> None:
        self.database = database
        self.desk = desk
        self.now = 1_800_000_000.0
        self.number = 0

    def clock(self) -> float:
        return self.now

    @property
    def connections(self) -> Connections:
        return Connections(self.database, VAULT, self.clock, allow_private=True)

    async def connect(self, kind: ConnectionKind, **options: Any) -> Connection:
        chosen = Options(**asdict(OPTIONS[kind]) | options)
        url = self.desk.url + ("/payguard" if kind == "webhook" else "")
        secret = Secrets(token=TOKEN, signing=SIGNING[kind])
        return await self.connections.create("desk", kind, url, chosen, secret, "cli:test")

    async def case(self, kind: Kind = "risk", severity: Severity = "high", case_id: str = "") -> str:
        """A new case, opened by an event; its id."""
        self.number += 1
        case = states.opened(case_id or f"{self.number:032x}", f"{ACCOUNT}{self.number}", severity, self.now)
        case = Case(**asdict(case) | {"kind": kind})
        async with self.database.begin() as connection:
            await connection.execute(insert(cases).values(asdict(case)))
            await note_entry(connection, case, "opened", None)  # type: ignore[arg-type]
        return case.case_id

    async def note(
        self, case_id: str, kind: str = "assigned", note: str | None = None, actor: str = "key:mei"
    ) -> None:
        """Something happens to the case."""
        self.now += 1.0
        async with self.database.begin() as connection:
            case = await case_of(connection, case_id, lock=True)
            assert case is not None
            changed = states.added(case, self.now) if case.state != "resolved" else case
            if kind == "assigned":
                changed = states.assigned(case, "mei", self.now)
            elif kind == "resolved":
                changed = states.resolved(states.assigned(case, "mei", self.now), "fraud", self.now)
            elif kind == "reopened":
                changed = states.reopened(case, self.now)
            await write(connection, case, changed, kind, actor, note)

    async def carry(self, rounds: int = 1, private: bool = True) -> None:
        """Tell the help desk what there is to tell, so many times, each after whatever pause there was."""
        async with outside(private) as pool:
            for _ in range(rounds):
                await self.carry_by(pool)

    async def carry_by(self, pool: httpcore.AsyncConnectionPool) -> None:
        """Once, by a carrier that has just begun."""
        carrier = Carrier(self.database, VAULT, pool, self.clock, "https://pay.example/desk/cases/")
        task = asyncio.create_task(self._step(carrier))
        self.desk.kill = task.cancel
        with suppress(asyncio.CancelledError):
            await task
        self.now += 3600.0 + LEASE_S

    async def _step(self, carrier: Carrier) -> None:
        async with asyncio.TaskGroup() as tasks:
            await carrier.step(tasks)

    async def entries(self, case_id: str, kind: str = "desk_note") -> list[str]:
        """What stands in the case's history of that kind."""
        query = select(case_entries.c.note).where(
            case_entries.c.case_id == case_id, case_entries.c.kind == kind
        )
        async with self.database.read() as connection:
            return list((await connection.execute(query.order_by(case_entries.c.sequence))).scalars())

    async def sequences(self, case_id: str) -> list[int]:
        query = select(case_entries.c.sequence).where(case_entries.c.case_id == case_id)
        async with self.database.read() as connection:
            return list((await connection.execute(query.order_by(case_entries.c.sequence))).scalars())
