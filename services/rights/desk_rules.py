"""For how long the tables of staff and of the desk are kept."""

from __future__ import annotations

from services.desk.reveal_tables import reveals
from services.rights.rule import Rule, letters_days, of_nobody, once_past, records_days
from services.staff.tables import staff_sessions

OF_STAFF: tuple[Rule, ...] = (
    Rule(
        table="staff_members",
        erased="nothing of accounts",
        since="always: what a member did stays under their name",
        by="nobody",
    ),
    once_past(reveals.c.at, since="they were shown", days=records_days),
    of_nobody(staff_sessions.c.started_at, "they were begun", letters_days),
    Rule(
        table="staff_tries",
        erased="nothing of accounts",
        since="two days after the first of them, when somebody next tries to sign in",
        by="whoever signs in",
    ),
)
