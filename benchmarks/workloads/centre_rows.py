"""An owner's past in PostgreSQL, millions of rows of it: written by COPY before their indexes are made.

Every account has as many rows as the others, spread evenly over DAYS days: seven of ten are money, the rest sign-ins, on four
devices. The accounts whose pages are looked at have a contact and messages too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import psycopg
from sqlalchemy import make_url, text

from contracts.decisions import derived_id
from services.activity import months
from services.activity.tables import activity
from services.cases.contact_points import Contact, change_contact
from services.cases.news import News, put_news
from services.cases.tables import notices
from services.platform.database import Database

ROWS_AN_ACCOUNT, DAYS = 1000, 400
_MESSAGES, _PAYEES = 20, 997
_LINES = 20_000
_DAY_S = 86_400
_COLUMNS = (
    "section", "day", "account_id", "event_id", "at", "type", "kind", "outcome", "amount", "currency", "payee_id", "payee_key",
    "device_key", "network_key", "device", "country", "city", "network_kind", "session_id",
)  # fmt: skip


def plain_key(payee_id: str) -> bytes:
    """A key of a payee that no search asks for."""
    return int(payee_id.removeprefix("payee-")).to_bytes(8, "big")


async def fill(
    database: Database, rows: int, now: float, payee_key: Callable[[str], bytes] = plain_key
) -> None:
    """So many rows of the DAYS days until `now` (epoch seconds), in empty tables that this makes; `payee_key` as searches ask."""
    await database.migrate()
    today = datetime.fromtimestamp(now, UTC).date()
    days = {(section, today - timedelta(days=ago)) for section in ("money", "access") for ago in range(DAYS)}
    kept = {"money": DAYS, "access": DAYS}
    indexes = sorted(activity.indexes, key=lambda index: str(index.name))
    async with database.begin() as connection:
        await months.create(connection, months.wanted(days, today, kept))
        for index in indexes:
            await connection.run_sync(index.drop)
    payees = [f"payee-{number}\t\\\\x{payee_key(f'payee-{number}').hex()}" for number in range(_PAYEES)]
    await asyncio.to_thread(_copy, database, _lines(rows, now, payees))
    for index in indexes:
        async with database.begin() as connection:
            await connection.run_sync(index.create)
    async with database.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
            text("VACUUM ANALYZE")
        )


async def reach(database: Database, accounts: Sequence[str], now: float) -> None:
    """A contact and messages that were delivered, for each of these accounts."""
    async with database.begin() as connection:
        for account_id in accounts:
            contact = Contact(f"{account_id}@example.com", "en", "Asia/Shanghai")
            point_id = derived_id(account_id, "point")
            await change_contact(connection, account_id, contact, now - DAYS * _DAY_S, point_id)
            for number in range(_MESSAGES):
                name, at = derived_id(account_id, f"notice{number}"), now - (number * 19 + 1) * _DAY_S
                await put_news(connection, name, name, account_id, "account_locked", News(at=at))
        await connection.execute(notices.update().values(state="delivered"))


def _copy(database: Database, written: Iterator[str]) -> None:
    address = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    statement = f"COPY activity ({', '.join(_COLUMNS)}) FROM STDIN"
    with (
        psycopg.connect(address) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        lines: list[str] = []
        for line in written:
            lines.append(line)
            if len(lines) == _LINES:
                copy.write("".join(lines))
                lines.clear()
        copy.write("".join(lines))


def _lines(rows: int, now: float, payees: Sequence[str]) -> Iterator[str]:
    """The rows as COPY reads them, newest first."""
    accounts, step_s = max(1, rows // ROWS_AN_ACCOUNT), (DAYS - 1) * _DAY_S / rows
    names: dict[int, str] = {}
    for n in range(rows):
        at = now - n * step_s
        day = names.get(number := int(at // _DAY_S)) or names.setdefault(number, _named(number))
        turn, account = divmod(n, accounts)
        what = (
            f"transaction\tpayment\tcompleted\t{turn % 900}.40\tCNY\t{payees[n % _PAYEES]}"
            if turn % 10 < 7
            else "login\tpassword\tsuccess\t\\N\t\\N\t\\N\t\\N"
        )
        yield (
            f"{'money' if turn % 10 < 7 else 'access'}\t{day}\taccount-{account}\tevent-{n}\t{at!r}\t{what}\t"
            f"\\\\x{account * 4 + turn % 4:016x}\t\\\\x{n % 65536:016x}\tiOS, Mobile Safari\tCN\t"
            f"{'Suzhou' if turn % 50 == 0 else 'Shanghai'}\tmobile\tsession-{n}\n"
        )


def _named(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()
