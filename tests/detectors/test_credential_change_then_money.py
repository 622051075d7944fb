from __future__ import annotations

from contracts.profile import HOUR_S, MAX_DEVICES, MAX_PAYEES, Facts, Profile, Quarantined, Seen, Sightings
from detectors import credential_change_then_money as chain
from tests.detectors.build import NOW, ask, change, changes_to, found, key, payer, transaction, weigh

changed = changes_to(chain, "password_reset")


def held(facts: Facts) -> Profile:
    return payer(quarantined=[Quarantined(b"held....", facts)])


def test_fires_on_the_whole_chain_and_names_it() -> None:
    event = transaction(900.0, device="stolen", payee="mule", movement="transfer")

    finding = found(chain, event, payer(), memory=changed())

    assert finding.quarantine
    assert finding.reason == "change_device_payee_money"
    assert finding.value == 2.0
    assert finding.facts is not None
    assert finding.facts["chain"] == "password_reset > new_device > new_payee > transfer"


def test_fires_on_a_new_device_and_a_known_payee() -> None:
    finding = found(chain, transaction(device="stolen"), payer(), memory=changed())

    assert finding.reason == "change_device_money"


def test_fires_on_the_own_device_and_a_new_payee() -> None:
    finding = found(chain, transaction(payee="mule"), payer(), memory=changed("phone_change"))

    assert finding.reason == "change_payee_money"


def test_fires_when_the_new_device_passed_its_challenge_after_the_change() -> None:
    account = payer()
    account.devices.see(key("stolen"), NOW - HOUR_S, MAX_DEVICES)

    assert ask(chain, transaction(device="stolen"), account, memory=changed()) is not None


def test_fires_on_a_change_that_is_held_back() -> None:
    account = held(Facts("account_change", NOW - HOUR_S, key("stolen"), kind="email_change"))

    finding = found(chain, transaction(device="stolen", payee="mule"), account)

    assert finding.facts is not None
    assert str(finding.facts["chain"]).startswith("email_change > ")


def test_fires_on_a_new_device_that_is_held_back() -> None:
    account = held(Facts("login", NOW - HOUR_S, key("stolen")))

    assert ask(chain, transaction(device=None), account, memory=changed()) is not None


def test_fires_on_the_second_payment_to_the_mule_too() -> None:
    account = payer()
    account.payees.see(key("mule"), NOW - 600, MAX_PAYEES)

    assert ask(chain, transaction(payee="mule"), account, memory=changed()) is not None


def test_quiet_on_a_change_alone() -> None:
    assert ask(chain, transaction(), payer(), memory=changed()) is None


def test_quiet_without_a_change() -> None:
    assert ask(chain, transaction(device="stolen", payee="mule"), payer()) is None


def test_quiet_when_the_change_came_after_the_money() -> None:
    event = transaction(device="stolen", payee="mule")

    assert ask(chain, event, payer(), memory=changed(hours_ago=-1.0)) is None


def test_quiet_on_a_held_change_that_is_no_credential() -> None:
    account = held(Facts("account_change", NOW - HOUR_S, key("stolen"), kind="limit_raise"))

    assert ask(chain, transaction(device="stolen"), account) is None


def test_quiet_on_a_young_account_whose_everything_is_new() -> None:
    born = NOW - 3 * HOUR_S
    young = payer(5)
    young.device_rows = Sightings.of({key("phone"): Seen(int(born), int(NOW), 5)}).rows
    young.payee_rows = Sightings.of({key("grocer"): Seen(int(born), int(NOW), 5)}).rows

    assert ask(chain, transaction(device="tablet", payee="friend"), young, memory=changed()) is not None
    assert ask(chain, transaction(), young, memory=changed(hours_ago=3.5)) is None


def test_every_step_adds_evidence() -> None:
    stranger = transaction(device="stolen", payee="mule")
    weights = [
        weigh(chain, transaction(payee="mule"), payer(), memory=changed()),
        weigh(chain, transaction(device="stolen"), payer(), memory=changed()),
        weigh(chain, stranger, payer(), memory=changed()),
        weigh(chain, stranger, payer(), memory=changed("password_reset", "phone_change")),
    ]

    assert weights == sorted(set(weights))


def test_other_changes_teach_nothing() -> None:
    assert changed("device_removed", "totp_enrolled") == chain.Memory()


def test_a_repeated_change_is_remembered_once() -> None:
    assert len(changed("password_reset", "password_reset").changes) == 1


def test_a_late_change_takes_its_place_in_time() -> None:
    memory = chain.learn(change("phone_change", NOW - 7 * HOUR_S), changed(), chain.PARAMS)

    assert [what for _, what in memory.changes] == ["phone_change", "password_reset"]
