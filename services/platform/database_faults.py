"""Which failures of a database time or an operator can mend, and what each is called in metrics."""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError

#: By primary SQLite result code: https://www.sqlite.org/rescode.html
_SQLITE = {
    sqlite3.SQLITE_BUSY: "database_locked",
    sqlite3.SQLITE_LOCKED: "database_locked",
    sqlite3.SQLITE_PROTOCOL: "database_locked",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "database_read_only",
    sqlite3.SQLITE_IOERR: "disk_error",
    sqlite3.SQLITE_CANTOPEN: "database_away",
    sqlite3.SQLITE_NOMEM: "database_away",
    sqlite3.SQLITE_INTERRUPT: "database_away",
}
#: By SQLSTATE or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "53100": "disk_full",
    "58030": "disk_error",
    "25006": "database_read_only",
    "55P03": "database_locked",
    "40": "database_conflict",
    # Its own fault: what a quota or a limit of file sizes looks like from outside, among others.
    "XX": "database_error",
}


def away_reason(error: DBAPIError) -> str | None:
    """What is wrong with the database, as a short stable code; None when it was asked for something wrong."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        reason = None if code is None else _SQLITE.get(code & 0xFF)
    else:
        reason = reason_of(cause)
    return "database_away" if reason is None and error.connection_invalidated else reason


def reason_of(cause: BaseException | None) -> str | None:
    """As `away_reason`, of an error of PostgreSQL's driver itself."""
    state = getattr(cause, "sqlstate", None) or ""
    known = _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    if known is not None:
        return known
    away = (psycopg.OperationalError, psycopg.InterfaceError)
    return "database_away" if isinstance(cause, away) else None
