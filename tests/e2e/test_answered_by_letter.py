"""From a letter to stopped money and back, over SMTP, HTTP and Kafka; and a "yes" by the link alone, which teaches nothing."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
from msgspec import json
from redis.asyncio import Redis

from contracts.decisions import Decision
from contracts.ports import Shard
from contracts.profile import Profile
from services.memory.codec import unpack
from services.memory.redis_client import connect
from services.memory.redis_store import RedisProfileStore
from tests.chaos.evidence import read_decisions
from tests.chaos.stack import Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.test_contact_changed import text_of
from tests.e2e.test_owner_is_back import Wallet, code, lived
from tests.e2e.test_stopped_and_released import WITHIN_S, api_of, held_life, keys_of
from tests.notifier.mail_server import Mailbox, MailServer
from tests.services.portal.reading import Page, read

decode = json.Decoder(Decision).decode
_LINK = re.compile(r"(/my/answer/[A-Za-z0-9]{27})/(no|yes)")
#: What the memory of an account notes of every event, to know it again: that it happened, and when. Nothing of it is learned.
_KNOWN_AGAIN = ("event_ids", "event_digests", "events", "last_at")


async def links(box: Mailbox, account: str) -> dict[str, str]:
    """The links of the letter to the account's owner about the held payment, once it has come."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            for each in box.messages:
                if str(each["To"]) == f"{account}@example.com" and "900.00" in str(each["Subject"]):
                    found = _LINK.findall(text_of(each))
                    if found:
                        return {way: f"{path}/{way}" for path, way in found}
            await asyncio.sleep(0.1)


async def pressed(client: httpx.AsyncClient, path: str, number: int = 0, **typed: str) -> Page:
    """The page after a form of the page there."""
    form = read(await client.get(path)).forms[number]
    return read(await client.post(form.action, data={**form.fields, **typed}, follow_redirects=True))


async def until_known(stack: Stack, account: str) -> None:
    """Wait until the worker has decided on the report of the account's owner."""
    async with asyncio.timeout(WITHIN_S):
        while (account, "user_report") not in {  # noqa: ASYNC110
            (found.account_id, found.type)
            for found in [decode(each.value) for each in await read_decisions(stack.settings)]
        }:
            await asyncio.sleep(0.2)


async def memory(stack: Stack, store: Redis, account: str) -> Profile:
    settings = stack.settings
    shards = [(Shard(settings.topic_epoch, number), [account]) for number in range(settings.partitions)]
    entries = [entry for [entry] in await RedisProfileStore(store).load(shards) if entry is not None]
    return unpack(max(entries)[1])


def learned(profile: Profile) -> dict[str, Any]:
    """All that the memory holds but what knows events again."""
    names = [name for name in profile.__struct_fields__ if name not in _KNOWN_AGAIN]
    return {name: getattr(profile, name) for name in names}


async def test_no_stops_money_until_a_code_takes_it_back_and_yes_without_one_teaches_nothing(
    make_stack: MakeStack,
) -> None:
    stack, box = await make_stack(), Mailbox()
    keys = await keys_of(stack, wallet="ingest verify actions contacts support")
    store = connect(stack.settings.redis)
    async with MailServer(box) as smtp, api_of(stack) as client:
        wallet = Wallet(client, keys["wallet"])
        for account in ("wu", "yi"):
            place = {"locale": "en", "time_zone": "Asia/Shanghai"}
            await wallet.ask(
                "PUT", f"/v1/accounts/{account}/contact", email=f"{account}@example.com", **place
            )
        await lived(stack, {"wu": held_life("wu"), "yi": held_life("yi")})
        stack.start_notifier(smtp=f"smtp://127.0.0.1:{smtp}", portal_url=str(client.base_url).rstrip("/"))
        no, yes = (await links(box, "wu"))["no"], (await links(box, "yi"))["yes"]

        waiting = await pressed(client, no, sure="yes")
        (where,) = {link for link in waiting.links if "/done/" in link}
        actions = await wallet.does(lambda found: "freeze" in {each["kind"] for each in found})
        stopped = read(await client.get(where))
        secret = await wallet.enrolled("wu")
        undone = await pressed(client, where, code=code(secret, 1))
        frozen = await wallet.ask("GET", "/v1/accounts/wu/holds")

        before = learned(await memory(stack, store, "yi"))
        noted = await pressed(client, yes, -1, sure="yes")
        await until_known(stack, "yi")
        after = learned(await memory(stack, store, "yi"))
        held = await wallet.ask("GET", "/v1/accounts/yi/holds")
    await store.aclose()

    assert waiting.headings[0] == "We are stopping outgoing money"
    assert {("wu", "freeze"), ("wu", "revoke_sessions"), ("wu", "forget_device")} <= set(actions)
    assert stopped.headings[0] == "Outgoing money is stopped"
    assert re.search(r"Confirmed by your wallet at \d\d:\d\d:\d\d", stopped.text)
    assert undone.headings[0] == "Your report is taken back"
    assert frozen["frozen"] is None
    assert noted.headings[0] == "Thank you, noted"
    assert after == before
    assert [each["state"] for each in held["payments"]] == ["held"]
