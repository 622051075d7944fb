"""A database that holds a row in every table about each of some accounts, every text of it marked with its account."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import JSON, Table, insert, select

from services.audit.audit_log import Entry, record
from services.memory.redis_client import connect
from services.platform.database import Database, metadata
from services.platform.settings import Settings
from services.rights.erasure import AccountRights, Erased

NOW = 1_790_000_000.0
#: What checks allow, where a marked text is none of it.
_ALLOWED: dict[str, dict[str, Any]] = {
    "alerts": {"severity": "low"},
    "cases": {"state": "resolved", "verdict": "fraud", "severity": "low"},
    "case_entries": {"severity": None},
    "desk_acts": {"outcome": "done"},
    "notices": {"state": "delivered", "template": "hold_notice"},
    "messages": {"state": "handed_over", "message_class": "critical"},
    "account_holds": {"released_at": NOW},
    "held_payments": {"state": "released", "joins": None},
    "approvals": {"act": "unfreeze", "decision": "approved"},
    "wallet_actions": {"result": "done", "kind": "freeze"},
    "webhook_deliveries": {"state": "delivered", "webhook_id": "w"},
    "outbox": {"kind": "event", "sent_at": NOW},
    "challenges": {"state": "expired", "passed_step": None},
    "factor_resets": {"state": "done"},
    "factors": {"state": "active", "secret": b"sealed"},
    "incidents": {"severity": "low", "answer": "was_me"},
    "answer_links": {"answer": "not_me", "proof": "link"},
    "owner_words": {"verdict": "not_me", "proof": None},
    "activity": {"section": "money", "day": datetime.date(2026, 9, 1), "type": "transaction"},
    "webhooks": {"webhook_id": "w"},
    "tickets": {"state": "told", "connection": "w"},
    "ticket_replies": {"connection": "w"},
    "connections": {"name": "w"},
    "attacks": {"attack_id": "w", "kind": "card_testing", "state": "over"},
    "attack_accounts": {"attack_id": "w"},
    "attack_acts": {
        "attack_id": "w",
        "act_id": "w",
        "act": "hold_money",
        "scope": "touched",
        "state": "over",
        "allowed_by": "b",
    },
    "attack_act_accounts": {"act_id": "w", "state": "done"},
}
#: Texts that name a row of another table.
_NAMES = {
    "event_id": "event",
    "case_id": "case",
    "notice_id": "notice",
    "factor_id": "factor",
    "action_id": "action",
}
_JSON = frozenset({"body", "news", "shown", "payload", "alerts", "answers"})
#: Not about accounts, or written by their own code.
APART = frozenset(
    {
        "faq",
        "faq_terms",
        "faq_drafts",
        "faq_searches",
        "faq_reads",
        "faq_votes",
        "security_notices",
        "audit",
        "audit_heads",
        "api_keys",
        "webhooks",
        "connections",
        "letter_rates",
        "presence",
        "bulk_acts",
        "code_minutes",
        "code_networks",
        "staff_members",
        "staff_sessions",
        "staff_tries",
        "attacks",
        "attack_numbers",
        "attack_sources",
        "attack_minutes",
        "attack_log",
        "attack_alerts",
        "attack_acts",
    }
)


def marked(account: str, name: str) -> str:
    """A text that says whose it is."""
    return f"{account}-{_NAMES.get(name, name)}"


def row_about(table: Table, account: str) -> dict[str, Any]:
    """A row of the table about the account."""
    filled: dict[str, Any] = {}
    for column in table.columns:
        if isinstance(column.type, JSON) or (column.primary_key and column.type.python_type is int):
            continue
        kind = column.type.python_type
        if column.name in _JSON:
            filled[column.name] = f'{{"at": 1, "of": "{account}-{column.name}"}}'
        elif kind is str:
            filled[column.name] = marked(account, column.name)[: getattr(column.type, "length", None)]
        elif kind is bytes:
            filled[column.name] = f"{account}-bytes".encode()[: getattr(column.type, "length", None)]
        else:
            filled[column.name] = NOW if kind is float else 1
    filled |= {name: account for name in ("account_id", "key") if name in filled}
    if table.name == "factors":
        filled["id"] = marked(account, "factor_id")
    if "identity" in filled:
        filled["identity"] = hashlib.sha256(account.encode()).hexdigest()[:32]
    return filled | _ALLOWED.get(table.name, {})


async def fill(database: Database, *accounts: str) -> None:
    """Put a row about each account into each table that has such, and two into the audit."""
    async with database.begin() as connection:
        for name in ("webhooks", "connections", "attacks", "attack_acts"):
            table = metadata.tables[name]
            await connection.execute(insert(table).values(row_about(table, "nobody")))
        for account in accounts:
            for table in metadata.sorted_tables:
                if table.name not in APART:
                    await connection.execute(insert(table).values(row_about(table, account)))
        # The newest action keeps its place: here it is nobody's.
        actions = metadata.tables["wallet_actions"]
        await connection.execute(insert(actions).values(row_about(actions, "nobody")))
    for account in accounts:
        for action in ("verify", "unfrozen"):
            async with database.begin() as connection:
                network, reason = marked(account, "network"), marked(account, "reason")
                await record(
                    connection,
                    Entry(
                        at=NOW,
                        action=action,
                        result="done",
                        actor="key:desk",
                        account_id=account,
                        network=network,
                        reason=reason,
                    ),
                )


async def dumped(database: Database, besides: str = "") -> list[str]:
    """Every row of every table, as text, but those of the account `besides` and the heads of the audit."""
    found = []
    async with database.read() as connection:
        for table in metadata.sorted_tables:
            if table.name == "audit_heads":
                continue
            for row in (await connection.execute(select(table))).mappings():
                if not besides or besides not in repr(dict(row)):
                    found.append(f"{table.name} {dict(row)!r}")
    return sorted(found)


#: No store answers there: an erasure asks none.
STORE: Redis = connect("redis://127.0.0.1:9/0")


def rights(database: Database, *second_person: str, **settings: Any) -> AccountRights:
    return AccountRights(Settings(**settings), database, STORE, lambda: NOW + 60.0, second_person)


async def erased(database: Database, account: str = "li", **settings: Any) -> Erased:
    done = await rights(database, **settings).erase(account, "key:boss", "the owner asked")
    assert isinstance(done, Erased)
    return done
