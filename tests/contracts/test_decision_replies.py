"""What every DecisionReplies holds to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contracts.conftest import Ports


@pytest.fixture
def stored_replies(ports: Ports) -> Any:
    return ports.stored_replies()


async def test_a_decision_is_kept_for_who_asks_later(stored_replies: Any) -> None:
    await stored_replies.deliver([("api-1", "e1", b'{"score":1}'), ("api-2", "e2", b'{"score":2}')])

    assert await stored_replies.get("e2") == b'{"score":2}'
    assert await stored_replies.get("e3") is None


async def test_who_listens_hears_the_decisions_of_its_channel(stored_replies: Any) -> None:
    async with stored_replies.listen("api-1") as replies:
        await stored_replies.deliver(
            [("api-2", "e0", b"{}"), ("api-1", "e1", b'{"a":1}'), ("api-1", "e\x00二", b'{"b":2}')]
        )
        heard = [await asyncio.wait_for(anext(replies), 60) for _ in range(2)]

    assert heard == [("e1", b'{"a":1}'), ("e\x00二", b'{"b":2}')]


async def test_a_repeated_delivery_leaves_the_later_copy(stored_replies: Any) -> None:
    await stored_replies.deliver([("api-1", "e1", b"first")])
    await stored_replies.deliver([("api-1", "e1", b"second")])

    assert await stored_replies.get("e1") == b"second"


async def test_nothing_to_deliver_is_no_work(ports: Ports) -> None:
    await ports.stored_replies().deliver([])
