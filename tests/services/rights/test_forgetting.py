"""Memory and activity at an erasure: what came before is forgotten, what comes after begins anew."""

from __future__ import annotations

import time
from datetime import date

import pytest
from sqlalchemy import select

from contracts.decisions import Decision, ForgetAccount
from contracts.events import AnyEvent, Erasure, Login, Transaction
from contracts.ports import Shard
from contracts.profile import Profile
from services.activity.rows import row_of
from services.activity.service import ActivityService
from services.activity.tables import activity
from services.bootstrap.pipelines import OFFLINE_KEY, offline_core
from services.enrichment.enrich import Enricher
from services.enrichment.user_agents import UserAgents
from services.memory.codec import pack, unpack
from services.memory.pseudonyms import Pseudonyms
from services.platform.database import Database
from services.platform.progress import Consumers
from services.platform.settings import Settings
from services.replay.offline import offline_records

AT_MS = 1_796_040_000_000
DAY_MS = 86_400_000


def login(number: int, account: str = "li", device: str = "phone") -> Login:
    return Login(
        event_id=f"login-{number}",
        account_id=account,
        occurred_at=AT_MS + number * DAY_MS,
        outcome="success",
        device_id=device,
        ip="203.0.113.7",
    )


def payment(number: int, account: str = "li") -> Transaction:
    return Transaction(
        event_id=f"payment-{number}",
        account_id=account,
        occurred_at=AT_MS + number * DAY_MS + 1000,
        amount="25.00",
        currency="CNY",
        payee_id="shop",
        device_id="phone",
        kind="payment",
    )


def erasure(number: int, account: str = "li") -> Erasure:
    return Erasure(event_id=f"erase-{number}", account_id=account, occurred_at=AT_MS + number * DAY_MS + 5000)


def life(account: str = "li") -> list[AnyEvent]:
    return [event for number in range(5) for event in (login(number, account), payment(number, account))]


async def replayed(events: list[AnyEvent], cut: int) -> tuple[list[Decision], dict[str, Profile]]:
    """The decisions, and the memory of each account, after the events in batches of so many."""
    core = offline_core(Settings(), OFFLINE_KEY)
    records = offline_records(events)
    decisions: list[Decision] = []
    for first in range(0, len(records), cut):
        decisions += (await core.decide(records[first : first + cut])).decisions
    accounts = sorted({event.account_id for event in events})
    [found] = await core.profiles.load([(Shard(1, 0), accounts)])
    return decisions, {name: unpack(entry[1]) for name, entry in zip(accounts, found, strict=True) if entry}


def known(profile: Profile) -> Profile:
    """The profile without the hashes of events that are over."""
    profile.event_ids, profile.event_digests = bytearray(), bytearray()
    return profile


async def test_what_was_known_of_the_account_is_forgotten() -> None:
    _, left = await replayed([*life(), erasure(5)], 100)

    assert pack(known(left["li"])) == pack(Profile())


async def test_what_comes_after_is_the_memory_of_a_new_account() -> None:
    after: list[AnyEvent] = [login(6), payment(6)]
    _, left = await replayed([*life(), erasure(5), *after], 100)
    _, new = await replayed(after, 100)

    assert pack(known(left["li"])) == pack(known(new["li"]))


async def test_other_accounts_remember_as_before() -> None:
    _, both = await replayed([*life(), *life("wang"), erasure(5)], 100)
    _, alone = await replayed(life("wang"), 100)

    assert both["wang"].logins == alone["wang"].logins == 5
    assert both["wang"].transactions == alone["wang"].transactions == 5


@pytest.mark.parametrize("cut", [1, 2, 3, 7])
async def test_memory_is_the_same_however_the_stream_is_cut(cut: int) -> None:
    events: list[AnyEvent] = [*life(), erasure(5), login(6), payment(6), erasure(7), login(8)]
    whole, cut_up = await replayed(events, 100), await replayed(events, cut)

    assert pack(whole[1]["li"]) == pack(cut_up[1]["li"])


async def test_an_event_that_comes_again_after_the_erasure_teaches_nothing() -> None:
    _, left = await replayed([*life(), erasure(5), payment(4)], 100)

    assert left["li"].transactions == 0


async def test_the_decision_tells_whoever_keeps_decisions() -> None:
    core = offline_core(Settings(), OFFLINE_KEY)
    [decision] = (await core.decide(offline_records([erasure(5)]))).decisions

    assert (decision.action, decision.type) == ("allow", "erasure")
    assert [type(effect) for effect in decision.effects] == [ForgetAccount]


@pytest.fixture
def keeper(database: Database) -> ActivityService:
    enricher = Enricher(Pseudonyms(bytes(32)), None, None, None, UserAgents(), as_of=date(2026, 11, 30))
    return ActivityService(Settings(), database, enricher, None, time.time, Consumers())


async def kept(database: Database) -> list[tuple[str, str]]:
    async with database.read() as connection:
        query = select(activity.c.account_id, activity.c.event_id).order_by(
            activity.c.at, activity.c.account_id
        )
        return [(row.account_id, row.event_id) for row in await connection.execute(query)]


async def test_activity_before_the_erasure_goes_even_in_one_batch_and_the_later_stays(
    database: Database, keeper: ActivityService
) -> None:
    await keeper._write([row_of(event) for event in (login(1), login(1, "wang"))])
    events: list[AnyEvent] = [login(2), erasure(3), login(4), login(4, "wang"), erasure(5, "nobody")]
    await keeper._write([row_of(event) for event in events])

    assert await kept(database) == [("wang", "login-1"), ("li", "login-4"), ("wang", "login-4")]


async def test_activity_that_is_read_again_is_forgotten_again(
    database: Database, keeper: ActivityService
) -> None:
    rows = [row_of(event) for event in (login(1), erasure(2), login(3))]
    for _ in range(2):
        await keeper._write(rows)

    assert await kept(database) == [("li", "login-3")]
