"""Ends of freezes in whatever order they come: late, again, before their freeze, and after a newer reason to freeze."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.actions import STOPPING
from contracts.decisions import Freeze, effect_id
from contracts.events import AccountChange, Login, Settlement
from contracts.profile import Profile
from services.memory.codec import pack, unpack
from services.memory.freezes import End, is_frozen, note_end, note_freeze
from tests.services.scoring.accounts import Account, freezes, frozen_account


@pytest.fixture
async def frozen() -> Account:
    return await frozen_account()


async def test_the_end_says_nothing_and_asks_for_nothing(frozen: Account) -> None:
    ended = await frozen.is_released("e2")

    assert (ended.action, ended.effects) == ("allow", ())


async def test_an_end_that_is_told_twice_under_two_ids_ends_no_later_freeze(frozen: Account) -> None:
    await frozen.is_released("e2", event_id="s1", minute=10)
    await frozen.says_not_me(minute=60)
    await frozen.is_released("e2", event_id="s2", minute=10)

    assert (await frozen.pay()).action == "deny"


async def test_the_end_of_a_freeze_that_sql_placed_for_another_event_ends_it(frozen: Account) -> None:
    """The owner's word at once and the decision on a payment race for the one freeze, so SQL may know it by another event."""
    await frozen.is_released("of another event", minute=30)

    assert (await frozen.pay()).action != "deny"


async def test_a_wallet_whose_clock_is_ahead_is_let_go_all_the_same(frozen: Account) -> None:
    ahead = await frozen_account()
    await ahead.is_released("e2", minute=1)
    other = await frozen_account()
    await other.is_released("of another event", minute=1)

    for account in (ahead, other):
        assert (await account.pay()).action != "deny"


async def test_an_end_that_came_before_its_freeze_is_kept_for_it() -> None:
    account = Account()
    await account.tell(Login, outcome="success", device_id="own")
    await account.is_released("report")
    said = await account.says_not_me(event_id="report")

    assert not freezes(said)
    assert (await account.pay()).action != "deny"


async def test_an_end_without_a_freeze_does_not_keep_another_one_from_coming() -> None:
    account = Account()
    await account.tell(Login, outcome="success", device_id="own")
    await account.is_released("something else")

    assert freezes(await account.says_not_me())
    assert (await account.pay()).action == "deny"


async def test_who_released_the_account_did_not_know_of_what_came_since_so_it_is_frozen_anew(
    frozen: Account,
) -> None:
    await frozen.says_not_me(event_id="newer", minute=20)
    ended = await frozen.is_released("e2", event_id="end", minute=10)

    assert ended.effects == (Freeze(effect_id=effect_id("li", "end", "freeze")),)
    assert (await frozen.pay()).action == "deny"


@pytest.mark.parametrize("about", ["end", "newer", "anything"])
async def test_a_freeze_that_was_placed_anew_ends_like_any_other(frozen: Account, about: str) -> None:
    await frozen.says_not_me(event_id="newer", minute=20)
    await frozen.is_released("e2", event_id="end", minute=10)
    ended = await frozen.is_released(about, minute=30)

    assert ended.effects == ()
    assert (await frozen.pay()).action != "deny"


async def test_one_end_ends_all_that_was_known_when_it_was_given(frozen: Account) -> None:
    for minute in (20, 21):
        await frozen.says_not_me(minute=minute)
    await frozen.is_released("e2", minute=40)

    assert (await frozen.pay()).action != "deny"


async def test_an_end_that_comes_too_late_to_teach_still_ends(frozen: Account) -> None:
    await frozen.tell(Login, outcome="success", device_id="own", minute=3 * 24 * 60)
    late = await frozen.is_released("e2", minute=5)

    assert "late" in late.states
    assert (await frozen.pay()).action != "deny"


async def test_only_an_end_of_an_account_ends_its_freeze(frozen: Account) -> None:
    await frozen.tell(Settlement, settles="payment", outcome="cancelled", about_event_id="e2")

    assert is_frozen(frozen.profile)


async def test_memory_that_was_written_before_there_were_freezes_is_of_an_account_that_is_not_frozen() -> (
    None
):
    account = Account()
    await account.tell(Login, outcome="success", device_id="own")
    before = pack(account.profile)
    assert before.endswith(b"\xc0")
    # An array of 16 or more has its length in the two bytes behind its type.
    shorter = before[:2] + (int.from_bytes(before[2:4], "big") - 1).to_bytes(2, "big") + before[4:-1]

    assert unpack(shorter) == account.profile


_KEYS = st.sampled_from([b"a", b"b", b"c"])
_STEPS = st.lists(st.tuples(st.booleans(), _KEYS, st.integers(1, 10_000)), max_size=12)


@given(_STEPS, _KEYS)
def test_whatever_happened_the_end_of_what_is_remembered_lets_money_out(
    steps: list[tuple[bool, bytes, int]], key: bytes
) -> None:
    profile = Profile()
    for number, (freezing, about, at) in enumerate(steps):
        if freezing:
            note_freeze(profile, about, float(at))
        else:
            note_end(profile, _end(at), f"s{number}".encode(), about)
    note_freeze(profile, key, 5000.0)
    frozen = profile.frozen
    assert frozen is not None or (False, key) in [(each, about) for each, about, _ in steps]
    if frozen is None or not is_frozen(profile):
        return
    copied = unpack(pack(profile))
    assert copied == profile
    assert note_end(copied, _end(20_000), b"last", b"anything") is End.ENDED
    assert note_end(profile, _end(1), b"last", frozen.again_by or frozen.by) is End.ENDED
    assert not is_frozen(profile)


def _end(at_s: int) -> Settlement:
    fields: dict[str, Any] = {"settles": "account", "outcome": "released", "about_event_id": "x"}
    return Settlement(event_id="s", account_id="li", occurred_at=1_796_040_000_000, at=float(at_s), **fields)


async def test_what_a_thief_left_behind_ends_with_the_freeze_and_the_owners_waiting_payment_does_not() -> (
    None
):
    account = Account()
    for _ in range(4):
        await account.tell(Login, outcome="success", device_id="own")
        await account.pay(device_id="own", payee_id="shop")
    own = await account.pay(event_id="own", device_id="own", payee_id="far", amount="60000.00")
    assert own.held
    await account.tell(AccountChange, change="password_reset", device_id="own")
    for _ in range(6):
        await account.tell(Login, outcome="failure", device_id="his")
    await account.tell(Login, outcome="success", device_id="his")
    await account.tell(AccountChange, change="password_reset", device_id="his")
    stolen = await account.pay(event_id="stolen", device_id="his", payee_id="mule", amount="90000.00")
    await account.says_not_me("stolen", event_id="said")
    before = account.profile
    await account.is_released("said")
    after = account.profile

    assert stolen.action in STOPPING
    assert before.failures_in_row
    assert before.slots
    assert (after.failures_in_row, after.failures, after.challenge_times, after.slots) == (0, [], [], {})
    assert [each.facts.value for each in after.quarantined] == [60000.0]
    assert (await account.pay(device_id="own", payee_id="shop")).action == "allow"
