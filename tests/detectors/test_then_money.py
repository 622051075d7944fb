"""A new "X, then money" is a table and a page: here with a change that no detector looks for."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from msgspec import msgpack, structs

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Transaction
from contracts.findings import Finding, Reason
from contracts.profile import DAY_S, HOUR_S, Facts, Quarantined
from detectors import (
    credential_change_then_money,
    factor_change_then_money,
    limit_raise_then_money,
    takeover_chain,
)
from detectors.measures.then_money import Begins, Changes, NewcomerParams, NewcomerThenMoney, sequence_spec
from tests.detectors.build import NOW, ask, change, changes_to, key, payer, transaction

SPEC = sequence_spec(
    name="address_change_then_money",
    reasons=(
        Reason(
            code="address_then_money",
            en="The address changed, then money left.",
            zh_cn="先改地址，后转出资金。",
        ),
        Reason(
            code="device_then_money",
            en="A device was removed, then money left.",
            zh_cn="先移除设备，后转出资金。",
        ),
    ),
    attack=("T1098",),
)
TABLE = {
    "address_change": Begins("address_nats", "address_then_money"),
    "device_removed": Begins("removed_nats", "device_then_money"),
}


class Params(NewcomerParams, frozen=True):
    address_nats: float = 0.5
    removed_nats: float = 1.0
    further_change_nats: float = 0.25
    device_nats: float = 2.0
    payee_nats: float = 1.5
    most_nats: float = 4.0


class Memory(Changes):
    """Recent changes of the table."""


SEQUENCE = NewcomerThenMoney(SPEC, Memory, TABLE, most_count=2)


def changed(*what: str, hours_ago: float = 2.0) -> Memory:
    memory = Memory()
    for place, each in enumerate(what):
        at = NOW - (hours_ago - place) * HOUR_S
        memory = SEQUENCE.learn(change(each, at), memory, Params())
    return memory


def test_it_is_asked_about_money_after_a_change_that_is_remembered_or_held_back() -> None:
    also = sequence_spec("other_then_money", SPEC.reasons, SPEC.attack, Circumstance.RECENT_FAILURE)

    assert (SPEC.family, SPEC.event_types) == ("sequence", (Transaction, AccountChange))
    assert SPEC.wakes_on == Circumstance.HELD_CHANGE | Circumstance.REMEMBERED
    assert also.wakes_on == SPEC.wakes_on | Circumstance.RECENT_FAILURE
    assert also.learns_on == SPEC.learns_on == Circumstance.CHANGE | Circumstance.REMEMBERED


@pytest.mark.parametrize("event", [change("address_change"), transaction(movement="top_up")])
def test_there_is_nothing_before_what_is_no_money_that_leaves(event: Activity) -> None:
    assert SEQUENCE.before_money(event, payer(), changed("address_change"), Params()) == []


@pytest.mark.parametrize(
    ("logins", "transactions", "how"), [(2, 3, "to_new_payee"), (3, 2, "from_new_device")]
)
def test_three_logins_make_a_device_new_and_three_payments_a_payee(
    logins: int, transactions: int, how: str
) -> None:
    event = transaction(payee="mule", device="strange")
    young = payer(transactions, payees=("grocer",), logins=logins)

    finding = SEQUENCE.observe(event, young, {}, changed("address_change"), Params())

    assert finding is not None
    assert (finding.facts or {})["how"] == how


def asked(memory: Memory, *, payee: str = "mule", device: str = "phone", **params: float) -> Finding | None:
    event = transaction(payee=payee, device=device)
    return SEQUENCE.observe(event, payer(), {}, memory, structs.replace(Params(), **params))


def test_money_to_a_new_payee_after_a_change_of_the_table_fires() -> None:
    finding = asked(changed("address_change"))

    assert finding == SPEC.finding(
        reason="address_then_money",
        weight=0.5 + 1.5,
        value=2.0,
        threshold=24,
        quarantine=True,
        facts={"how": "to_new_payee", "changes": 1},
    )


def test_the_most_telling_change_gives_the_reason_and_the_other_adds_to_it() -> None:
    finding = asked(changed("device_removed", "address_change"), device="strange")

    assert finding is not None
    assert (finding.reason, finding.value) == ("device_then_money", 2.0)
    assert finding.facts == {"how": "from_new_device_to_new_payee", "changes": 2}
    assert finding.weight == Params().most_nats


def test_a_stated_weight_is_the_one_that_counts() -> None:
    finding = asked(changed("address_change"), address_nats=1.25)

    assert finding is not None
    assert finding.weight == 1.25 + 1.5


@pytest.mark.parametrize(
    ("memory", "payee"),
    [
        (changed("address_change"), "grocer"),
        (changed("password_reset"), "mule"),
        (changed("address_change", hours_ago=24.0), "mule"),
        (Memory(), "mule"),
    ],
)
def test_a_known_payee_another_change_and_a_change_of_yesterday_are_quiet(memory: Memory, payee: str) -> None:
    assert asked(memory, payee=payee) is None


def test_no_more_changes_are_remembered_than_are_asked_for_and_old_ones_are_forgotten() -> None:
    memory = changed("address_change", "device_removed", "address_change", hours_ago=3.0)

    assert memory.changes == [(NOW - 2 * HOUR_S, "device_removed"), (NOW - HOUR_S, "address_change")]
    assert SEQUENCE.learn(transaction(at=NOW + DAY_S), memory, Params()) == Memory()
    assert SEQUENCE.upgrade(1, msgpack.encode(memory)) == memory
    with pytest.raises(ValueError, match="version 2"):
        SEQUENCE.upgrade(2, msgpack.encode(memory))


def test_every_row_of_a_table_names_a_parameter_and_a_declared_reason() -> None:
    codes = {reason.code for reason in factor_change_then_money.SPEC.reasons}

    for row in factor_change_then_money.FACTOR_CHANGES.values():
        assert hasattr(factor_change_then_money.PARAMS, row.nats)
        assert row.reason in codes


#: Each detector of the form, a change that begins it, and how much money its claims move.
SEQUENCES = pytest.mark.parametrize(
    ("detector", "what", "amount"),
    [
        (credential_change_then_money, "password_reset", 50.0),
        (factor_change_then_money, "totp_removed", 50.0),
        (limit_raise_then_money, "limit_raise", 600.0),
        (takeover_chain, "phone_change", 900.0),
    ],
)


def asks(detector: ModuleType, amount: float, memory: Any, **rest: Any) -> bool:
    """Whether it fires on money to a stranger, on an account at which a device came before the change."""
    account = payer(failures=[NOW - HOUR_S - number for number in (3, 2, 1)])
    return ask(detector, transaction(amount, payee="mule", **rest), account, memory=memory) is not None


@SEQUENCES
def test_a_change_counts_for_a_day(detector: ModuleType, what: str, amount: float) -> None:
    changed = changes_to(detector, what)

    assert asks(detector, amount, changed(hours_ago=23.9))
    assert not asks(detector, amount, changed(hours_ago=24.0))
    assert detector.learn(transaction(at=NOW + DAY_S), changed(), detector.PARAMS) == detector.Memory()


@SEQUENCES
def test_a_change_that_is_held_back_counts_too(detector: ModuleType, what: str, amount: float) -> None:
    facts = Facts("account_change", NOW - HOUR_S, key("phone"), kind=what)
    account = payer(failures=[NOW - 2 * HOUR_S] * 3, quarantined=[Quarantined(b"held....", facts)])

    assert ask(detector, transaction(amount, payee="mule"), account) is not None


@SEQUENCES
@pytest.mark.parametrize(
    ("movement", "status", "device"),
    [("refund", "completed", None), ("top_up", "completed", None), ("payment", "failed", "stolen")],
)
def test_money_that_does_not_leave_is_quiet(
    detector: ModuleType, what: str, amount: float, movement: str, status: str, device: str | None
) -> None:
    changed = changes_to(detector, what)()

    assert not asks(detector, amount, changed, movement=movement, status=status, device=device)


@pytest.mark.parametrize("movement", ["refund", "top_up"])
@pytest.mark.parametrize(
    ("detector", "what"),
    [
        (credential_change_then_money, "password_reset"),
        (factor_change_then_money, "totp_removed"),
        (takeover_chain, "phone_change"),
    ],
)
def test_money_said_to_come_in_is_not_believed_on_a_strangers_device(
    detector: ModuleType, what: str, movement: str
) -> None:
    assert asks(detector, 50.0, changes_to(detector, what)(), movement=movement, device="stolen")


@SEQUENCES
def test_changes_stored_before_the_form_was_shared_are_still_read(
    detector: ModuleType, what: str, amount: float
) -> None:
    stored = msgpack.encode([[[NOW, what]]])

    assert detector.upgrade(1, stored) == detector.Memory(changes=[(NOW, what)])
