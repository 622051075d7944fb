from __future__ import annotations

import pytest

from contracts.profile import DAY_S, HOUR_S, Facts, Pending
from detectors import factor_change_then_money as factor
from tests.detectors.build import NOW, ask, change, payer, transaction, weigh


def changed(*what: str, hours_ago: float = 2.0) -> factor.Memory:
    memory = factor.Memory()
    for name in what or ("totp_removed",):
        memory = factor.learn(change(name, NOW - hours_ago * HOUR_S), memory, factor.PARAMS)
    return memory


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("totp_removed", "factor_removed_then_money"),
        ("recovery_code_used", "recovery_code_then_money"),
        ("totp_enrolled", "factor_enrolled_then_money"),
    ],
)
def test_each_way_around_the_factor_is_named(what: str, reason: str) -> None:
    finding = ask(factor, transaction(payee="mule"), payer(), memory=changed(what))

    assert finding is not None
    assert finding.reason == reason


def test_fires_on_a_removed_factor_and_a_new_payee() -> None:
    finding = ask(factor, transaction(payee="mule", movement="transfer"), payer(), memory=changed())

    assert finding is not None
    assert finding.hold
    assert finding.value == 2.0
    assert finding.weight == pytest.approx(3.5)
    assert finding.facts == {"how": "to_new_payee", "changes": 1}


def test_fires_on_a_recovery_code_and_a_new_device() -> None:
    event = transaction(device="stolen")

    finding = ask(factor, event, payer(), memory=changed("recovery_code_used"))

    assert finding is not None
    assert finding.reason == "recovery_code_then_money"


def test_fires_on_a_factor_that_was_replaced_from_a_new_device_for_a_new_payee() -> None:
    event = transaction(device="stolen", payee="mule")

    finding = ask(factor, event, payer(), memory=changed("totp_enrolled"))

    assert finding is not None
    assert finding.reason == "factor_enrolled_then_money"
    assert finding.facts == {"how": "from_new_device_to_new_payee", "changes": 1}


def test_fires_on_a_removal_that_is_held_back() -> None:
    facts = Facts("account_change", NOW - HOUR_S, b"stolen..", kind="totp_removed")
    account = payer(pending=[Pending(b"held....", facts)])

    assert ask(factor, transaction(device="stolen"), account) is not None


def test_quiet_on_the_own_device_and_a_known_payee() -> None:
    assert ask(factor, transaction(), payer(), memory=changed()) is None


def test_quiet_without_a_change_of_the_factor() -> None:
    event = transaction(device="stolen", payee="mule")

    assert ask(factor, event, payer(), memory=changed("password_reset")) is None


def test_quiet_a_day_later() -> None:
    event = transaction(device="stolen", payee="mule")

    assert ask(factor, event, payer(), memory=changed(hours_ago=24.0)) is None
    assert ask(factor, event, payer(), memory=changed(hours_ago=23.9)) is not None


def test_quiet_on_a_young_account() -> None:
    assert ask(factor, transaction(payee="mule"), payer(2), memory=changed()) is None


@pytest.mark.parametrize(("movement", "status"), [("top_up", "completed"), ("payment", "failed")])
def test_quiet_when_no_money_leaves(movement: str, status: str) -> None:
    known = None if status == "completed" else "stolen"
    event = transaction(device=known, payee="mule", movement=movement, status=status)

    assert ask(factor, event, payer(), memory=changed()) is None


@pytest.mark.parametrize("movement", ["refund", "top_up"])
def test_money_said_to_come_in_is_not_believed_on_a_strangers_device(movement: str) -> None:
    event = transaction(device="stolen", payee="mule", movement=movement)

    assert ask(factor, event, payer(), memory=changed()) is not None


def test_a_new_phone_with_a_new_authenticator_alone_is_told_but_not_asked() -> None:
    weight = weigh(factor, transaction(device="new-phone"), payer(), memory=changed("totp_enrolled"))

    assert weight == pytest.approx(2.8)


def test_every_step_adds_evidence() -> None:
    stranger = transaction(device="stolen", payee="mule")
    weights = [
        weigh(factor, transaction(payee="mule"), payer(), memory=changed()),
        weigh(factor, transaction(device="stolen"), payer(), memory=changed()),
        weigh(factor, stranger, payer(), memory=changed()),
        weigh(factor, stranger, payer(), memory=changed("totp_removed", "totp_enrolled")),
    ]

    assert weights == sorted(set(weights))


def test_money_a_day_later_leaves_a_fresh_memory() -> None:
    assert factor.learn(transaction(at=NOW + DAY_S), changed(), factor.PARAMS) == factor.Memory()


def test_a_memory_of_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        factor.upgrade(99, b"\x91\x90")
