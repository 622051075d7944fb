"""What an owner does in the security centre, as the stream learns of it: a lock stops money, a device given up is new again."""

from __future__ import annotations

import msgspec
import pytest

from contracts.decisions import Freeze, effect_id
from contracts.errors import Malformed
from contracts.events import AnyEvent, Login, OwnerAct, to_wire
from services.activity.rows import row_of
from services.api.offered import checked
from services.bootstrap.pipelines import OFFLINE_KEY
from services.events.own_events import is_own
from services.memory.pseudonyms import Pseudonyms
from tests.services.scoring.accounts import Account

AT_MS = 1_800_000_000_000


def lock(number: int = 1) -> OwnerAct:
    return OwnerAct(event_id=f"lock-{number}", account_id="li", occurred_at=AT_MS + number * 1000, act="lock")


def test_it_reads_as_it_was_written() -> None:
    gone = OwnerAct(
        event_id="d", account_id="li", occurred_at=AT_MS, act="forget_device", gone_device="00ff" * 4
    )

    assert msgspec.json.decode(to_wire(gone), type=AnyEvent) == gone


@pytest.mark.parametrize("device", [None, "00FF" * 4, "00ff", "zz" * 8])
def test_a_device_is_named_by_its_key_or_it_is_no_event(device: str | None) -> None:
    told = {
        "type": "owner_act",
        "event_id": "d",
        "account_id": "li",
        "occurred_at": AT_MS,
        "act": "forget_device",
    }
    wire = msgspec.json.encode(told | ({} if device is None else {"gone_device": device}))

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(wire, type=AnyEvent)


def test_only_payguard_may_say_it() -> None:
    assert is_own(lock())
    with pytest.raises(Malformed, match="not over HTTP"):
        checked(to_wire(lock()))


def test_it_is_a_row_of_activity() -> None:
    assert (row_of(lock()).type, row_of(lock()).kind) == ("owner_act", "lock")


async def test_a_lock_freezes_and_does_nothing_else() -> None:
    account = Account()
    await account.tell(Login, outcome="success", device_id="own")
    decision = await account.tell(OwnerAct, act="lock")

    assert decision.action == "allow"
    assert [type(effect) for effect in decision.effects] == [Freeze]
    assert decision.effects[0].effect_id == effect_id("li", decision.event_id, "freeze")
    assert (await account.pay()).findings[0].reason == "account_frozen"


async def test_the_end_of_the_lock_lets_money_out_again() -> None:
    account = Account()
    locked = await account.tell(OwnerAct, act="lock")
    await account.is_released(locked.event_id)

    assert (await account.pay()).action != "deny"


async def test_a_device_that_was_given_up_is_new_again() -> None:
    account = Account()
    for _ in range(4):
        await account.tell(Login, outcome="success", device_id="own")
        await account.tell(Login, outcome="success", device_id="other")
    other, own = (key for key in account.profile.devices)
    gone = await account.tell(OwnerAct, act="forget_device", gone_device=own.hex())

    assert (gone.action, gone.effects) == ("allow", ())
    assert list(account.profile.devices) == [other]
    assert account.profile.logins == 8


async def test_to_give_up_a_device_that_is_not_known_changes_no_other() -> None:
    account = Account()
    await account.tell(Login, outcome="success", device_id="own")
    before = list(account.profile.devices)
    await account.tell(OwnerAct, act="forget_device", gone_device="0" * 16)

    assert list(account.profile.devices) == before


@pytest.mark.parametrize(("days", "is_new"), [(89, False), (91, True)])
async def test_a_device_that_was_not_used_for_90_days_is_new_again(days: int, is_new: bool) -> None:
    account = Account()
    for _ in range(8):
        await account.tell(Login, outcome="success", device_id="own", ip="203.0.113.7")
    later = await account.tell(
        Login, minute=days * 1440.0, outcome="success", device_id="own", ip="198.51.100.9"
    )

    assert ("new_device" in [each.detector for each in later.findings]) == is_new


@pytest.mark.parametrize(
    ("trusted", "days", "is_new"), [(False, 1, True), (True, 1, False), (True, 89, False), (True, 91, True)]
)
async def test_a_device_that_its_owner_trusts_is_known_for_90_days(
    trusted: bool, days: int, is_new: bool
) -> None:
    account = Account()
    for _ in range(8):
        await account.tell(Login, outcome="success", device_id="own", ip="203.0.113.7")
    if trusted:
        key = Pseudonyms(OFFLINE_KEY).key_of("device", "other")
        said = await account.tell(OwnerAct, minute=10.0, act="trust_device", trusted_device=key.hex())
        assert (said.action, said.effects) == ("allow", ())
    later = await account.tell(
        Login, minute=days * 1440.0, outcome="success", device_id="other", ip="198.51.100.9"
    )

    assert ("new_device" in [each.detector for each in later.findings]) == is_new


async def test_a_trusted_device_that_is_given_up_is_new_again() -> None:
    account = Account()
    await account.tell(Login, outcome="success", device_id="own")
    key = Pseudonyms(OFFLINE_KEY).key_of("device", "other")
    await account.tell(OwnerAct, act="trust_device", trusted_device=key.hex())
    known = key in account.profile.devices
    await account.tell(OwnerAct, act="forget_device", gone_device=key.hex())

    assert (known, key in account.profile.devices) == (True, False)


@pytest.mark.parametrize("given", [{}, {"gone_device": "0" * 16}, {"trusted_device": "xyz"}])
def test_a_device_that_is_trusted_is_named_by_its_key_or_it_is_no_event(given: dict[str, str]) -> None:
    told = {
        "type": "owner_act",
        "event_id": "d",
        "account_id": "li",
        "occurred_at": AT_MS,
        "act": "trust_device",
    }

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(told | given), type=AnyEvent)
