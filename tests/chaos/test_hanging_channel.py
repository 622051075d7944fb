"""A provider of text messages takes connections and never answers: mail and pushes of the same notifier are as quick as ever."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from statistics import quantiles
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from benchmarks.parts.real_parts import PostgresServer
from services.cases.message_tables import messages
from services.platform.database import Database
from tests.chaos.incidents import make_reachable, notice_of, raise_incidents
from tests.chaos.providers import Providers
from tests.chaos.stack import Stack, stack_settings

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(1800)]

HANGS_S, LONG_HANGS_S = 30.0, 600.0
PER_S = 6.0
WARM_S = 6.0
OTHERS, RAISE_AT_MOST = ("mail", "web_push"), 0.20
#: The circuit asks again after a minute at most, and what it let through before waits for its own pause.
SETTLED_WITHIN_S = 240.0
NOBODY = "127.0.0.1:9"


class Arm:
    """A notifier with a database and other sides of its own."""

    def __init__(self, server: PostgresServer, folder: Path, name: str) -> None:
        url = server.new_database(f"{name}_{uuid4().hex[:8]}")
        (folder / name).mkdir()
        self.stack = Stack(stack_settings(NOBODY, f"redis://{NOBODY}", url, folder), folder / name)
        self.database = Database(url)
        self.providers = Providers()
        self.raised_at: dict[str, float] = {}

    async def open(self, opened: AsyncExitStack, owners: list[str]) -> None:
        """Start it, with these owners to tell."""
        opened.push_async_callback(self._close)
        await self.database.migrate()
        await opened.enter_async_context(self.providers)
        await make_reachable(self.database, owners, self.providers.browser.address)
        self.stack.start_notifier(**self.providers.settings, sms_after_s=0.5)

    async def raise_one(self, owner: str) -> None:
        """An incident of the owner, now."""
        self.raised_at[owner] = time.monotonic()
        await raise_incidents(self.database, [owner])

    def took_s(self, channel: str, owners: list[str]) -> list[float]:
        """From incident to arrival, of those that have arrived."""
        by_place = {tuple(each.split(".")[:2]): at for each, at in self.providers.first_at.items()}
        return [
            by_place[notice_of(owner), channel] - self.raised_at[owner]
            for owner in owners
            if (notice_of(owner), channel) in by_place
        ]

    async def texts(self) -> Counter[str]:
        """Text messages by state."""
        query = select(messages.c.state, func.count()).where(messages.c.channel == "sms")
        async with self.database.read() as connection:
            return Counter(dict((await connection.execute(query.group_by(messages.c.state))).all()))

    async def until_told(self, owners: list[str]) -> None:
        """Wait until mail and pushes to all of them have arrived."""
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while any(len(self.took_s(each, owners)) < len(owners) for each in OTHERS):  # noqa: ASYNC110
                await asyncio.sleep(0.5)

    async def until_texts_are_sent(self) -> float:
        """Wait until no text message waits any more; how many seconds that took."""
        began = time.monotonic()
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while set(await self.texts()) != {"handed_over"}:  # noqa: ASYNC110  others do it
                await asyncio.sleep(0.5)
        return time.monotonic() - began

    async def _close(self) -> None:
        self.stack.stop()
        await self.database.close()
        print(self.stack.logs())


async def befall(arms: Sequence[Arm], owners: list[str]) -> None:
    """The same incidents in each arm at the same moments, which chance spreads evenly."""
    rng, began = Random(20_260), time.monotonic()
    for number, owner in enumerate(owners):
        due = began + (number + rng.random()) / PER_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await asyncio.gather(*(arm.raise_one(owner) for arm in arms))
    await asyncio.gather(*(arm.until_told(owners) for arm in arms))


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


async def test_while_text_messages_hang_mail_and_pushes_take_no_longer(
    real_postgres_server: PostgresServer, tmp_path: Path, long: bool
) -> None:
    hangs_s = LONG_HANGS_S if long else HANGS_S
    first, told = (
        [f"{name}-{number}" for number in range(round(seconds * PER_S))]
        for name, seconds in (("first", WARM_S), ("then", hangs_s))
    )
    calm, hung = arms = [Arm(real_postgres_server, tmp_path, name) for name in ("calm", "hung")]
    async with AsyncExitStack() as opened:
        for arm in arms:
            await arm.open(opened, [*first, *told])
        hung.providers.texts.hangs = True
        await befall(arms, first)
        await befall(arms, told)
        meanwhile = await hung.texts()
        hung.providers.texts.hangs = False
        back_s = await hung.until_texts_are_sent()
    for channel in OTHERS:
        beside, alone = (p95(arm.took_s(channel, told)) for arm in (hung, calm))
        print(f"{channel}: p95 {beside:.3f} s beside text messages that hang, {alone:.3f} s else")
    beside, alone = (
        p95([took for each in OTHERS for took in arm.took_s(each, told)]) for arm in (hung, calm)
    )
    print(f"of {len(told)} incidents in {hangs_s:.0f} s both: {beside / alone - 1.0:+.1%}")
    print(f"text messages meanwhile {dict(meanwhile)}, all sent {back_s:.0f} s after the end")

    assert set(meanwhile) <= {"waiting", "sending"}
    assert beside < (1.0 + RAISE_AT_MOST) * alone
