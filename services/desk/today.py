"""Today in figures, read together and kept for a moment: everybody who looks within it sees the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from sqlalchemy import select

from services.audit.chain import NO_ACCOUNT
from services.audit.tables import audit
from services.cases.case_measures import DAY_S
from services.desk.report import Row
from services.desk.report_window import Window
from services.desk.today_attack import Attack, attack_of
from services.desk.today_figures import (
    Heard,
    Keeping,
    Wallet,
    heard_of,
    keeping_of,
    wallet_of,
)
from services.desk.today_machine import Machine, machine_of
from services.platform.database import Database
from services.platform.progress import Consumers

#: So long are figures shown again, in seconds.
FRESH_S = 15.0
_MOST_CHANGES = 8


class Change(Struct, frozen=True):
    """Something that an administrator or a process changed: when, which act of the audit, and by whom."""

    at: float
    action: str
    by: str


class Today(Struct, frozen=True, kw_only=True):
    """The four questions in figures, and what changed; `began_at` is when this process began."""

    window: Window
    attack: Attack
    heard: Heard
    keeping: Keeping
    wallet: Wallet
    machine: Machine
    changes: Sequence[Change]
    began_at: float


class Todays:
    """Reads the figures, once for all who ask within FRESH_S. Raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Callable[[], float], consumers: Consumers) -> None:
        self._database = database
        self._clock = clock
        self._consumers = consumers
        self._began_at = clock()
        self._known: dict[int, Today] = {}
        self._reading = asyncio.Lock()

    async def of(self, days: int) -> Today:
        """The figures of the last days, 1 or 7."""
        async with self._reading:
            known, now = self._known.get(days), self._clock()
            if known is None or not 0.0 <= now - known.window.now < FRESH_S:
                known = self._known[days] = await self._read(days, now)
        return known

    async def _read(self, days: int, now: float) -> Today:
        window = Window(now - days * DAY_S, now, now)
        async with self._database.read() as connection:
            rows = audit.c
            query = select(rows.at, rows.action, rows.actor).where(
                rows.lane == NO_ACCOUNT, rows.at >= window.since
            )
            changes = await connection.execute(query.order_by(rows.seq.desc()).limit(_MOST_CHANGES))
            return Today(
                window=window,
                attack=await attack_of(connection, window),
                heard=await heard_of(connection, window),
                keeping=await keeping_of(connection, window),
                wallet=await wallet_of(connection, window),
                machine=machine_of(self._consumers),
                changes=[Change(row.at, row.action, row.actor) for row in changes],
                began_at=self._began_at,
            )


def rows_of_today(today: Today) -> Iterator[Row]:
    """The figures, one a row, as the report's CSV has them."""
    attack, heard, keeping, wallet = today.attack, today.heard, today.keeping, today.wallet
    names = (
        "accounts",
        "decided",
        "alerts",
        "asked",
        "not_passed",
        "fraud",
        "gave_way",
        "last_hour",
        "usual_hour",
    )
    for name in names:
        yield "attack", "all", name, getattr(attack, name)
    for wave in attack.waves:
        yield "attack", wave.attack_id, "accounts", wave.accounts
        yield "attack", wave.attack_id, "gave_way", wave.gave_way
    for kind, money in (("held", attack.held), ("lost", attack.lost)):
        for currency, amount in money.items():
            yield "attack", currency, kind, f"{amount:f}"
    for name in ("sent", "unreachable", "median_s", "answers", "not_me", "right"):
        yield "heard", "all", name, getattr(heard, name)
    yield "heard", "stop", "median_s", heard.stop_median_s
    yield "heard", "stop", "p95_s", heard.stop_p95_s
    for name in ("open", "breached", "soon", "unassigned", "approvals"):
        yield "desk", "all", name, getattr(keeping, name)
    yield "desk", "all", "reveals", keeping.shown.count
    yield "desk", "all", "first_answer_p90_s", keeping.first_answer.p90_s
    for each in keeping.kinds:
        yield "desk", each.kind, "open", each.waiting
        yield "desk", each.kind, "reveals", each.reveals
    for right in keeping.detectors:
        yield "desk", right.detector, "precision", right.support
    for name in ("waiting", "oldest_s", "unsent", "unsent_oldest_s"):
        yield "machine", "wallet", name, getattr(wallet, name)
    for kind, took in wallet.took.items():
        yield "machine", kind, "confirmed_p90_s", took.p90_s
    yield "machine", "events", "received", today.machine.events
    yield "machine", "events", "dead_letters", today.machine.dead_letters
