"""Everything that is kept about one account, as JSON: no secret, no hash that opens anything."""

from __future__ import annotations

from typing import Any

from msgspec import json
from redis.asyncio import Redis
from sqlalchemy import ColumnElement, Double, LargeBinary, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.ports import Shard
from services.activity.tables import activity
from services.attacks.act_tables import attack_act_accounts
from services.attacks.tables import attack_accounts
from services.audit.tables import audit
from services.cases.acts.tables import case_mentions, desk_acts
from services.cases.answer_tables import answer_links
from services.cases.hold_tables import account_holds, approvals, held_payments, owner_words
from services.cases.message_tables import inbox, messages
from services.cases.owner_tables import incidents, preferences
from services.cases.report_tables import case_files, case_reports
from services.cases.tables import (
    alerts,
    case_entries,
    cases,
    contact_points,
    notices,
    recorded_decisions,
)
from services.cases.ticket_tables import ticket_replies, tickets
from services.cases.work_tables import case_fields, case_steps
from services.desk.bulk_message_tables import bulk_messages
from services.desk.reveal_tables import reveals
from services.help.tables import security_notice_accounts
from services.http.times import utc
from services.memory.codec import unpack
from services.memory.redis_store import RedisProfileStore
from services.mfa.limit_tables import factor_devices
from services.mfa.tables import challenges, factor_resets, factors, recovery_codes
from services.platform.database import Database
from services.platform.settings import Settings
from services.portal.tables import visits
from services.rights import which
from services.wallet.tables import wallet_actions

#: What is called what, and the rows of an account.
_PARTS: dict[str, Table] = {
    "contacts": contact_points,
    "activity": activity,
    "decisions": recorded_decisions,
    "alerts": alerts,
    "cases": cases,
    "case_entries": case_entries,
    "case_reports": case_reports,
    "case_files": case_files,
    "case_steps": case_steps,
    "case_fields": case_fields,
    "tickets": tickets,
    "ticket_replies": ticket_replies,
    "case_mentions": case_mentions,
    "desk_acts": desk_acts,
    "bulk_messages": bulk_messages,
    "reports": owner_words,
    "answers": answer_links,
    "freezes": account_holds,
    "held_payments": held_payments,
    "approvals": approvals,
    "notices": notices,
    "messages": messages,
    "inbox": inbox,
    "incidents": incidents,
    "preferences": preferences,
    "challenges": challenges,
    "factors": factors,
    "factor_devices": factor_devices,
    "recovery_codes": recovery_codes,
    "factor_resets": factor_resets,
    "links": visits,
    "actions": wallet_actions,
    "security_notices": security_notice_accounts,
    "reveals": reveals,
    "attacks": attack_accounts,
    "attack_acts": attack_act_accounts,
    "audit": audit,
}
#: Tables whose rows name no account.
_THROUGH = {
    "case_entries": which.entries_of,
    "tickets": which.by_case(tickets),
    "ticket_replies": which.by_case(ticket_replies),
    "factor_devices": which.devices_of,
}
_SECRET = frozenset(
    {"secret", "qr_ticket", "hash", "prefix", "link", "session", "lease", "passed_code", "passed_step",
     "last_step", "hinted_step", "link_hash"}
)  # fmt: skip
_JSON = frozenset({"body", "news", "shown", "alerts", "answers"})


async def export(settings: Settings, database: Database, store: Redis, account_id: str) -> dict[str, Any]:
    """All of it, by part; times in UTC. Raises Unavailable when the database or the store of memory is away."""
    found: dict[str, Any] = {"account_id": account_id}
    async with database.read() as connection:
        for part, table in _PARTS.items():
            of = _THROUGH.get(part, which.of_account(table))
            found[part] = await _rows(connection, table, of(account_id))
    found["memory"] = await remembered(settings, store, account_id)
    return found


async def remembered(settings: Settings, store: Redis, account_id: str) -> dict[str, Any] | None:
    """What the memory of the account comes to, None when there is none; devices, networks and payees are keyed hashes there."""
    shards = [(Shard(settings.topic_epoch, number), [account_id]) for number in range(settings.partitions)]
    entries = [entry for [entry] in await RedisProfileStore(store).load(shards) if entry is not None]
    if not entries:
        return None
    profile = unpack(max(entries)[1])
    return {
        "first_at": utc(profile.first_at),
        "last_at": utc(profile.last_at),
        "events": profile.events,
        "logins": profile.logins,
        "transactions": profile.transactions,
        "devices": len(profile.devices),
        "networks": len(profile.networks),
        "countries": sorted(profile.countries),
        "payees": len(profile.payees),
        "has_factor": profile.has_factor,
        "waiting": len(profile.quarantined),
        "detectors": sorted(profile.slots),
    }


async def _rows(connection: AsyncConnection, table: Table, of: ColumnElement[bool]) -> list[dict[str, Any]]:
    columns = [
        column
        for column in table.columns
        if column.name not in _SECRET and not isinstance(column.type, LargeBinary)
    ]
    times = {column.name for column in columns if isinstance(column.type, Double)}
    query = select(*columns).where(of).order_by(*table.primary_key.columns)
    return [
        {
            name: utc(value) if name in times else json.decode(value) if name in _JSON else value
            for name, value in row.items()
            if value is not None
        }
        for row in (await connection.execute(query)).mappings()
    ]
