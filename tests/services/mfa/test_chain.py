"""The audit's chain, in memory: any row altered, taken out, put elsewhere or cut off is found."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.audit.chain import (
    ALL_PARTITIONS,
    NO_ACCOUNT,
    PARTITIONS,
    START,
    Broken,
    Entry,
    Head,
    Row,
    Walk,
    canonical,
    linked,
    partition_of,
)

LANE = 3
_NAMES = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
entries = st.builds(
    Entry,
    at=st.floats(0, 5e9),
    action=st.sampled_from(["verify", "confirm", "api_key_made"]),
    result=st.sampled_from(["passed", "wrong", "done"]),
    actor=st.sampled_from(["wallet", "cli:ops"]),
    account_id=_NAMES,
    challenge_id=_NAMES,
    network=_NAMES,
    reason=_NAMES,
)
FIELDS = tuple(Entry.__struct_fields__)


def written(these: Sequence[Entry], partition: int = LANE) -> list[Row]:
    head, made = Head(partition, 0, START), list[Row]()
    for entry in these:
        made.append(linked(head, entry))
        head = head_of(made)
    return made


def head_of(rows: Sequence[Row]) -> Head:
    return Head(rows[-1].partition, rows[-1].seq, rows[-1].hash) if rows else Head(LANE, 0, START)


def walked(rows: Sequence[Row], head: Head | None, saved: Head | None = None) -> Broken | None:
    walk = Walk(LANE, saved)
    for row in rows:
        if (broken := walk.read(row)) is not None:
            return broken
    return walk.end(head)


@given(st.lists(entries, max_size=8))
def test_what_was_written_is_whole(these: list[Entry]) -> None:
    rows = written(these)

    assert walked(rows, head_of(rows), saved=head_of(rows)) is None


@given(st.lists(entries, min_size=1, max_size=6), st.data())
def test_a_row_altered_in_any_field_is_found_at_its_number(these: list[Entry], data: st.DataObject) -> None:
    rows = written(these)
    at, field = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from(FIELDS))
    other = data.draw(entries.map(lambda entry: getattr(entry, field)))
    before = rows[at].entry
    if getattr(before, field) == other:
        other = 1.5e9 if field == "at" else f"{other}x"
    rows[at] = replace(rows[at], entry=replace(before, **{field: other}))

    found = walked(rows, head_of(rows))

    assert found == Broken(LANE, at + 1, "was altered, or is not the one that was written there")


@given(st.lists(entries, min_size=2, max_size=6), st.data())
def test_an_altered_row_with_its_hash_made_anew_is_found_by_the_next(
    these: list[Entry], data: st.DataObject
) -> None:
    rows = written(these)
    at = data.draw(st.integers(0, len(rows) - 2))
    before = head_of(rows[:at])
    rows[at] = linked(before, replace(rows[at].entry, actor="somebody else"))

    found = walked(rows, head_of(rows))

    assert found is not None
    assert found.seq == at + 2


@given(st.lists(entries, min_size=1, max_size=6), st.data())
def test_a_deleted_row_is_found_at_its_number(these: list[Entry], data: st.DataObject) -> None:
    rows = written(these)
    head, at = head_of(rows), data.draw(st.integers(0, len(rows) - 1))
    del rows[at]

    found = walked(rows, head)

    assert found is not None
    assert found.seq == at + 1


@given(st.lists(entries, min_size=2, max_size=6), st.data())
def test_two_rows_that_changed_places_are_found_at_the_first(these: list[Entry], data: st.DataObject) -> None:
    rows = written(these)
    head = head_of(rows)
    first, second = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=2, max_size=2)))
    one, other = rows[first], rows[second]
    rows[first] = Row(LANE, one.seq, other.entry, other.hash)
    rows[second] = Row(LANE, other.seq, one.entry, one.hash)

    found = walked(rows, head)

    assert found is not None
    assert found.seq == first + 1


@given(st.lists(entries, min_size=1, max_size=6), st.data())
def test_a_partition_cut_off_anywhere_is_found_by_its_head(these: list[Entry], data: st.DataObject) -> None:
    rows = written(these)
    kept = data.draw(st.integers(0, len(rows) - 1))

    found = walked(rows[:kept], head_of(rows))

    assert found == Broken(LANE, kept + 1, f"was cut off; the partition ended at {len(rows)}")


@given(st.lists(entries, min_size=1, max_size=6), st.data())
def test_a_partition_cut_off_with_its_head_is_found_by_saved_heads(
    these: list[Entry], data: st.DataObject
) -> None:
    rows = written(these)
    kept = rows[: data.draw(st.integers(0, len(rows) - 1))]

    assert walked(kept, head_of(kept)) is None
    found = walked(kept, head_of(kept), saved=head_of(rows))
    assert found == Broken(LANE, len(kept) + 1, "was cut off since the heads were saved")


@given(st.lists(entries, min_size=1, max_size=6), st.lists(entries, max_size=3), st.data())
def test_a_partition_rewritten_from_any_row_on_is_found_by_saved_heads(
    these: list[Entry], later: list[Entry], data: st.DataObject
) -> None:
    saved = head_of(written(these))
    at = data.draw(st.integers(0, len(these) - 1))
    forged = written([*these[:at], replace(these[at], actor="somebody else"), *these[at + 1 :], *later])

    assert walked(forged, head_of(forged)) is None
    found = walked(forged, head_of(forged), saved=saved)
    assert found is not None
    assert found.seq == len(these)


@given(st.lists(entries, max_size=4), entries)
def test_a_row_added_behind_the_head_is_found(these: list[Entry], added: Entry) -> None:
    rows = written(these)

    found = walked([*rows, linked(head_of(rows), added)], head_of(rows))

    assert found is not None
    assert found.seq == len(rows) + 1


@given(st.lists(entries, min_size=1, max_size=4))
def test_a_partition_without_its_head_is_broken(these: list[Entry]) -> None:
    gone = "cannot follow: the head of the partition is gone"

    assert walked(written(these), None) == Broken(LANE, len(these) + 1, gone)


@given(st.lists(entries, min_size=1, max_size=4))
def test_a_partition_put_in_place_of_another_is_found(these: list[Entry]) -> None:
    moved = [Row(LANE, row.seq, row.entry, row.hash) for row in written(these, partition=LANE + 1)]

    found = walked(moved, head_of(moved))

    assert found is not None
    assert found.seq == 1


@given(entries)
def test_an_entry_has_one_partition_that_its_account_decides(entry: Entry) -> None:
    partition = partition_of(entry)

    assert partition in ALL_PARTITIONS
    assert partition == partition_of(replace(entry, at=1.0, result="wrong", network=None))
    assert (partition == NO_ACCOUNT) == (not entry.account_id and entry.challenge_id is None)


def test_accounts_are_spread_over_every_partition() -> None:
    made = {
        partition_of(
            Entry(at=0.0, action="verify", result="wrong", actor="wallet", account_id=f"account-{number}")
        )
        for number in range(1000)
    }

    assert made == set(range(PARTITIONS))


def entry(number: int) -> Entry:
    return Entry(at=float(number), action="verify", result="passed", actor="wallet", account_id="li")


def test_each_fault_is_said_of_the_row_where_it_begins() -> None:
    rows = written([entry(number) for number in range(4)])
    head, other = head_of(rows), written([entry(9), *[entry(number) for number in range(1, 4)]])

    assert walked([rows[0], *rows[2:]], head) == Broken(LANE, 2, "is missing; the next one there is 3")
    assert walked(rows, replace(head, hash=START)) == Broken(
        LANE, 4, "is not the one that the head of the partition names"
    )
    assert walked(rows, head_of(rows[:3])) == Broken(
        LANE, 4, "is not the one that the head of the partition names"
    )
    assert walked(other, head_of(other), saved=head) == Broken(
        LANE, 4, "or one before it was rewritten since the heads were saved"
    )


def test_a_partition_that_was_saved_and_has_grown_is_whole() -> None:
    rows = written([entry(number) for number in range(4)])

    for kept in range(1, 5):
        assert walked(rows, head_of(rows), saved=head_of(rows[:kept])) is None


def test_a_row_follows_by_its_number_and_the_hash_before_it() -> None:
    first, second = written([entry(0), entry(0)])

    assert (first.partition, first.seq, second.seq) == (LANE, 1, 2)
    assert first.hash != second.hash
    assert first.hash == hashlib.sha256(START + (1).to_bytes(8, "big") + canonical(LANE, entry(0))).digest()
    assert (
        second.hash
        == hashlib.sha256(first.hash + (2).to_bytes(8, "big") + canonical(LANE, entry(0))).digest()
    )


def test_the_bytes_that_are_hashed_never_change() -> None:
    told = Entry(
        at=1.5,
        action="verify",
        result="wrong",
        actor="wallet",
        account_id="li",
        factor_id="f",
        challenge_id="c",
        network="n",
        reason="r",
    )

    assert canonical(3, told) == b'[3,1.5,"verify","wrong","wallet","li","f","c","n","r"]'
