from __future__ import annotations

from typing import Any

import pytest

from contracts.profile import DAY_S, HOUR_S, MAX_DEVICES, MAX_PAYEES, Facts, Pending, Profile
from detectors import takeover_chain as chain
from tests.detectors.build import NOW, ask, change, key, payer, transaction, weigh

GUESSED: dict[str, Any] = {"failures": [NOW - 3 * HOUR_S, NOW - 2.9 * HOUR_S, NOW - 2.8 * HOUR_S]}
TO_MULE = transaction(900.0, payee="mule", movement="transfer")
BY_STRANGER = transaction(900.0, payee="mule", movement="transfer", device="stolen")


def changed(*what: str, hours_ago: float = 2.0) -> chain.Memory:
    memory = chain.Memory()
    for name in what or ("password_reset",):
        memory = chain.learn(change(name, NOW - hours_ago * HOUR_S), memory, chain.PARAMS)
    return memory


def broken_into(**fields: Any) -> Profile:
    """Failed logins three hours ago, and then a device that the account did not know."""
    account = payer(**{**GUESSED, **fields})
    account.devices.see(key("stolen"), NOW - 2.5 * HOUR_S, MAX_DEVICES)
    return account


def test_fires_on_the_whole_chain_and_names_its_steps_in_order() -> None:
    finding = ask(chain, BY_STRANGER, broken_into(), memory=changed())

    assert finding is not None
    assert finding.hold
    assert finding.reason == "takeover_in_four_steps"
    assert finding.value == 3.0
    assert finding.facts == {
        "step_1": "failed_logins",
        "step_2": "new_device",
        "step_3": "password_reset",
        "steps": 4,
    }


@pytest.mark.parametrize(
    ("account", "event", "memory", "steps"),
    [
        (payer(), BY_STRANGER, changed(), ["password_reset", "new_device"]),
        (payer(**GUESSED), TO_MULE, changed("limit_raise"), ["failed_logins", "limit_raise"]),
        (broken_into(), BY_STRANGER, None, ["failed_logins", "new_device"]),
    ],
)
def test_any_two_steps_before_the_new_payee_make_a_chain(
    account: Profile, event: Any, memory: Any, steps: list[str]
) -> None:
    finding = ask(chain, event, account, memory=memory)

    assert finding is not None
    assert finding.reason == "takeover_in_three_steps"
    assert finding.facts == {"step_1": steps[0], "step_2": steps[1], "steps": 3}


def test_fires_on_failed_logins_and_a_change_before_a_new_payee() -> None:
    assert ask(chain, TO_MULE, payer(**GUESSED), memory=changed()) is not None


def test_fires_on_wrong_codes_and_a_change_that_is_held_back() -> None:
    facts = Facts("account_change", NOW - HOUR_S, key("phone"), kind="phone_change")
    account = payer(failed_challenges=[NOW - 1800], pending=[Pending(b"held....", facts)])

    finding = ask(chain, TO_MULE, account)

    assert finding is not None
    assert finding.facts is not None
    assert finding.facts["step_2"] == "failed_codes"


def test_fires_on_the_second_payment_to_the_mule_too() -> None:
    account = broken_into()
    account.payees.see(key("mule"), NOW - 600, MAX_PAYEES)

    assert ask(chain, BY_STRANGER, account, memory=changed()) is not None


def test_quiet_on_one_step() -> None:
    assert ask(chain, TO_MULE, payer(), memory=changed()) is None
    assert ask(chain, TO_MULE, payer(**GUESSED)) is None
    assert ask(chain, BY_STRANGER, payer()) is None


def test_quiet_when_the_payee_is_known() -> None:
    assert ask(chain, transaction(device="stolen"), broken_into(), memory=changed()) is None


def test_quiet_a_day_later() -> None:
    account = payer(failures=[NOW - DAY_S - number for number in (3, 2, 1)])

    assert ask(chain, TO_MULE, account, memory=changed(hours_ago=24.0)) is None


def test_quiet_when_a_challenge_was_passed_since() -> None:
    proved = broken_into(passed_challenge_at=NOW - HOUR_S)

    assert ask(chain, BY_STRANGER, proved, memory=changed()) is None


def test_a_code_of_a_factor_that_was_just_changed_proves_nothing() -> None:
    proved = broken_into(passed_challenge_at=NOW - HOUR_S)

    assert ask(chain, BY_STRANGER, proved, memory=changed("totp_enrolled")) is not None


def test_quiet_on_two_mistyped_passwords() -> None:
    account = payer(failures=[NOW - HOUR_S, NOW - HOUR_S + 5])

    assert ask(chain, TO_MULE, account, memory=changed()) is None


def test_quiet_on_a_young_account() -> None:
    assert ask(chain, BY_STRANGER, payer(2, **GUESSED), memory=changed()) is None
    assert ask(chain, BY_STRANGER, payer(logins=2, **GUESSED), memory=changed()) is None


@pytest.mark.parametrize(("movement", "status"), [("top_up", "completed"), ("payment", "failed")])
def test_quiet_when_no_money_leaves(movement: str, status: str) -> None:
    event = transaction(device="stolen", payee="mule", movement=movement, status=status)

    assert ask(chain, event, broken_into(), memory=changed()) is None


def test_every_step_adds_evidence() -> None:
    weights = [
        weigh(chain, BY_STRANGER, broken_into()),
        weigh(chain, BY_STRANGER, payer(), memory=changed()),
        weigh(chain, BY_STRANGER, broken_into(), memory=changed()),
        weigh(chain, BY_STRANGER, broken_into(), memory=changed("password_reset", "limit_raise")),
    ]

    assert weights == sorted(set(weights))


def test_changes_that_open_no_door_teach_nothing() -> None:
    assert changed("address_change", "recovery_codes_made") == chain.Memory()


def test_money_a_day_later_leaves_a_fresh_memory() -> None:
    assert chain.learn(transaction(at=NOW + DAY_S), changed(), chain.PARAMS) == chain.Memory()


def test_a_memory_of_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        chain.upgrade(99, b"\x91\x90")


@pytest.mark.parametrize(
    "what",
    [
        "password_reset",
        "password_change",
        "phone_change",
        "email_change",
        "limit_raise",
        "device_removed",
        "totp_removed",
        "totp_enrolled",
        "totp_replaced",
        "recovery_code_used",
    ],
)
def test_every_change_that_opens_a_door_is_a_step(what: str) -> None:
    finding = ask(chain, BY_STRANGER, payer(), memory=changed(what))

    assert finding is not None
    assert finding.facts == {"step_1": what, "step_2": "new_device", "steps": 3}


@pytest.mark.parametrize("what", ["totp_removed", "totp_enrolled", "totp_replaced", "recovery_code_used"])
def test_a_code_passed_after_any_change_of_the_factor_proves_nothing(what: str) -> None:
    proved = broken_into(passed_challenge_at=NOW - HOUR_S)

    assert ask(chain, BY_STRANGER, proved, memory=changed(what)) is not None


def test_a_whole_chain_weighs_the_sum_of_its_steps() -> None:
    assert weigh(chain, BY_STRANGER, broken_into(), memory=changed()) == pytest.approx(0.4 + 1.2 + 1.5 + 1.6)


def test_a_further_kind_of_change_weighs_less_than_the_first_and_the_same_kind_again_nothing() -> None:
    once = weigh(chain, BY_STRANGER, payer(), memory=changed("password_reset"))

    assert weigh(
        chain, BY_STRANGER, payer(), memory=changed("password_reset", "limit_raise")
    ) == pytest.approx(once + 0.4)
    assert weigh(
        chain, BY_STRANGER, payer(), memory=changed("password_reset", "password_reset")
    ) == pytest.approx(once)


def test_no_chain_weighs_more_than_six_nats() -> None:
    everything = (
        "password_reset",
        "phone_change",
        "email_change",
        "limit_raise",
        "device_removed",
        "totp_removed",
    )

    assert weigh(chain, BY_STRANGER, broken_into(), memory=changed(*everything)) == 6.0
