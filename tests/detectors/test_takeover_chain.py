from __future__ import annotations

from typing import Any

import pytest
from msgspec import msgpack

from contracts.profile import DAY_S, HOUR_S, MAX_DEVICES, MAX_PAYEES, Facts, Profile, Quarantined
from detectors import takeover_chain as chain
from tests.detectors.build import NOW, ask, change, changes_to, found, key, payer, transaction, weigh

changed = changes_to(chain, "password_reset")

GUESSED: dict[str, Any] = {"failures": [NOW - 3 * HOUR_S, NOW - 2.9 * HOUR_S, NOW - 2.8 * HOUR_S]}
TO_MULE = transaction(900.0, payee="mule", movement="transfer")
BY_STRANGER = transaction(900.0, payee="mule", movement="transfer", device="stolen")


def broken_into(**fields: Any) -> Profile:
    """Failed logins three hours ago, and then a device that the account did not know."""
    account = payer(**{**GUESSED, **fields})
    account.devices.see(key("stolen"), NOW - 2.5 * HOUR_S, MAX_DEVICES)
    return account


def test_fires_on_the_whole_chain_and_names_its_steps_in_order() -> None:
    finding = found(chain, BY_STRANGER, broken_into(), memory=changed())

    assert finding.quarantine
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
    finding = found(chain, event, account, memory=memory)

    assert finding.reason == "takeover_in_three_steps"
    assert finding.facts == {"step_1": steps[0], "step_2": steps[1], "steps": 3}


def test_fires_on_failed_logins_and_a_change_before_a_new_payee() -> None:
    assert ask(chain, TO_MULE, payer(**GUESSED), memory=changed()) is not None


def test_fires_on_wrong_codes_and_a_change_that_is_held_back() -> None:
    facts = Facts("account_change", NOW - HOUR_S, key("phone"), kind="phone_change")
    account = payer(failed_challenges=[NOW - 1800], quarantined=[Quarantined(b"held....", facts)])

    finding = found(chain, TO_MULE, account)

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
    finding = found(chain, BY_STRANGER, payer(), memory=changed(what))

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


def test_three_logins_and_three_payments_make_an_account_old_enough() -> None:
    young = broken_into(logins=3)
    young.transactions = 3

    assert ask(chain, BY_STRANGER, young, memory=changed()) is not None


def test_quiet_when_the_money_names_no_payee() -> None:
    assert (
        ask(chain, transaction(900.0, payee=None, device="stolen"), broken_into(), memory=changed()) is None
    )


def test_each_further_kind_of_change_weighs_the_same() -> None:
    once = weigh(chain, BY_STRANGER, payer(), memory=changed("password_reset"))
    three = changed("password_reset", "limit_raise", "phone_change")

    assert weigh(chain, BY_STRANGER, payer(), memory=three) == pytest.approx(once + 0.8)


def test_a_change_at_the_very_time_of_a_passed_challenge_is_explained_by_it_and_a_later_one_is_not() -> None:
    passed_at = NOW - 2 * HOUR_S
    proved = payer(passed_challenge_at=passed_at, failures=[passed_at + 60.0 + n for n in range(3)])

    assert ask(chain, TO_MULE, proved, memory=changed(hours_ago=2.0)) is None
    assert ask(chain, TO_MULE, proved, memory=changed(hours_ago=1.5)) is not None


def test_a_challenge_passed_more_than_a_day_ago_explains_nothing_and_reaches_no_further_back() -> None:
    account = payer(passed_challenge_at=NOW - 3 * DAY_S, failures=[NOW - 2 * DAY_S + n for n in range(3)])

    assert ask(chain, TO_MULE, account, memory=changed(hours_ago=30.0)) is None
    assert ask(chain, BY_STRANGER, broken_into(passed_challenge_at=NOW - 3 * DAY_S)) is not None


def test_the_evidence_tells_the_hours_since_the_first_step_to_two_places_and_the_window() -> None:
    account = payer(failures=[NOW - 1.23456 * HOUR_S, NOW - HOUR_S, NOW - HOUR_S])
    finding = found(chain, TO_MULE, account, memory=changed(hours_ago=0.5))

    assert (finding.value, finding.threshold) == (1.23, 24)


def test_of_several_changes_the_first_is_named() -> None:
    memory = chain.Memory(changes=[(NOW - 2 * HOUR_S, "limit_raise"), (NOW - HOUR_S, "password_reset")])
    finding = found(chain, BY_STRANGER, payer(), memory=memory)

    assert finding.facts is not None
    assert finding.facts["step_1"] == "limit_raise"


def test_wrong_codes_are_told_from_the_first_of_them() -> None:
    account = payer(failed_challenges=[NOW - 3 * HOUR_S, NOW - HOUR_S])

    assert found(chain, TO_MULE, account, memory=changed()).value == 3.0


def test_the_last_six_changes_are_remembered() -> None:
    memory = chain.Memory()
    for hours_ago in range(9, 0, -1):
        memory = chain.learn(change("limit_raise", NOW - hours_ago * HOUR_S), memory, chain.PARAMS)

    assert [at for at, _ in memory.changes] == [NOW - hours_ago * HOUR_S for hours_ago in range(6, 0, -1)]


def test_a_stored_memory_is_read_as_it_was_written_and_stays_an_array() -> None:
    memory = changed("password_reset", "limit_raise")
    stored = [[[at, what] for at, what in memory.changes]]

    assert msgpack.decode(msgpack.encode(memory)) == stored
    assert chain.upgrade(1, msgpack.encode(stored)) == memory


def test_what_teaches_nothing_gives_the_same_memory_back() -> None:
    memory = changed()

    assert chain.learn(transaction(), memory, chain.PARAMS) is memory
