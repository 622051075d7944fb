"""An attack as rows, as recognition leaves them, for what is shown of it and done about it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import json
from sqlalchemy import insert

from contracts.decisions import Severity
from contracts.events import AccountChange, AnyEvent, Transaction
from services.activity.repository import ActivityStore
from services.activity.rows import row_of
from services.attacks.tables import attack_accounts, attack_log, attack_minutes, attack_sources, attacks
from services.cases import holds
from services.cases.tables import cases
from services.platform.database import Database

NOW = 1_800_000_000.0
NUMBER = "W-118"
MINUTE_S = 60.0
_NETWORKS = ("hosting", "hosting", "hosting", "residential", "mobile", "tor")
_COUNTRIES = ("NL", "VN", "RU", "BR", "ID", None)
_PART = 500


async def attacked(
    database: Database,
    accounts: int = 12,
    fallen: int = 3,
    sources: int = 6,
    now: float = NOW,
    minutes: int = 36,
    **more: Any,
) -> str:
    """Keep an attack that began `minutes` ago; the accounts are "acct-0000" and so on, of which the first `fallen` gave way."""
    attack_id = more.get("attack_id", NUMBER)
    begun_at = now - minutes * MINUTE_S
    first = int(begun_at // 60)
    counts = [min(10 + 40 * each, 900) for each in range(minutes)]
    by_minute = [0] * minutes
    for each in range(fallen):
        by_minute[(3 + each) % minutes] += 1
    row = {
        "attack_id": attack_id,
        "kind": "credential_stuffing",
        "state": "open",
        "begun_at": begun_at,
        "last_at": now - 30.0,
        "recognised_at": begun_at + 3 * MINUTE_S,
        "attempts": sum(counts),
        "accounts": accounts,
        "sources": sources,
        "gave_way": fallen,
        "usual_per_minute": 2.2,
        "peak_per_minute": max(counts),
        "peak_at": now - 15 * MINUTE_S,
        "at_stake": json.encode({"held": {"CNY": "18000.00"}, "completed": {"CNY": "1040.50"}}).decode(),
        "version": 3,
        "told_at": begun_at + 4 * MINUTE_S,
        "told_size": accounts,
        **more,
    }
    async with database.begin() as connection:
        await connection.execute(insert(attacks).values(row))
        tried = [_account(attack_id, each, fallen, begun_at, by_minute) for each in range(accounts)]
        came = [_source(attack_id, each, begun_at) for each in range(sources)]
        spread = [
            {"attack_id": attack_id, "minute": first + at, "attempts": count, "gave_way": by_minute[at]}
            for at, count in enumerate(counts)
        ]
        for table, rows in ((attack_accounts, tried), (attack_sources, came), (attack_minutes, spread)):
            for at in range(0, len(rows), _PART):
                await connection.execute(insert(table), rows[at : at + _PART])
        await connection.execute(insert(attack_log), _log(attack_id, begun_at))
    return str(attack_id)


async def joined(database: Database, names: Sequence[str], at: float, attack_id: str = NUMBER) -> None:
    """More accounts that gave way, later."""
    rows = [
        {
            "attack_id": attack_id,
            "account_id": each,
            "attempts": 4,
            "first_at": at,
            "last_at": at,
            "gave_way_at": at,
            "gave_way_event_id": f"in-{each}",
        }
        for each in names
    ]
    async with database.begin() as connection:
        await connection.execute(insert(attack_accounts), rows)


def account(number: int) -> str:
    """The name of the account of that number."""
    return f"acct-{number:04}"


def _account(
    attack_id: str, each: int, fallen: int, begun_at: float, by_minute: Sequence[int]
) -> dict[str, Any]:
    gave_way = each < fallen
    at = begun_at + (3 + each) % len(by_minute) * MINUTE_S + 5.0
    return {
        "attack_id": attack_id,
        "account_id": account(each),
        "attempts": 3,
        "first_at": begun_at,
        "last_at": at,
        "gave_way_at": at if gave_way else None,
        "gave_way_event_id": f"in-{account(each)}" if gave_way else None,
    }


def _source(attack_id: str, each: int, begun_at: float) -> dict[str, Any]:
    return {
        "attack_id": attack_id,
        "source_key": hashlib.sha256(str(each).encode()).digest()[:16],
        "network_kind": _NETWORKS[each % len(_NETWORKS)],
        "country": _COUNTRIES[each % len(_COUNTRIES)],
        "attempts": 40 + 7 * (each % 9),
        "accounts": 12,
        "first_at": begun_at,
        "last_at": begun_at + MINUTE_S,
    }


def _log(attack_id: str, begun_at: float) -> list[dict[str, Any]]:
    told = json.encode({"number": 1, "ways": ["mail"]}).decode()
    return [
        {
            "attack_id": attack_id,
            "at": begun_at + 3 * MINUTE_S,
            "what": "recognised",
            "by": "payguard",
            "detail": None,
        },
        {
            "attack_id": attack_id,
            "at": begun_at + 4 * MINUTE_S,
            "what": "told",
            "by": "payguard",
            "detail": told,
        },
    ]


async def followed(database: Database, now: float) -> None:
    """What came after on the accounts of the attack: cases, a freeze, money that went out, was held and refused, a change."""
    begun_at = now - 36 * MINUTE_S
    events: list[AnyEvent] = [
        _paid(0, "18000.00", "requested", now - 20 * MINUTE_S),
        _paid(1, "9870.00", "completed", now - 18 * MINUTE_S),
        _paid(3, "2310.55", "failed", now - 15 * MINUTE_S),
        AccountChange(
            event_id="c", account_id=account(2), occurred_at=_ms(now - 12 * MINUTE_S), change="email_change"
        ),
    ]
    store = ActivityStore(database, {"money": 400, "access": 180}, lambda: now)
    await store.write([row_of(each) for each in events])
    severe: list[tuple[int, Severity]] = [
        (0, "critical"),
        (1, "high"),
        (2, "high"),
        (3, "high"),
        (4, "medium"),
    ]
    async with database.begin() as connection:
        for number, severity in severe:
            row = {
                "case_id": f"case-{number}",
                "account_id": account(number),
                "state": "open",
                "severity": severity,
                "opened_at": begun_at + 300.0 + number,
                "changed_at": now - 60.0,
                "version": 1,
                "next_due_at": now + 3600.0,
            }
            await connection.execute(insert(cases).values(row))
        await holds.freeze(connection, account(0), "paid-0", holds.DECISION, now - 600.0, now - 600.0)


def _paid(
    number: int, amount: str, status: Literal["requested", "completed", "failed"], at: float
) -> Transaction:
    return Transaction(
        event_id=f"paid-{number}",
        account_id=account(number),
        occurred_at=_ms(at),
        amount=amount,
        currency="CNY",
        kind="transfer",
        status=status,
        payee_id="chen-wei-4471",
    )


def _ms(at: float) -> int:
    return int(at * 1000)
