"""For how long it is kept which ticket of a help desk is of which case."""

from __future__ import annotations

from sqlalchemy import Table

from services.cases.ticket_tables import ticket_replies, tickets
from services.rights import which
from services.rights.rule import Rule, records_days


def _of_cases(table: Table, erased: str) -> Rule:
    return Rule(
        table=table.name,
        of=which.by_case(table),
        since="their case is resolved",
        days=records_days,
        over=lambda before: which.of_resolved(table, before),
        erased=erased,
    )


TICKET_RULES = (
    _of_cases(tickets, "deleted; what a help desk holds is erased there"),
    _of_cases(ticket_replies, "deleted"),
)
