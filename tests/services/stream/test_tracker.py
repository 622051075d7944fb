"""The offset tracker never commits past anything unfinished."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stream.tracker import OffsetTracker

TP = ("events", 0)
Tracker = OffsetTracker[tuple[str, int]]


@pytest.fixture
def tracker() -> Tracker:
    return OffsetTracker()


def test_the_commit_position_is_the_end_of_the_longest_done_prefix(tracker: Tracker) -> None:
    for first in (0, 10, 20, 30):
        tracker.take(TP, first, first + 9)
    assert tracker.committable(TP) is None

    for last, position in ((19, None), (39, None), (9, 20)):
        assert tracker.ack(TP, last)
        assert tracker.committable(TP) == position
    assert tracker.in_flight(TP) == 2


def test_a_failed_commit_is_offered_again(tracker: Tracker) -> None:
    tracker.take(TP, 0, 9)
    tracker.ack(TP, 9)

    assert [tracker.committable(TP) for _ in range(2)] == [10, 10]
    tracker.committed(TP, 10)
    assert tracker.committable(TP) is None


def test_a_zombies_ack_after_revocation_changes_nothing(tracker: Tracker) -> None:
    tracker.take(TP, 0, 9)
    tracker.drop(TP)

    assert not tracker.ack(TP, 9)
    assert tracker.committable(TP) is None


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 5), st.integers(0, 3)),
        st.tuples(st.just("ack"), st.integers(0, 12), st.booleans()),
        st.tuples(st.just("commit"), st.booleans(), st.none()),
        st.tuples(st.just("revoke"), st.none(), st.none()),
    ),
    max_size=80,
)


@given(STEPS)
def test_no_hole_is_ever_committed(steps: list[tuple[str, object, object]]) -> None:
    """Random reads, acks in any order and twice, failed commits and revocations: all below a commit is done."""
    tracker = Tracker()
    position, committed = 0, 0
    taken: list[tuple[int, int]] = []
    done: set[int] = set()
    for step, value, extra in steps:
        if step == "take":
            assert isinstance(value, int)
            assert isinstance(extra, int)
            first = position + extra
            done.update(range(position, first))
            tracker.take(TP, first, first + value - 1)
            taken.append((first, first + value - 1))
            position = first + value
        elif step == "ack" and taken:
            assert isinstance(value, int)
            first, last = taken[value % len(taken)]
            for _ in range(2 if extra else 1):
                tracker.ack(TP, last)
            done.update(range(first, last + 1))
        elif step == "commit":
            offer = tracker.committable(TP)
            if offer is not None:
                assert set(range(committed, offer)) <= done
                if value:
                    tracker.committed(TP, offer)
                    committed = offer
        elif step == "revoke":
            tracker.drop(TP)
            taken, position = [], committed
            done = set(range(committed))


def test_of_a_partition_that_was_never_read_nothing_is_known(tracker: Tracker) -> None:
    tracker.committed(TP, 7)

    assert (tracker.next_offset(TP), tracker.in_flight(TP), tracker.total_in_flight()) == (0, 0, 0)
    assert (tracker.done(TP), tracker.committable(TP), tracker.ack(TP, 3)) == (None, None, False)
    assert tracker.partitions() == []
    tracker.drop(TP)


def test_what_was_read_is_known_by_partition(tracker: Tracker) -> None:
    other = ("events", 1)
    tracker.take(TP, 4, 9)
    tracker.take(TP, 10, 10)
    tracker.take(other, 0, 0)

    assert (tracker.next_offset(TP), tracker.next_offset(other)) == (11, 1)
    assert (tracker.in_flight(TP), tracker.in_flight(other), tracker.total_in_flight()) == (2, 1, 3)
    assert tracker.partitions() == [TP, other]
    assert tracker.done(TP) is None
    tracker.ack(TP, 9)
    assert (tracker.done(TP), tracker.done(other)) == (10, None)
    assert (tracker.in_flight(TP), tracker.total_in_flight()) == (1, 2)
    tracker.drop(TP)
    assert tracker.partitions() == [other]


def test_a_batch_is_told_by_its_offsets_and_is_done_once_acknowledged(tracker: Tracker) -> None:
    batch = tracker.take(TP, 3, 5)

    assert not tracker.ack(TP, 4)
    assert (batch.first, batch.last, batch.acked) == (3, 5, False)
    assert tracker.ack(TP, 5)
    assert (batch.first, batch.last, batch.acked) == (3, 5, True)
    assert not tracker.ack(TP, 5)


@pytest.mark.parametrize(("first", "last"), [(6, 5), (5, 8), (0, 0), (6, 6), (7, 9)])
def test_batches_go_on_from_what_was_read_and_never_end_before_they_begin(
    tracker: Tracker, first: int, last: int
) -> None:
    """Holes are allowed, repeats and batches of nothing are not."""
    tracker.take(TP, 0, 5)

    if first >= 6 and last >= first:
        assert tracker.take(TP, first, last).first == first
        assert tracker.next_offset(TP) == last + 1
    else:
        with pytest.raises(ValueError, match=f"batch {first}..{last} overlaps offsets read up to 6"):
            tracker.take(TP, first, last)


def test_the_committed_mark_never_moves_back(tracker: Tracker) -> None:
    """An answer of the broker that comes late leaves the newer one."""
    for first in (0, 10):
        tracker.take(TP, first, first + 9)
        tracker.ack(TP, first + 9)
    tracker.committed(TP, 20)
    tracker.committed(TP, 10)

    assert tracker.committable(TP) is None
    assert tracker.done(TP) == 20
