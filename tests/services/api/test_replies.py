"""A decision finds who waits for it, also when the store was away in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.exceptions import AuthenticationError

from contracts.errors import Unavailable
from services.api.replies import Replies, ReplyStore
from services.memory.in_process import InProcessReplies
from services.memory.redis_store import RedisReplies, connect
from services.platform.embedded import EmbeddedStore


@pytest.fixture(params=["in process", "embedded"])
async def stored_replies(request: pytest.FixtureRequest) -> AsyncIterator[InProcessReplies | RedisReplies]:
    if request.param == "in process":
        yield InProcessReplies(time.time)
        return
    client = connect(request.getfixturevalue("embedded_redis"))
    yield RedisReplies(client)
    await client.aclose()


async def test_each_waiter_gets_its_decision(stored_replies: InProcessReplies | RedisReplies) -> None:
    replies = Replies(stored_replies, "one")
    await replies.start()
    with replies.expected(["a", "b", "c"]) as expected, replies.expected(["b"]) as other:
        await stored_replies.deliver([("one", "a", b"A"), ("one", "b", b"B"), ("one", "unasked", b"X")])
        mine, theirs = await asyncio.gather(expected.within(2.0, ["a", "b"]), other.within(2.0, ["b"]))
    await replies.stop()

    assert (mine, theirs) == ({"a": b"A", "b": b"B"}, {"b": b"B"})


async def test_what_was_published_elsewhere_is_found_where_it_is_kept(
    stored_replies: InProcessReplies | RedisReplies,
) -> None:
    replies = Replies(stored_replies, "two")
    await replies.start()
    with replies.expected(["e2"]) as expected:
        await stored_replies.deliver([("elsewhere", "e2", b"D")])
        assert await expected.within(2.0, ["e2"]) == {"e2": b"D"}
    await replies.stop()


async def test_what_never_comes_costs_the_time_asked_for_and_no_more(
    stored_replies: InProcessReplies | RedisReplies,
) -> None:
    replies = Replies(stored_replies, "three")
    await replies.start()
    started = time.monotonic()
    with replies.expected(["never"]) as expected:
        assert await expected.within(0.3, ["never"]) == {}
    await replies.stop()
    assert 0.29 <= time.monotonic() - started < 2.0


async def test_many_kept_decisions_are_found_at_once(stored_replies: InProcessReplies | RedisReplies) -> None:
    names = [f"many-{n}" for n in range(200)]
    await stored_replies.deliver([("x", name, name.encode()) for name in names])
    found = await Replies(stored_replies, "four").kept([*names, "missing"])
    assert found == {name: name.encode() for name in names}


async def eventually_listening(replies: Replies, stored_replies: RedisReplies, channel: str) -> bytes:
    """Deliver until a waiter hears it, without its looking into what is kept."""
    async with asyncio.timeout(60):
        for attempt in range(10_000):
            with replies.expected([f"again-{attempt}"]) as expected:
                try:
                    await stored_replies.deliver([(channel, f"again-{attempt}", b"heard")])
                except Unavailable:
                    await asyncio.sleep(0.05)
                    continue
                heard = await expected.within(0.05, [f"again-{attempt}"])
                if heard:
                    return heard[f"again-{attempt}"]
    raise AssertionError("never heard")


async def test_the_subscription_comes_back_with_the_store(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "store") as store:
        client = connect(store.start())
        stored_replies = RedisReplies(client)
        replies = Replies(DeafReplies(stored_replies), "five")
        await replies.start()
        store.kill9()
        with replies.expected(["lost"]) as expected:
            assert await expected.within(0.2, ["lost"]) == {}
        store.start()
        assert await eventually_listening(replies, stored_replies, "five") == b"heard"
        await replies.stop()
        await client.aclose()


async def test_starting_while_the_store_is_away_does_not_fail() -> None:
    client = connect("redis://127.0.0.1:1/0")
    replies = Replies(RedisReplies(client), "six")
    async with asyncio.timeout(60):
        await replies.start()
    assert not replies.listening
    with pytest.raises(Unavailable):
        await replies.kept(["e"])
    await replies.stop()
    await client.aclose()


async def test_a_store_that_refuses_us_for_good_stops_the_start(embedded_redis: str) -> None:
    client = connect(embedded_redis.replace("redis://", "redis://nobody:wrong@"))
    replies = Replies(RedisReplies(client), "seven")
    with pytest.raises(AuthenticationError):
        await replies.start()
    await replies.stop()
    await client.aclose()


class DeafReplies:
    """Replies whose keeping side finds nothing, so that only the subscription can answer."""

    def __init__(self, stored_replies: ReplyStore) -> None:
        self.listen = stored_replies.listen

    async def get(self, _event_id: str) -> bytes | None:
        return None


class SlowReplies(InProcessReplies):
    """Counts the looks under way."""

    looking = 0
    most = 0

    async def get(self, event_id: str) -> bytes | None:
        self.looking += 1
        self.most = max(self.most, self.looking)
        await asyncio.sleep(0)
        self.looking -= 1
        return await super().get(event_id)


async def test_many_waiters_together_look_through_few_connections() -> None:
    stored_replies = SlowReplies(time.time)
    replies = Replies(stored_replies, "eight")
    await asyncio.gather(*(replies.kept([f"e{n}"]) for n in range(200)))

    assert stored_replies.most == 16
