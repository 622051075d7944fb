"""Data sets of logins as events: Entra ID sign-ins and OpenSSH password attempts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.lab.convert.files import csv_dicts, milliseconds

_MONTHS = {
    name: index for index, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}


def entra(path: Path) -> Iterator[dict[str, Any]]:
    """Entra ID sign-ins (Office 365 audit log): account = user. `error` other than 0 is the reason of a failure.

    A row that says success while it asks for more (a second factor, a consent) is not a finished login and is
    written as the failure the log calls it.
    """
    wanted = {"ts", "user", "ok", "ip", "user_agent", "error", "session_id"}
    for index, row in enumerate(csv_dicts(path, wanted)):
        yield _without_empty(
            {
                "type": "login",
                "event_id": f"entra-{index}",
                "account_id": row["user"],
                "occurred_at": milliseconds(datetime.fromisoformat(row["ts"])),
                "ip": row["ip"],
                "user_agent": row["user_agent"],
                "session_id": row["session_id"],
                "outcome": "success" if row["ok"] == "1" else "failure",
                "reason": row["error"] if row["ok"] != "1" else "",
                "label": {"status": row["status"], "app_id": row["app_id"]},
            }
        )


def sshd(path: Path) -> Iterator[dict[str, Any]]:
    """OpenSSH password attempts: account = user name tried, whether or not it exists there."""
    for index, row in enumerate(csv_dicts(path, {"ts", "ok", "method", "invalid_user", "user", "ip"})):
        yield _without_empty(
            {
                "type": "login",
                "event_id": f"sshd-{index}",
                "account_id": row["user"] or "(empty)",
                "occurred_at": _syslog_milliseconds(row["ts"]),
                "ip": row["ip"],
                "method": row["method"],
                "outcome": "success" if row["ok"] == "1" else "failure",
                "reason": "invalid_user" if row["invalid_user"] == "1" else "",
                "label": {"invalid_user": row["invalid_user"] == "1"},
            }
        )


def login_rows(path: Path) -> int:
    """How many rows the file has."""
    return sum(1 for _ in csv_dicts(path, set()))


def _syslog_milliseconds(text: str) -> int:
    """Milliseconds of "2015-Dec 10 06:55:48" (the year was put before the syslog time)."""
    year, rest = text.split("-", 1)
    month, day, clock = rest.split()
    hour, minute, second = (int(part) for part in clock.split(":"))
    at = datetime(int(year), _MONTHS[month], int(day), hour, minute, second, tzinfo=UTC)
    return int(at.timestamp() * 1000)


def _without_empty(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if value != ""}
