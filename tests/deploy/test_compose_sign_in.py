"""The wallet's own sign-in with Docker Compose: every setting of it, for the API alone."""

from __future__ import annotations

import base64

from services.bootstrap.centre import open_sign_in
from services.platform.settings import PREFIX, Settings, load_settings
from tests.deploy.test_compose import OPTIONAL, PROCESSES, SERVICES, environment_of


def test_every_setting_of_the_wallets_sign_in_can_be_set_for_the_api_alone() -> None:
    names = {f"{PREFIX}{field.upper()}" for field in Settings.__struct_fields__ if field.startswith("oidc_")}
    having = {name for name in PROCESSES if names & set(SERVICES[name].get("environment", {}))}

    assert having == {"api"}
    assert names <= set(SERVICES["api"]["environment"])
    assert names <= set(OPTIONAL)
    assert {SERVICES["api"]["environment"][name] for name in names} == {None}


def test_the_wallets_sign_in_opens_with_what_the_example_offers() -> None:
    settings = load_settings(
        environment_of("api") | {"PAYGUARD_FACTOR_KEY": base64.b64encode(b"k" * 32).decode()}
    )
    opened = open_sign_in(settings)

    assert opened is not None
