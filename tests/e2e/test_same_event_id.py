"""Two accounts that use the same event ids, each attacked alike: each gets all of its own effects."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from msgspec import json
from sqlalchemy import select

from contracts.decisions import Decision, IssueChallenge
from services.cases.tables import alerts, cases, notices, outbox, recorded_decisions
from services.mfa.tables import challenges
from services.platform.database import Database
from tests.chaos.evidence import read_decisions
from tests.chaos.feed import START_AT, Feeder
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided

ACCOUNTS = ("li", "wu")
DAY_MS = 86_400_000
DAYS = 10
NOW_MS = START_AT * 1000
WITHIN_S = 120.0


def life(account: str, now_ms: int = NOW_MS) -> list[bytes]:
    """Days at home, then a stranger who logs in and sends money away; the ids are the same for every account."""

    def event(name: str, at_ms: int, device: str, ip: str, **fields: Any) -> bytes:
        told = {
            "event_id": name,
            "account_id": account,
            "occurred_at": at_ms,
            "device_id": f"{account}-{device}",
        }
        return json.encode({**told, "ip": ip, **fields})

    home = "192.0.2.1" if account == "li" else "198.51.100.1"
    days = [now_ms - (DAYS - day) * DAY_MS for day in range(DAYS)]
    login = {"type": "login", "outcome": "success"}
    paid = {"type": "transaction", "amount": "20.00", "currency": "CNY", "payee_id": f"{account}-shop"}
    stolen = {**paid, "amount": "90000.00", "kind": "transfer", "payee_id": f"{account}-mule"}
    return [
        *(event(f"d{at_ms}", at_ms, "phone", home, **login) for at_ms in days),
        *(event(f"p{at_ms}", at_ms + 60_000, "phone", home, **paid) for at_ms in days),
        json.encode(
            {
                "type": "account_change",
                "event_id": "factor",
                "account_id": account,
                "occurred_at": now_ms - 3_600_000,
                "change": "totp_enrolled",
            }
        ),
        event("strange", now_ms, "strange", "203.0.113.9", **login),
        event(
            "reset", now_ms + 30_000, "strange", "203.0.113.9", type="account_change", change="password_reset"
        ),
        event("stolen", now_ms + 60_000, "strange", "203.0.113.9", **stolen),
    ]


async def left_in_sql(database: Database) -> dict[str, Counter[str]]:
    """Rows of each account, by table, and its actions by kind."""
    async with database.read() as connection:
        found = {
            table.name: Counter((await connection.execute(select(table.c.account_id))).scalars())
            for table in (recorded_decisions, alerts, cases, notices, challenges)
        }
        sent = (await connection.execute(select(outbox.c.payload).where(outbox.c.kind == "action"))).scalars()
        acted = [json.decode(payload) for payload in sent]
        for kind in ("freeze", "revoke_sessions"):
            found[kind] = Counter(each["account_id"] for each in acted if each["kind"] == kind)
        return found


def asked_for(decisions: list[Decision]) -> dict[str, Counter[str]]:
    """How many effects of a kind each account's decisions hold."""
    found: dict[str, Counter[str]] = {}
    for decision in decisions:
        for effect in decision.effects:
            kind = str(effect.__struct_config__.tag)
            found.setdefault(kind, Counter())[decision.account_id] += 1
            if isinstance(effect, IssueChallenge) and effect.letter_after_s is not None:
                found.setdefault("notify", Counter())[decision.account_id] += 1
    return found


async def test_each_of_two_accounts_of_one_event_id_gets_its_freeze_case_letters_and_challenges(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack()
    lives = {account: life(account) for account in ACCOUNTS}
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        for pair in zip(*lives.values(), strict=True):
            for account, value in zip(lives, pair, strict=True):
                await feeder.put(account.encode(), value)
        await feeder.flush()
    stack.start_worker(0)
    stack.start_cases()
    await until_decided(stack, sum(map(len, lives.values())))
    told = [json.decode(each.value, type=Decision) for each in await read_decisions(stack.settings)]
    wanted = asked_for(told)
    ids = [effect.effect_id for decision in told for effect in decision.effects]

    assert {"freeze", "open_case", "notify", "issue_challenge"} <= wanted.keys()
    assert all(set(ACCOUNTS) == set(each) for each in wanted.values()), wanted
    assert len(ids) == len(set(ids))
    database = Database(stack.settings.database)
    async with asyncio.timeout(WITHIN_S):
        while (left := await left_in_sql(database))["notices"] != wanted["notify"]:  # noqa: ASYNC110  others write it
            await asyncio.sleep(0.1)
    await database.close()
    assert (wanted["freeze"], wanted["revoke_sessions"]) == (left["freeze"], left["revoke_sessions"])
    assert (wanted["raise_alert"], dict.fromkeys(ACCOUNTS, 1)) == (left["alerts"], dict(left["cases"]))
    assert wanted["issue_challenge"] == left["challenges"]
