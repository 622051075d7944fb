"""What the security team tells users in their security centre: to all or to some accounts, from a time until another."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct
from sqlalchemy import RowMapping, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from services.audit.audit_log import Entry, record
from services.help.tables import security_notice_accounts as told
from services.help.tables import security_notices as notices
from services.platform.database import Database

Audience = Literal["all", "accounts"]


class Wanted(Struct, frozen=True, kw_only=True):
    """A notice as it is written: plain text in both languages, from `starts_at` until `until` (epoch seconds).

    `accounts` names whom it is for where `audience` is `accounts`, and is empty otherwise.
    """

    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    starts_at: float
    until: float
    audience: Audience = "all"
    accounts: Sequence[str] = ()


class SecurityNotice(Struct, frozen=True, kw_only=True):
    """A notice that is kept. Times are epoch seconds."""

    notice_id: str
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    starts_at: float
    until: float
    audience: Audience
    written_by: str
    written_at: float

    def title(self, locale: str) -> str:
        """Its title in that language."""
        return self.title_zh if locale == "zh-CN" else self.title_en

    def text(self, locale: str) -> str:
        """What it says in that language."""
        return self.text_zh if locale == "zh-CN" else self.text_en


class SecurityNotices:
    """Writes, changes and ends notices. `clock` gives epoch seconds; every method raises Unavailable when SQL is away."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def write(self, wanted: Wanted, by: str) -> SecurityNotice:
        """A new notice. Raises Malformed for one whose times or accounts do not fit."""
        _check(wanted)
        notice = _notice(secrets.token_hex(8), wanted, by, self._clock())
        async with self._database.begin() as connection:
            await connection.execute(insert(notices).values(**_row(notice)))
            await self._address(connection, notice, wanted.accounts, "notice_written")
        return notice

    async def change(self, notice_id: str, wanted: Wanted, by: str) -> SecurityNotice | None:
        """The notice anew, all of it; None when there is none. Raises Malformed as `write` does."""
        _check(wanted)
        notice = _notice(notice_id, wanted, by, self._clock())
        async with self._database.begin() as connection:
            this = update(notices).where(notices.c.notice_id == notice_id).values(**_row(notice))
            if (await connection.execute(this)).rowcount == 0:
                return None
            await connection.execute(delete(told).where(told.c.notice_id == notice_id))
            await self._address(connection, notice, wanted.accounts, "notice_changed")
        return notice

    async def end(self, notice_id: str, by: str) -> bool:
        """Show it no longer; whether there was one that is not over yet."""
        now = self._clock()
        this = update(notices).where(notices.c.notice_id == notice_id, notices.c.until > now)
        async with self._database.begin() as connection:
            if (await connection.execute(this.values(until=now))).rowcount == 0:
                return False
            await record(connection, _entry(now, "notice_ended", by, notice_id))
        return True

    async def all(self) -> list[SecurityNotice]:
        """Every notice that is kept, the latest to end first."""
        query = select(notices).order_by(notices.c.until.desc(), notices.c.notice_id)
        async with self._database.read() as connection:
            return [_read(row) for row in (await connection.execute(query)).mappings()]

    async def _address(
        self, connection: AsyncConnection, notice: SecurityNotice, accounts: Sequence[str], act: str
    ) -> None:
        if accounts:
            rows = [{"notice_id": notice.notice_id, "account_id": each} for each in dict.fromkeys(accounts)]
            await connection.execute(insert(told), rows)
        await record(connection, _entry(notice.written_at, act, notice.written_by, notice.notice_id))


async def current(connection: AsyncConnection, account_id: str, now: float) -> list[SecurityNotice]:
    """What the account's owner shall read now, the soonest to end first."""
    mine = select(told.c.notice_id).where(told.c.account_id == account_id)
    due = and_(notices.c.starts_at <= now, notices.c.until > now)
    query = select(notices).where(due, or_(notices.c.audience == "all", notices.c.notice_id.in_(mine)))
    rows = (await connection.execute(query.order_by(notices.c.until, notices.c.notice_id))).mappings()
    return [_read(row) for row in rows]


def _check(wanted: Wanted) -> None:
    if not wanted.starts_at < wanted.until:
        raise Malformed("notice", "`until` must come after `from`")
    if (wanted.audience == "accounts") != bool(wanted.accounts):
        raise Malformed("notice", "`accounts` are named for the audience `accounts`, and for no other")


def _notice(notice_id: str, wanted: Wanted, by: str, now: float) -> SecurityNotice:
    said = {name: getattr(wanted, name) for name in Wanted.__struct_fields__ if name != "accounts"}
    return SecurityNotice(notice_id=notice_id, written_by=by, written_at=now, **said)


def _row(notice: SecurityNotice) -> dict[str, object]:
    return {name: getattr(notice, name) for name in SecurityNotice.__struct_fields__}


def _read(row: RowMapping) -> SecurityNotice:
    return SecurityNotice(**{name: row[name] for name in SecurityNotice.__struct_fields__})


def _entry(at: float, act: str, by: str, notice_id: str) -> Entry:
    return Entry(at=at, action=act, result="done", actor=by, reason=f"security notice {notice_id}")
