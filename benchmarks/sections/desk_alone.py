"""Pages of the desk one after the other, with nobody else at it: the page of each kind of case, the report, and today."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import httpx
from sqlalchemy import text

from benchmarks.parts.ground import Ended
from services.platform.database import Database

#: So many pages of a kind are asked for.
PAGES = 40
KINDS = ("risk", "dispute", "unauthorised", "top_up_missing", "payment_failed")
_OPEN = text(
    "SELECT case_id FROM cases WHERE state <> 'resolved' AND kind = :kind"
    " AND CAST(substr(account_id, 9) AS int) BETWEEN 1 AND :accounts ORDER BY case_id LIMIT :most"
)


async def open_cases(database: Database, accounts: int, most: int) -> dict[str, list[str]]:
    """Open cases by kind, of accounts that have activity: those with numbers up to `accounts`."""
    found = {}
    async with database.read() as connection:
        for kind in KINDS:
            given = {"kind": kind, "accounts": accounts, "most": most}
            found[kind] = list((await connection.execute(_OPEN, given)).scalars())
    return found


async def alone(
    url: str, agent: str, senior: str, cases: Mapping[str, Sequence[str]]
) -> dict[str, list[float]]:
    """Milliseconds of each page to its last byte. `agent` and `senior` are cookies. Raises Ended for a page that is not shown."""
    asked = {
        f"case, {kind}": [f"/desk/cases/{case_id}" for case_id in ids[:PAGES]] for kind, ids in cases.items()
    }
    asked |= {
        "report, 30 days": ["/desk/report"] * 5,
        "today, read anew": ["/desk/today", "/desk/today?days=7"],
    }
    found: dict[str, list[float]] = {}
    async with httpx.AsyncClient(base_url=url, timeout=60.0) as client:
        for name, paths in asked.items():
            cookie = senior if name.startswith("report") else agent
            for path in paths:
                began = time.monotonic()
                answer = await client.get(path, headers={"Cookie": f"payguard-desk={cookie}"})
                if answer.status_code != 200:
                    raise Ended(f"{path} was answered {answer.status_code}")
                found.setdefault(name, []).append((time.monotonic() - began) * 1000.0)
    return found
