"""docs/sign-in.md, held to the code: the settings, what a provider must offer, where a sign-in leads, and each way it fails."""

from __future__ import annotations

import re
from typing import get_args
from urllib.parse import parse_qs, urlparse

import pytest

from services.centre.sign_in_pages import BACK
from services.http.openid import ALGORITHMS, LEEWAY_S, PENDING_S
from services.platform.settings import PREFIX, Settings
from services.portal.targets import TargetPage, path_to
from tests.deploy.conftest import ROOT

TEXT = (ROOT / "docs" / "sign-in.md").read_text()
WAYS = re.findall(r"^\| `(/my/sign-in[^`]*)` \|", TEXT, re.MULTILINE)


def test_it_names_every_setting() -> None:
    names = {f"{PREFIX}{name.upper()}" for name in Settings.__struct_fields__ if name.startswith("oidc_")}

    assert names <= set(re.findall(r"`(PAYGUARD_\w+)`", TEXT))


def test_it_says_what_the_provider_is_held_to() -> None:
    for said in (
        BACK,
        "openid",
        *ALGORITHMS,
        f"{LEEWAY_S} seconds",
        f"{PENDING_S / 60:.0f} minutes",
    ):
        assert said in TEXT, said


@pytest.mark.parametrize("address", WAYS)
def test_every_address_that_it_offers_leads_to_a_page(address: str) -> None:
    given = {name: values[0] for name, values in parse_qs(urlparse(address).query).items()}

    assert path_to(given.pop("page", "overview"), **given).startswith("centre")


def test_it_names_every_page_and_every_error() -> None:
    for name in (
        *get_args(TargetPage),
        "server_error",
        "temporarily_unavailable",
        "invalid_client",
        "access_denied",
    ):
        assert name in TEXT, name
    assert len(WAYS) > 3
