"""Authenticators that are not ours, fed with the otpauth URI: they confirm a factor and pass a challenge."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from services.mfa.lifecycle import FactorLifecycle
from services.mfa.vault import Vault
from tests.services.mfa.world import AT_ONCE, CHEAP, KEY, OWNER, World

Authenticator = Callable[[str, float], str]


def by_pyotp(uri: str, at: float) -> str:
    """pyotp as a client: it reads everything from the URI."""
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    return read.at(int(at))


def by_oathtool(uri: str, at: float) -> str:
    """Debian's oathtool, given what the URI says."""
    said = parse_qs(urlsplit(uri).query)
    digits, period = said.get("digits", ["6"])[0], said.get("period", ["30"])[0]
    command = ["oathtool", "--totp=sha1", "--base32", "--digits", digits, f"--time-step-size={period}s"]
    made = subprocess.run(
        [*command, f"--now=@{int(at)}", said["secret"][0]], capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


@pytest.fixture(params=[by_pyotp, by_oathtool])
def authenticator(request: pytest.FixtureRequest) -> Authenticator:
    chosen: Authenticator = request.param
    if chosen is by_oathtool and shutil.which("oathtool") is None:
        if os.environ.get("PAYGUARD_REAL"):
            pytest.fail("oathtool is missing")
        pytest.skip("oathtool is missing")
    return chosen


async def test_another_authenticator_enrols_and_passes_from_the_otpauth_uri(
    world: World, authenticator: Authenticator
) -> None:
    made = await world.enrol()
    assert await world.confirm("li", authenticator(made.uri, world.clock.at))
    world.clock.at += 60.0
    await world.issue("c1")

    assert (await world.service.verify("c1", authenticator(made.uri, world.clock.at))).passed


@pytest.mark.parametrize(
    "account_id", ["a:b", "50%", "tom&jerry", "li@upay.example", "李四", "a b+c/d", "%3A"]
)
@pytest.mark.parametrize("issuer", ["UPay", "U:Pay", "U&Pay 100%"])
async def test_issuer_and_account_names_with_colons_percents_and_ampersands_survive(
    world: World, authenticator: Authenticator, account_id: str, issuer: str
) -> None:
    named = FactorLifecycle(
        world.database, Vault({1: KEY}, 1), world.checker, world.clock, issuer, CHEAP, answers=AT_ONCE
    )
    made = await replace(world, lifecycle=named).enrol(account_id)

    uri = urlsplit(made.uri)
    label = [unquote(part) for part in uri.path.removeprefix("/").split(":")]
    assert (["totp"], [issuer, account_id]) == ([uri.netloc], label)
    assert parse_qs(uri.query)["issuer"] == [issuer]
    code = authenticator(made.uri, world.clock.at)
    assert (await named.confirm(account_id, code, OWNER)).confirmed
