from __future__ import annotations

import pytest

from detectors import factor_change_then_money as factor
from tests.detectors.build import ask, changes_to, found, payer, transaction, weigh

changed = changes_to(factor, "totp_removed")


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("totp_removed", "factor_removed_then_money"),
        ("recovery_code_used", "recovery_code_then_money"),
        ("totp_enrolled", "factor_enrolled_then_money"),
    ],
)
def test_each_way_around_the_factor_is_named(what: str, reason: str) -> None:
    assert found(factor, transaction(payee="mule"), payer(), memory=changed(what)).reason == reason


def test_fires_on_a_removed_factor_and_a_new_payee() -> None:
    finding = found(factor, transaction(payee="mule", movement="transfer"), payer(), memory=changed())

    assert finding.quarantine
    assert finding.value == 2.0
    assert finding.weight == pytest.approx(3.5)
    assert finding.facts == {"how": "to_new_payee", "changes": 1}


def test_fires_on_a_recovery_code_and_a_new_device() -> None:
    event = transaction(device="stolen")

    finding = found(factor, event, payer(), memory=changed("recovery_code_used"))

    assert finding.reason == "recovery_code_then_money"


def test_fires_on_a_factor_that_was_replaced_from_a_new_device_for_a_new_payee() -> None:
    event = transaction(device="stolen", payee="mule")

    finding = found(factor, event, payer(), memory=changed("totp_enrolled"))

    assert finding.reason == "factor_enrolled_then_money"
    assert finding.facts == {"how": "from_new_device_to_new_payee", "changes": 1}


def test_quiet_on_the_own_device_and_a_known_payee() -> None:
    assert ask(factor, transaction(), payer(), memory=changed()) is None


def test_quiet_without_a_change_of_the_factor() -> None:
    event = transaction(device="stolen", payee="mule")

    assert ask(factor, event, payer(), memory=changed("password_reset")) is None


def test_quiet_on_a_young_account() -> None:
    assert ask(factor, transaction(payee="mule"), payer(2), memory=changed()) is None


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
