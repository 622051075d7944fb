"""Notices from SQL to the outside: once where it can be, at least once always."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.decisions import effect_id
from contracts.errors import Unavailable
from notifier.channels.mail_smtp import SmtpMail
from notifier.channels.registry import channels
from notifier.deliver import Patience
from services.cases.case_service import CaseService
from services.cases.news import News, put_news
from services.platform.database import Database
from services.platform.metrics import OUTBOX_PENDING
from services.platform.retry import Backoff
from services.platform.settings import Settings
from tests.notifier.delivering import (
    LI,
    T0,
    TO_LI,
    Clock,
    Way,
    add,
    counted,
    notifier,
    rows,
    sendings,
    undelivered,
)
from tests.notifier.mail_server import Mailbox, smtp


async def test_a_notice_reaches_its_owner_once(told: Database, way: Way, clock: Clock) -> None:
    before = counted("delivered")
    service = notifier(told, way, clock)

    assert [await service.deliver_due() for _ in range(2)] == [1, 0]
    assert [(key, letter.to, letter.language) for key, letter in way.sent] == [
        (f"{effect_id('li', 'e1', 'notify')}.{TO_LI}", "li@upay.example", "en")
    ]
    assert "This device has not been used with your account before." in way.sent[0][1].text
    assert counted("delivered") == before + 1
    assert [row.state for row in await rows(told)] == ["delivered"]


async def test_an_owner_without_a_contact_is_counted_as_undeliverable(
    database: Database, way: Way, clock: Clock
) -> None:
    before = counted("undeliverable"), undelivered("no_contact")
    await add(database, "e1", account_id="nobody")
    await notifier(database, way, clock).deliver_due()

    assert (counted("undeliverable"), undelivered("no_contact")) == (before[0] + 1, before[1] + 1)
    assert ([row.state for row in await rows(database)], way.sent) == (["undeliverable"], [])


async def test_a_channel_that_is_away_is_tried_again_later_and_later(
    told: Database, way: Way, clock: Clock
) -> None:
    way.error = Unavailable("test")
    service = notifier(told, way, clock)
    waits = []
    for _ in range(9):
        assert await service.deliver_due() == 1
        waits.append((await sendings(told))[0].next_at - clock.now)
        clock.now = (await sendings(told))[0].next_at - 0.5
        assert await service.deliver_due() == 0
        clock.now += 0.5

    assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600]

    way.error = None
    await service.deliver_due()

    assert len({key for key, _ in way.sent}) == 1
    assert (await rows(told))[0].state == "delivered"


async def test_a_notice_that_stays_undelivered_for_a_day_has_failed_and_is_given_up(
    told: Database, way: Way, clock: Clock
) -> None:
    before = counted("failed"), undelivered("gave_up")
    way.error = Unavailable("test", "mail_away")
    clock.now = T0 + 86_401
    await notifier(told, way, clock).deliver_due()

    assert (counted("failed"), undelivered("gave_up")) == (before[0] + 1, before[1] + 1)
    assert (await rows(told))[0].state == "failed"


async def test_a_notice_without_words_fails_and_the_others_go_on(
    told: Database, way: Way, clock: Clock
) -> None:
    await add(told, "e2", template="birthday_notice")
    await add(told, "e3")
    await notifier(told, way, clock).deliver_due()

    assert [row.state for row in await rows(told)] == ["delivered", "failed", "delivered"]


async def test_run_delivers_to_a_real_server_through_its_faults(
    told: Database, mailbox: Mailbox, port: int
) -> None:
    mailbox.recipient_answer = "450 later"
    patience = Patience(backoff=Backoff(0.05, 600.0), give_up_s=1e12)
    service = notifier(told, smtp(port), time.time, patience)
    running = asyncio.create_task(service.run())
    await until(told, lambda row: row.attempts >= 2)
    mailbox.recipient_answer, mailbox.hangs_up_after_data = "", 2
    await until(told, lambda row: row.state == "handed_over" and pending() == 0)
    service.stop()
    await asyncio.wait_for(running, 60)

    assert mailbox.ids == [f"<{effect_id('li', 'e1', 'notify')}.{TO_LI}@upay.example>"] * 3


def pending() -> float:
    return float(OUTBOX_PENDING.labels("notice")._value.get())


def test_a_notifier_without_any_channel_to_owners_does_not_start(database: Database) -> None:
    with pytest.raises(ValueError, match="PAYGUARD_SMTP"):
        channels(Settings(), database)


def test_smtp_comes_before_the_folder(database: Database, tmp_path: Path) -> None:
    both = Settings(smtp="smtp://127.0.0.1", outbox_dir=tmp_path)

    assert isinstance(channels(both, database)["mail"], SmtpMail)


async def until(database: Database, so: Callable[[Any], bool], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not (found := await sendings(database)) or not so(found[0]):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


async def test_news_that_no_decision_asked_for_reach_the_owner(database: Database) -> None:
    way, clock = Way(), Clock()
    await CaseService(database, clock).set_contact("li", LI)
    async with database.begin() as connection:
        news = News(at=T0, codes_left=9)
        await put_news(connection, "n1", "unrecorded", "li", "recovery_code_used", news)

    assert await notifier(database, way, clock).deliver_due() == 1

    ((key, letter),) = way.sent
    assert key == f"n1.{TO_LI}"
    assert letter.subject == "A recovery code of your UPay account was used"
    assert "Codes left: 9\n" in letter.text
    assert "Time: Mon 21 Sep 2026, 22:13 (Shanghai time, UTC+08:00)" in letter.text
    assert [row.state for row in await rows(database)] == ["delivered"]
