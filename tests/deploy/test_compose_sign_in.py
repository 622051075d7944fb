"""The wallet's own sign-in and the company's with Docker Compose: every setting of them, for the API alone."""

from __future__ import annotations

import base64

import pytest

from services.bootstrap.centre import open_sign_in
from services.bootstrap.desk import open_company
from services.platform.keyring import Keyring
from services.platform.settings import PREFIX, Settings, load_settings
from tests.deploy.test_compose import OPTIONAL, PROCESSES, SERVICES, environment_of


@pytest.mark.parametrize("begins", ["oidc_", "staff_oidc_"])
def test_every_setting_of_a_sign_in_elsewhere_can_be_set_for_the_api_alone(begins: str) -> None:
    names = {f"{PREFIX}{field.upper()}" for field in Settings.__struct_fields__ if field.startswith(begins)}
    having = {name for name in PROCESSES if names & set(SERVICES[name].get("environment", {}))}

    assert having == {"api"}
    assert names <= set(SERVICES["api"]["environment"])
    assert names <= set(OPTIONAL)
    assert {SERVICES["api"]["environment"][name] for name in names} == {None}


def _settings() -> Settings:
    return load_settings(
        environment_of("api") | {"PAYGUARD_FACTOR_KEY": base64.b64encode(b"k" * 32).decode()}
    )


def test_the_wallets_sign_in_opens_with_what_the_example_offers() -> None:
    assert open_sign_in(_settings()) is not None


def test_the_companys_sign_in_opens_with_what_the_example_offers() -> None:
    opened = open_company(_settings(), Keyring({1: b"k" * 32}, 1), lambda: 0.0)

    assert opened is not None
    assert list(opened[1].roles.values()) == ["admin", "security", "senior", "agent", "auditor"]
