"""Attempts as rows of activity, and what they leave in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from msgspec import Struct
from sqlalchemy import Table, select

from contracts.exchange import ExchangeRates
from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.attacks.recogniser import Recogniser
from services.attacks.tables import attack_accounts, attack_log, attack_minutes, attack_sources, attacks
from services.platform.database import Database
from tests.services.attacks.made import key

KEPT = {"money": 400, "access": 180}
RATES = ExchangeRates(usd_per_unit={"USD": 1.0, "CNY": 0.14})


class Ledger(Struct):
    """What an attacker really did."""

    attempts: int = 0
    gave_way: int = 0


def row(account: str, event_id: str, at: float, source: str, **more: Any) -> Row:
    """A login that failed, or whatever `more` makes of it."""
    given: dict[str, Any] = {
        "section": "access",
        "type": "login",
        "outcome": "failure",
        "device_key": key(f"d-{account}-{source}"),
        "network_key": key("AS-made"),
        "network_kind": "hosting",
        "country": "TH",
        "ip_key": key(source),
    }
    return Row(
        account_id=account,
        event_id=event_id,
        day=datetime.fromtimestamp(at, UTC).date(),
        at=at,
        **given | more,
    )


def wave(
    name: str,
    accounts: int,
    sources: int,
    begins: float,
    lasts_s: float,
    *,
    gives_way: float = 0.0,
    seed: int = 1,
    network: str = "",
) -> tuple[list[Row], Ledger]:
    """Logins on so many accounts; this share of them lets the attacker in."""
    rng = Random(seed)
    rows, ledger = [], Ledger()
    for number in range(accounts):
        source = f"s-{name}-{number if number < sources else rng.randrange(sources)}"
        at = begins + rng.random() * lasts_s
        account = f"{name}-{number}"
        outcome = "success" if rng.random() < gives_way else "failure"
        rows.append(
            row(
                account,
                f"{name}-{number}",
                at,
                source,
                outcome=outcome,
                network_key=key(network or f"AS-{name}"),
            )
        )
        ledger.attempts += 1
        ledger.gave_way += outcome == "success"
    return sorted(rows, key=lambda each: each.at), ledger


async def happened(database: Database, rows: Iterable[Row], now: float) -> None:
    """Keep the rows of activity."""
    store = ActivityStore(database, KEPT, lambda: now)
    rows = list(rows)
    for first in range(0, len(rows), 500):
        await store.write(rows[first : first + 500])


async def look(database: Database, now: float) -> None:
    """Look for attacks once."""
    await Recogniser(database, lambda: now, RATES).look()


async def all_of(database: Database, table: Table) -> list[dict[str, Any]]:
    """Every row of a table, in the order of its key."""
    query = select(table).order_by(*table.primary_key.columns)
    async with database.read() as connection:
        return [dict(each) for each in (await connection.execute(query)).mappings()]


async def kept(database: Database) -> dict[str, Sequence[Any]]:
    """What attacks there are, with all their parts."""
    tables = (attacks, attack_sources, attack_accounts, attack_minutes)
    found: dict[str, Sequence[Any]] = {each.name: await all_of(database, each) for each in tables}
    found["attack_log"] = [(each["attack_id"], each["what"]) for each in await all_of(database, attack_log)]
    return found
