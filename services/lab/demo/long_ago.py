"""What people set up long before the demonstration begins: their factors, which of this minute would look like a takeover, and
where their letters go."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping

import pyotp
from sqlalchemy import delete, insert

from services.bootstrap.rest import open_limits, open_vault
from services.cases.contact_points import MAIL
from services.cases.tables import contact_points, notices
from services.lab.people.personas import Person
from services.mfa.factor_check import CodeChecker
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.records import Context
from services.mfa.recovery import Cost
from services.platform.database import Database
from services.platform.settings import Settings

_AT_ONCE = 4
_CONTEXT = Context(ip=None, device_id=None, actor="demo")


async def enrolled_at(
    settings: Settings, database: Database, people: Iterable[Person], at: float
) -> dict[str, str]:
    """Give each person a factor as of `at` (epoch seconds): the secrets of the accounts whose factor was confirmed."""
    vault = open_vault(settings)
    cost = Cost(memory_kib=settings.recovery_code_memory_kib)
    checker = CodeChecker(vault, open_limits(settings))
    lifecycle = FactorLifecycle(database, vault, checker, lambda: at, settings.totp_issuer, cost)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(account_id: str) -> tuple[str, str] | None:
        async with gate:
            begun = await lifecycle.enrol(account_id, at, _CONTEXT)
            code = pyotp.TOTP(begun.secret).at(int(at))
            confirmed = await lifecycle.confirm(account_id, code, _CONTEXT)
            return (account_id, begun.secret) if confirmed.confirmed else None

    given = dict(filter(None, await asyncio.gather(*(one(who.account_id) for who in people))))
    async with database.begin() as connection:
        # Of what was long ago, no letter comes now.
        await connection.execute(delete(notices).where(notices.c.account_id.in_(given)))
    return given


async def reached_at(
    database: Database, people: Iterable[Person], locales: Mapping[str, str], at: float
) -> None:
    """Say where these people's letters go since `at` (epoch seconds). `locales` are the languages of accounts that are not
    written to in their city's."""
    points = [
        {
            "point_id": secrets.token_hex(16),
            "account_id": who.account_id,
            "channel": MAIL,
            "address": f"{who.account_id}@people.example",
            "locale": locales.get(who.account_id) or ("zh-CN" if who.city.currency == "CNY" else "en"),
            "time_zone": who.city.zone,
            "since": at,
        }
        for who in people
    ]
    async with database.begin() as connection:
        await connection.execute(insert(contact_points), points)
