"""A channel that hangs or fails delays no other; what stands in for it goes when it should, and not when it need not."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from contracts.errors import Malformed, Unavailable
from notifier.channels import Letter, Sent, registry
from notifier.circuit import Circuit
from notifier.deliver import Patience
from notifier.service import Notifier
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.platform.database import Database
from services.platform.retry import Backoff
from services.platform.settings import Settings
from tests.notifier.delivering import LI, T0, Clock, Way, add, rows, sendings

SMS = Contact("+8613800138000", "zh-CN", "Asia/Shanghai", "sms")
PUSH = Contact("device-token-1", "zh-CN", "Asia/Shanghai", "push")
CRITICAL = "deny_notice"
SMS_AT_ONCE = registry.SMS.at_once


class Outside:
    """A channel that notes when it took each message."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.error: Exception | None = None
        self.hangs = False
        self.taken: dict[str, float] = {}

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        self.taken[key] = time.monotonic()
        return Sent(provider_id=f"p-{key[:100]}")


def opened(database: Database, clock: Any, *ways: Outside, patience: Patience | None = None) -> Notifier:
    return Notifier(Settings(), database, clock, {way.name: way for way in ways}, patience)


async def reached_by(database: Database, account_id: str, *contacts: Contact) -> None:
    desk = CaseService(database, lambda: T0 - 86_400.0)
    for contact in contacts:
        await desk.set_contact(account_id, contact)


async def states(database: Database) -> dict[str, str]:
    return {row.channel: row.state for row in await sendings(database)}


async def test_a_channel_that_hangs_for_ever_keeps_no_mail_back(database: Database) -> None:
    """How long mail takes then is measured in tests/chaos/test_hanging_channel.py."""
    mail, sms = Outside("mail"), Outside("sms")
    sms.hangs = True
    service = opened(database, lambda: T0, mail, sms, patience=Patience(send_s=3600.0))
    await reached_by(database, "li", SMS, LI)
    running = asyncio.create_task(service.run())
    for part in range(3):
        await add(database, *(f"e{part}-{number}" for number in range(SMS_AT_ONCE)), template=CRITICAL)
        async with asyncio.timeout(60):
            while len(mail.taken) < (part + 1) * SMS_AT_ONCE:  # noqa: ASYNC110  the channel takes them
                await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    texts = [row for row in await sendings(database) if row.channel == "sms"]
    assert sorted((row.state, row.attempts) for row in texts) == [
        *[("sending", 1)] * SMS_AT_ONCE,
        *[("waiting", 0)] * (2 * SMS_AT_ONCE),
    ]


async def test_while_one_channel_hangs_for_ten_minutes_the_others_send_at_their_time(
    database: Database, clock: Clock
) -> None:
    """By a clock of its own: each look sends all mail that is due, and the one that hangs is asked less and less."""
    mail, sms = Outside("mail"), Outside("sms")
    sms.error = Unavailable("no answer", "channel_slow")
    service = opened(database, clock, mail, sms)
    late, tries = [], 0
    for number in range(20):
        account = f"a{number}"
        await reached_by(database, account, SMS, LI)
        await add(database, f"e{number}", account_id=account, template=CRITICAL)
        before = len(mail.taken)
        await service.deliver_due()
        late.append(len(mail.taken) == before)
        clock.now += 30.0
    tries = sum(row.attempts for row in await sendings(database) if row.channel == "sms")

    assert not any(late)
    assert tries < 40
    sms.error = None
    for _ in range(15):
        clock.now += 120.0
        await service.deliver_due()
    assert {row.state for row in await sendings(database)} == {"handed_over"}
    assert {row.state for row in await rows(database)} == {"delivered"}


def test_a_circuit_opens_after_failures_lets_one_probe_through_and_closes_when_it_is_answered() -> None:
    circuit = Circuit(failures=3, pauses=Backoff(5.0, 20.0))
    for _ in range(2):
        circuit.failed(0.0)
    assert circuit.room(16, 0.0) == 16

    circuit.failed(0.0)
    assert [circuit.room(16, at) for at in (0.0, 4.9, 5.0)] == [0, 0, 1]
    circuit.failed(5.0)
    assert [circuit.room(16, at) for at in (14.9, 15.0)] == [0, 1]
    circuit.failed(15.0)
    circuit.failed(35.0)
    assert [circuit.room(16, at) for at in (54.9, 55.0)] == [0, 1]
    circuit.answered()
    assert (circuit.is_open, circuit.room(16, 55.0)) == (False, 16)


async def test_an_urgent_text_message_follows_a_push_that_nobody_read_after_a_minute(
    database: Database, clock: Clock
) -> None:
    push, sms = Outside("push"), Outside("sms")
    await reached_by(database, "li", SMS, PUSH)
    await add(database, "e1", template=CRITICAL)
    service = opened(database, clock, push, sms)
    await service.deliver_due()
    clock.now += 59.0
    await service.deliver_due()
    assert (len(push.taken), len(sms.taken)) == (1, 0)

    clock.now += 1.0
    await service.deliver_due()
    assert await states(database) == {"push": "handed_over", "sms": "handed_over"}


async def test_a_push_that_was_read_needs_no_text_message(database: Database, clock: Clock) -> None:
    push, sms = Outside("push"), Outside("sms")
    await reached_by(database, "li", SMS, PUSH)
    await add(database, "e1", template=CRITICAL)
    service = opened(database, clock, push, sms)
    await service.deliver_due()
    (key,) = push.taken
    assert await CaseService(database, clock).reached(key)
    clock.now += 600.0
    await service.deliver_due()

    assert (await states(database), sms.taken) == ({"push": "delivered", "sms": "suppressed"}, {})
    assert [row.state for row in await rows(database)] == ["delivered"]


async def test_a_push_that_was_refused_is_followed_at_once(database: Database, clock: Clock) -> None:
    push, sms = Outside("push"), Outside("sms")
    push.error = Malformed("address_refused", "gone")
    await reached_by(database, "li", SMS, PUSH)
    await add(database, "e1", template=CRITICAL)
    service = opened(database, clock, push, sms)
    await service.deliver_due()
    await service.deliver_due()

    assert await states(database) == {"push": "failed", "sms": "handed_over"}


async def test_a_message_that_comes_back_fails_and_its_owner_is_unreachable_until_the_address_is_set_again(
    told: Database, clock: Clock
) -> None:
    mail = Outside("mail")
    await opened(told, clock, mail).deliver_due()
    desk = CaseService(told, clock)
    (key,) = mail.taken

    assert await desk.bounced(f"<{key}@upay.example>", "mailbox full")
    assert await desk.bounced(f"p-{key[:100]}", "again")
    assert not await desk.bounced("nothing-of-ours", "x")
    owner = await desk.owner("li", None)
    assert (owner.reachable, [way.bouncing for way in owner.ways]) == (False, [True])
    assert [(each.state, each.why) for each in owner.told] == [("failed", "mailbox full")]
    assert [(each.state, each.why) for each in owner.told[0].tries] == [("failed", "bounced")]

    await desk.set_contact("li", LI)
    assert (await desk.owner("li", None)).reachable


async def test_the_wallets_inbox_holds_each_message_once_in_its_order(told: Database, clock: Clock) -> None:
    from notifier.channels.wallet_inbox import WalletInbox

    await add(told, "e2", "e3")
    inbox, way = WalletInbox(told), Way()
    service = Notifier(Settings(), told, clock, {"mail": way, "inbox": inbox})
    await service.deliver_due()
    desk = CaseService(told, clock)
    found = await desk.inbox("li", 0, 50)

    assert [each.sequence for each in found] == sorted(each.sequence for each in found)
    assert len(found) == 3 == len({each.message_id for each in found})
    assert found[0].shown.title.startswith("Sign-in not quite like yours")
    assert [each.event_id for each in await desk.inbox("li", found[0].sequence, 1)] == [found[1].event_id]
    assert await desk.inbox("wu", 0, 50) == []
    assert await desk.reached(found[2].message_id)
    assert [each.read_at is not None for each in await desk.inbox("li", 0, 50)] == [False, False, True]


async def test_an_owner_who_has_the_inbox_alone_counts_as_told_nothing(
    database: Database, clock: Clock
) -> None:
    from notifier.channels.wallet_inbox import WalletInbox

    await add(database, "e1", account_id="nobody")
    service = Notifier(Settings(), database, clock, {"mail": Way(), "inbox": WalletInbox(database)})
    await service.deliver_due()

    assert [row.state for row in await rows(database)] == ["undeliverable"]
    assert len(await CaseService(database, clock).inbox("nobody", 0, 50)) == 1


@pytest.mark.parametrize("channel", ["sms", "chat"])
async def test_another_way_to_the_owner_is_told_to_those_before_and_a_removed_one_too(
    told: Database, clock: Clock, channel: str
) -> None:
    mail = Way()
    desk = CaseService(told, clock)
    await desk.set_contact(
        "li", Contact("+8613800138000" if channel == "sms" else "li-wei", "en", "UTC", channel)
    )
    await Notifier(Settings(), told, clock, {"mail": mail}).deliver_due()
    assert await desk.end_contact("li", channel)  # type: ignore[arg-type]
    assert not await desk.end_contact("li", channel)  # type: ignore[arg-type]
    clock.now += 1.0
    await Notifier(Settings(), told, clock, {"mail": mail}).deliver_due()

    subjects = [letter.subject for _, letter in mail.sent if "reaches you" in letter.subject]
    assert len(subjects) == 2
    assert "138001" not in "".join(letter.text for _, letter in mail.sent)
