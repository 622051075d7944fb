"""Incidents in SQL as the cases process writes them, of owners whom every channel reaches."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import insert

from contracts.decisions import derived_id, effect_id
from services.cases.repository import keep
from services.cases.tables import contact_points
from services.platform.database import Database
from tests.services.cases.decided import alert, no_challenges, notify, recorded

#: The channels by which each is told.
OUTSIDE = ("mail", "web_push", "sms")
EVERYWHERE = (*OUTSIDE, "inbox")
_DAY_S = 86_400.0


def notice_of(account: str) -> str:
    """The notice that tells the account's incident."""
    return effect_id(account, "e1", "notify")


async def make_reachable(database: Database, accounts: Sequence[str], browser: str) -> None:
    """Give each account a mail address, a telephone and the browser's subscription, a day ago."""
    rows = [
        {
            "point_id": derived_id(account, channel),
            "account_id": account,
            "channel": channel,
            "address": address,
            "locale": "en",
            "time_zone": "Asia/Shanghai",
            "since": time.time() - _DAY_S,
        }
        for number, account in enumerate(accounts)
        for channel, address in (
            ("mail", f"{account}@people.example"),
            ("sms", f"+86138{number:08d}"),
            ("web_push", browser),
        )
    ]
    async with database.begin() as connection:
        await connection.execute(insert(contact_points), rows)


async def raise_incidents(database: Database, accounts: Sequence[str]) -> None:
    """One incident of two findings an account: a payment that is stopped, and a sign-in that joins it in silence."""
    at = time.time()
    stopped = [
        recorded("e1", each, (alert("e1", account_id=each), notify("e1", "deny_notice", each)), at=at)
        for each in accounts
    ]
    signed_in = [recorded("e2", each, (notify("e2", "login_notice", each),), at=at) for each in accounts]
    async with database.begin() as connection:
        await keep(connection, [*stopped, *signed_in], no_challenges)
