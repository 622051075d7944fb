from __future__ import annotations

from typing import Any

from msgspec import structs

from contracts.events import Transaction
from contracts.profile import DAY_S, Facts, Profile, Quarantined
from contracts.traits import see_traits
from detectors import session_switch
from tests.detectors.build import AGENT, NOW, ask, change, found, key, settled, traits, transaction


def on_android(**fields: Any) -> Profile:
    profile = settled(**fields)
    for day in range(40):
        see_traits(profile.trait_rows, transaction().traits, NOW - (40 - day) * DAY_S)
    return profile


def payment_with(agent: str | None) -> Transaction:
    """A payment on the owner's device with another user agent."""
    return structs.replace(
        transaction(), traits=traits("phone", "home-ip", "home", transaction().place, agent)
    )


def waiting(device: str) -> Quarantined:
    """A login on the device that waits for its code."""
    return Quarantined(key("held"), Facts("login", NOW - 60, key(device)))


def test_fires_on_a_payment_from_a_device_that_never_logged_in() -> None:
    finding = found(session_switch, transaction(device="thief"), on_android())

    assert finding.reason == "session_on_other_device"
    assert finding.quarantine


def test_fires_on_an_account_change_from_such_a_device() -> None:
    assert ask(session_switch, change(device="thief"), on_android(quarantined=[waiting("other")])) is not None


def test_fires_when_the_device_id_comes_with_another_system() -> None:
    finding = found(session_switch, payment_with("Firefox 115 Windows computer"), on_android())

    assert finding.reason == "device_under_other_system"


def test_quiet_when_the_login_on_that_device_waits_for_its_code() -> None:
    account = on_android(quarantined=[waiting("new-phone")])

    assert ask(session_switch, transaction(device="new-phone"), account) is None


def test_quiet_on_a_phone_that_leaves_the_house() -> None:
    assert ask(session_switch, transaction(ip="carrier"), on_android()) is None


def test_quiet_on_an_updated_browser_and_on_a_missing_user_agent() -> None:
    assert ask(session_switch, payment_with(AGENT.replace("133", "134")), on_android()) is None
    assert ask(session_switch, payment_with(None), on_android()) is None


def test_quiet_without_a_session_or_a_device() -> None:
    sessionless = structs.replace(transaction(device="thief"), session_id=None)

    assert ask(session_switch, sessionless, on_android()) is None
    assert ask(session_switch, transaction(device=None), on_android()) is None


def test_quiet_on_an_account_whose_logins_or_devices_are_not_told() -> None:
    assert ask(session_switch, transaction(device="thief"), on_android(logins=0)) is None
    assert ask(session_switch, transaction(device="thief"), on_android(devices=())) is None
