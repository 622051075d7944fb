"""Cases as they wait in the queue, for tests."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict, replace
from sqlalchemy import insert

from contracts.report_kinds import RULES, ReportKind
from services.cases import states
from services.cases.tables import cases
from services.platform.database import Database

NOW = 1_790_000_000.0


def risk(case_id: str, account_id: str = "li", severity: Any = "high", ago_s: float = 60.0) -> states.Case:
    """A case of risk that was opened so long before NOW."""
    return states.opened(case_id, account_id, severity, NOW - ago_s)


def report(
    case_id: str,
    account_id: str = "li",
    kind: ReportKind = "dispute",
    ago_s: float = 60.0,
    about: str | None = None,
) -> states.Case:
    """A case that an owner reported so long before NOW, with the clock of its kind."""
    return states.reported(case_id, account_id, kind, about, NOW - ago_s, RULES[kind].clock)


def due(case: states.Case, in_s: float) -> states.Case:
    """The case whose time is over so long after NOW."""
    return replace(case, next_due_at=NOW + in_s)


async def put(database: Database, *made: states.Case) -> None:
    """Keep the cases."""
    async with database.begin() as connection:
        await connection.execute(insert(cases), [asdict(case) for case in made])
