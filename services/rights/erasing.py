"""Takes an account out of SQL, inside the caller's transaction. Repeating it finds nothing left and is harmless."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Table, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.repository import erase_activity
from services.cases.acts.tables import case_mentions, desk_acts
from services.cases.hold_tables import account_holds, held_payments
from services.cases.message_tables import inbox, messages
from services.cases.owner_tables import incidents
from services.cases.report_tables import case_files, case_reports
from services.cases.tables import (
    alerts,
    case_entries,
    cases,
    notices,
    outbox,
    recorded_decisions,
)
from services.cases.ticket_tables import ticket_replies, tickets
from services.cases.work_tables import case_fields, case_steps
from services.desk.bulk_message_tables import bulk_messages
from services.mfa.tables import challenges
from services.platform.database import metadata
from services.rights.rules import RULES
from services.wallet.tables import wallet_actions

#: Tables of which each row is about one event of one account, those that others point to last.
_BY_EVENT: tuple[Table, ...] = (notices, alerts, held_payments, account_holds, challenges, recorded_decisions)


async def erase_rows(
    connection: AsyncConnection, account_id: str, today: date, keeps_money_days: int
) -> dict[str, int]:
    """Delete all rows of the account that nothing needs, and take what they need not out of the others; how many, by table."""
    gone: dict[str, int] = {}
    for rule in RULES:
        if rule.of is not None:
            table = metadata.tables[rule.table]
            gone[rule.table] = (await connection.execute(delete(table).where(rule.of(account_id)))).rowcount
    gone["activity"], _kept = await erase_activity(connection, account_id, today, keeps_money_days)
    gone["outbox"] = await _empty_sent(connection, account_id)
    mine = wallet_actions.c.account_id == account_id
    await connection.execute(update(wallet_actions).where(mine).values(detail=None))
    return {table: count for table, count in gone.items() if count}


#: What goes before the cases that it is of.
_OF_CASES = (
    tickets,
    ticket_replies,
    case_files,
    case_reports,
    case_steps,
    case_fields,
    case_mentions,
    desk_acts,
    bulk_messages,
    case_entries,
)


async def forget_decided(connection: AsyncConnection, account_id: str) -> None:
    """Delete what decisions left in SQL, for whoever has read the account's decisions up to its erasure.

    Decisions on earlier events may have come after the rows were erased. What people and pages have written since stays.
    """
    decided = select(recorded_decisions.c.event_id).where(recorded_decisions.c.account_id == account_id)
    opened = and_(cases.c.account_id == account_id, case_entries.c.event_id.in_(decided))
    query = select(cases.c.case_id).join(case_entries).where(opened).distinct()
    opened_cases = list((await connection.execute(query)).scalars())
    for table in _OF_CASES:
        await connection.execute(delete(table).where(table.c.case_id.in_(opened_cases)))
    await connection.execute(delete(cases).where(cases.c.case_id.in_(opened_cases)))
    told = select(notices.c.notice_id).where(
        notices.c.account_id == account_id, notices.c.event_id.in_(decided)
    )
    mine_told = select(messages.c.message_id).where(messages.c.notice_id.in_(told))
    await connection.execute(delete(inbox).where(inbox.c.message_id.in_(mine_told)))
    await connection.execute(delete(messages).where(messages.c.notice_id.in_(told)))
    of_incidents = select(notices.c.incident_id).where(notices.c.notice_id.in_(told))
    await connection.execute(delete(incidents).where(incidents.c.incident_id.in_(of_incidents)))
    for table in _BY_EVENT:
        mine = and_(table.c.account_id == account_id, table.c.event_id.in_(decided))
        await connection.execute(delete(table).where(mine))
    await _empty_sent(connection, account_id)


async def _empty_sent(connection: AsyncConnection, account_id: str) -> int:
    """Records that Kafka has keep their ids, which are hashes: an action must not be sent again. Messages are told no more."""
    await connection.execute(delete(outbox).where(outbox.c.key == account_id, outbox.c.kind == "message"))
    sent = and_(outbox.c.key == account_id, outbox.c.sent_at.is_not(None))
    return (
        await connection.execute(update(outbox).where(sent).values(key="", payload="", last_error=None))
    ).rowcount
