"""What only the in-process ports promise: they stay small."""

from __future__ import annotations

from services.memory.in_process import LIFE_BUCKETS, InProcessReplies, InProcessTallyStore
from tests.contracts.test_tally_store import asked, counted


async def test_windows_far_behind_the_newest_event_are_forgotten() -> None:
    store = InProcessTallyStore()
    for offset in range(100):
        await counted(store, [asked(offset, at=offset * 600.0)])

    [windows] = store._windows.values()
    assert len(windows) == LIFE_BUCKETS + 2


async def test_a_late_event_inside_the_life_of_a_window_still_counts() -> None:
    store = InProcessTallyStore()
    await counted(store, [asked(1, at=600.0), asked(2, at=600.0 * (1 + LIFE_BUCKETS))])

    assert await counted(store, [asked(3, "bo", at=600.0)]) == [2]


async def test_a_decision_is_forgotten_after_an_hour() -> None:
    now = 1000.0
    stored_replies = InProcessReplies(lambda: now)
    await stored_replies.deliver([("api", "e1", b"{}")])
    now += 3599
    assert await stored_replies.get("e1") == b"{}"
    now += 2
    assert await stored_replies.get("e1") is None
    await stored_replies.deliver([("api", "e2", b"{}")])

    assert list(stored_replies._kept) == ["e2"]
