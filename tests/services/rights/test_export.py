"""Whoever asks what is kept of an account is told all of it, and no secret."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json
from redis.asyncio import Redis

from contracts.errors import Unavailable
from contracts.ports import Shard
from contracts.profile import Profile
from services.audit.audit_log import rows
from services.memory.codec import pack
from services.memory.redis_client import connect
from services.memory.redis_store import RedisProfileStore
from services.platform.database import Database, metadata
from services.platform.settings import Settings
from services.rights.erasure import AccountRights
from services.rights.rules import RULES
from tests.services.rights.filled import NOW, fill

SECRETS = ("li-bytes", "sealed", "li-qr_ticket", "li-hash", "li-pref", "li-link", "li-session'", "li-lease")


@pytest.fixture
async def store(embedded_redis: str) -> Any:
    client = connect(embedded_redis)
    await client.flushall()
    yield client
    await client.aclose()


async def exported(database: Database, store: Redis, account: str = "li") -> dict[str, Any]:
    rights = AccountRights(Settings(), database, store, lambda: NOW)
    told: dict[str, Any] = json.decode(json.encode(await rights.export(account, "key:boss")))
    return told


async def test_every_table_about_the_account_is_in_it(database: Database, store: Redis) -> None:
    await fill(database, "li", "wang")
    told = await exported(database, store)

    assert {part: len(rows) for part, rows in told.items() if isinstance(rows, list)} == {
        "contacts": 1, "activity": 1, "decisions": 1, "alerts": 1, "cases": 1, "case_entries": 1, "case_reports": 1,
        "case_files": 1, "case_steps": 1, "case_fields": 1, "case_mentions": 1, "desk_acts": 1, "freezes": 1,
        "held_payments": 1, "approvals": 1, "notices": 1, "messages": 1, "inbox": 1, "challenges": 1, "factors": 1,
        "factor_devices": 1, "recovery_codes": 1, "factor_resets": 1, "reports": 1, "links": 1, "actions": 1, "audit": 2,
        "incidents": 1, "preferences": 1, "answers": 1, "security_notices": 1,
        "tickets": 1, "ticket_replies": 1, "reveals": 1, "bulk_messages": 1, "attacks": 1, "attack_acts": 1,
    }  # fmt: skip
    about = {rule.table for rule in RULES if rule.of is not None or rule.table in ("activity", "audit")}
    assert len(about) - len({"webhook_deliveries"}) == 37


async def test_it_holds_no_secret_and_nothing_of_others(database: Database, store: Redis) -> None:
    await fill(database, "li", "wang")
    told = repr(await exported(database, store))

    assert [secret for secret in SECRETS if secret in told] == []
    assert "wang" not in told
    assert "li-address" in told
    assert "li-device" in told


async def test_times_are_of_utc_and_bodies_are_json(database: Database, store: Redis) -> None:
    await fill(database, "li")
    [decision] = (await exported(database, store))["decisions"]

    assert decision["recorded_at"] == "2026-09-21T14:13:20Z"
    assert decision["body"]["of"] == "li-body"


async def test_it_says_what_is_remembered(database: Database, store: Redis) -> None:
    profile = Profile(logins=7, events=9, has_factor=True, first_at=int(NOW), last_at=int(NOW))
    await RedisProfileStore(store).save([(Shard(1, 3), [("li", 5, pack(profile))])])

    memory = (await exported(database, store))["memory"]
    assert (memory["logins"], memory["events"], memory["has_factor"]) == (7, 9, True)
    assert (await exported(database, store, "wang"))["memory"] is None


async def test_the_audit_says_who_asked(database: Database, store: Redis) -> None:
    await exported(database, store)
    [row] = await rows(database, "li", "account_exported")

    assert row.entry.actor == "key:boss"


async def test_without_the_memory_nothing_is_told_in_part(database: Database) -> None:
    with pytest.raises(Unavailable):
        await exported(database, connect("redis://127.0.0.1:9/0"))


def test_the_tables_that_name_an_account_are_known() -> None:
    assert {"activity", "audit", "factors"} <= set(metadata.tables)
