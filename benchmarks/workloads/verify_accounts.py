"""Accounts with a factor and one open challenge each, as the bench of verifications meets them.

Of twenty, ten offer a right code from a network and device where they passed earlier today, seven from where they passed
days ago, two from where they never were, and one offers a wrong code, in an order drawn anew for each twenty: with several
APIs, asked in turn, none gets all codes of a kind.
"""

from __future__ import annotations

import random
from typing import Any

from msgspec import Struct
from sqlalchemy import func, insert, select

from contracts.decisions import approval_digest
from services.audit.tables import audit
from services.mfa import totp
from services.mfa.limit_tables import code_networks, factor_devices
from services.mfa.limits import DAY_S, Limits
from services.mfa.records import ATTEMPTS, Context
from services.mfa.tables import challenges, factors
from services.mfa.vault import Vault
from services.platform.database import Database

_KINDS = 20
_TODAY, _ONCE = 10, 17
_WRONG = _KINDS - 1
_LIFETIME_S = 300.0
_SEED = 20


class Owner(Struct, frozen=True):
    """Who offers a code: for which challenge, from where, and whether it is right. `kind` is which of the twenty."""

    challenge_id: str
    secret: str
    ip: str
    device_id: str
    kind: int

    @property
    def right(self) -> bool:
        """Whether the code is."""
        return self.kind != _WRONG


def owners(count: int) -> list[Owner]:
    """So many, each of an account of its own. The same count has the same kinds in the same order."""
    drawn, kinds = random.Random(_SEED), list[int]()
    while len(kinds) < count:
        kinds += drawn.sample(range(_KINDS), _KINDS)
    return [
        Owner(f"challenge{index}", totp.new_secret(), _address(index), f"phone{index}", kinds[index])
        for index in range(count)
    ]


async def record_owners(
    database: Database, vault: Vault, limits: Limits, told: list[Owner], at: float
) -> None:
    """Write their factors, challenges, networks and devices; challenges are issued `at` (epoch seconds)."""
    rows: dict[Any, list[dict[str, Any]]] = {
        factors: [],
        challenges: [],
        code_networks: [],
        factor_devices: [],
    }
    for index, owner in enumerate(told):
        account_id, factor_id = f"account{index}", f"factor{index}"
        rows[factors].append(_factor(factor_id, account_id, vault.seal(account_id, owner.secret), at))
        rows[challenges].append(_challenge(owner.challenge_id, account_id, at))
        visitor = limits.visitor(account_id, Context(ip=owner.ip, device_id=owner.device_id))
        passed_at = _passed_at(owner.kind, at)
        if passed_at is not None:
            network = {"network": visitor.network, "spent_until": 0.0, "passed_at": passed_at}
            device = {"factor_id": factor_id, "device": visitor.device, "passed_at": passed_at}
            rows[code_networks].append(network)
            rows[factor_devices].append({**device, "tries": 0, "tries_since": 0.0})
    async with database.begin() as connection:
        for table, values in rows.items():
            await connection.execute(insert(table), values)


async def audited(database: Database) -> dict[str, int]:
    """How often each result stands in the audit of offered codes."""
    query = select(audit.c.result, func.count()).where(audit.c.action == "verify").group_by(audit.c.result)
    async with database.read() as connection:
        return dict((await connection.execute(query)).tuples().all())


def _address(index: int) -> str:
    """Of a network of its own."""
    return f"{240 + (index >> 16)}.{index >> 8 & 255}.{index & 255}.7"


def _passed_at(kind: int, at: float) -> float | None:
    if kind in range(_ONCE, _WRONG):
        return None
    return at - DAY_S / 4 if kind < _TODAY else at - 4 * DAY_S


def _factor(factor_id: str, account_id: str, sealed: bytes, at: float) -> dict[str, Any]:
    return {
        "id": factor_id,
        "account_id": account_id,
        "secret": sealed,
        "state": "active",
        "last_step": 0,
        "failures_in_row": 0,
        "failures_total": 0,
        "locked_until": 0.0,
        "created_at": at - DAY_S,
        "confirmed_at": at - DAY_S,
    }


def _challenge(challenge_id: str, account_id: str, at: float) -> dict[str, Any]:
    event_id = f"event-{challenge_id}"
    return {
        "challenge_id": challenge_id,
        "account_id": account_id,
        "event_id": event_id,
        "purpose": "transaction",
        "digest": approval_digest(event_id, "transaction", "412.00", "CNY", "payee-9"),
        "amount": "412.00",
        "currency": "CNY",
        "payee_id": "payee-9",
        "state": "open",
        "issued_at": at,
        "expires_at": at + _LIFETIME_S,
        "attempts_left": ATTEMPTS,
    }
