"""What only the in-process ports promise: they stay small."""

from __future__ import annotations

from contracts.ports import Shard, TallyQuery
from services.memory.in_process import LIFE_BUCKETS, InProcessMailbox, InProcessTallyStore

SHARD = Shard(1, 0)


def asked(offset: int, at: float) -> TallyQuery:
    return TallyQuery(
        offset=offset, name="logins", key="net", member=f"m{offset}", at=at, bucket_s=600, adds=True
    )


async def test_windows_far_behind_the_newest_event_are_forgotten() -> None:
    store = InProcessTallyStore()
    for offset in range(100):
        await store.observe([(SHARD, [asked(offset, offset * 600.0)])])

    [windows] = store._windows.values()
    assert len(windows) == LIFE_BUCKETS + 2


async def test_a_late_event_inside_the_life_of_a_window_still_counts() -> None:
    store = InProcessTallyStore()
    await store.observe([(SHARD, [asked(1, 600.0), asked(2, 600.0 * (1 + LIFE_BUCKETS))])])

    assert await store.observe([(SHARD, [asked(3, 600.0)])]) == [[2]]


async def test_a_decision_is_forgotten_after_an_hour() -> None:
    now = 1000.0
    mailbox = InProcessMailbox(lambda: now)
    await mailbox.deliver([("api", "e1", b"{}")])
    now += 3599
    assert await mailbox.get("e1") == b"{}"
    now += 2
    assert await mailbox.get("e1") is None
    await mailbox.deliver([("api", "e2", b"{}")])

    assert list(mailbox._kept) == ["e2"]
