"""Grants: what they say, and the keys that check them."""

from __future__ import annotations

import hashlib

import httpx
import jwt
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from contracts.decisions import approval_digest
from services.mfa.grant_routes import router
from services.mfa.grants import LIFETIME_S, Grants
from services.platform.keyring import Keyring
from tests.services.mfa.wallet import (
    CHECK,
    NEW,
    OLD,
    TRANSFER,
    approved,
    claims,
)
from tests.services.mfa.world import NOON_S


@pytest.fixture
def grants() -> Grants:
    return Grants(Keyring({1: OLD}, 1))


def test_a_grant_is_bound_to_event_and_digest_and_lives_two_minutes(grants: Grants) -> None:
    told = claims(grants, grants.issue(approved(), NOON_S + 0.9))

    assert {name: told[name] for name in TRANSFER} == TRANSFER
    assert told["digest"] == approved().digest
    assert (told["iss"], told["aud"]) == ("payguard", "wallet")
    assert (told["iat"], told["exp"]) == (int(NOON_S), int(NOON_S) + LIFETIME_S)


def test_a_grant_names_all_that_was_approved_and_nothing_else(grants: Grants) -> None:
    passed = approved()
    told = claims(grants, grants.issue(passed, NOON_S))

    approved_of = ("event_id", "challenge_id", "purpose", "digest", "amount", "currency", "payee_id")
    assert {name: told[name] for name in approved_of} == {name: getattr(passed, name) for name in approved_of}
    assert set(told) == {*approved_of, "iss", "aud", "sub", "iat", "exp", "jti"}
    assert told["sub"] == passed.account_id


def test_a_retry_of_an_accepted_verify_gives_the_same_grant(grants: Grants) -> None:
    assert grants.issue(approved(), NOON_S) == Grants(Keyring({1: OLD}, 1)).issue(approved(), NOON_S)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.one_of(st.none(), st.text(max_size=5)))
def test_the_page_s_digest_is_ours(event_id: str, payee_id: str | None) -> None:
    wanted = {
        **TRANSFER,
        "event_id": event_id,
        "payee_id": None if payee_id is None else f"p{len(payee_id)}é",
    }
    ours = approval_digest(event_id, "transaction", "412.00", "CNY", wanted["payee_id"])

    assert CHECK.digest_of(wanted) == ours


def test_the_text_form_shows_no_private_key(grants: Grants) -> None:
    assert OLD.hex() not in repr(grants)
    assert "kids" in repr(grants)


async def test_the_public_keys_are_published_without_an_api_key(grants: Grants) -> None:
    app = FastAPI()
    app.include_router(router)
    app.state.grants = Grants(Keyring({2: NEW, 1: OLD}, 2))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://payguard") as client:
        answer = await client.get("/.well-known/jwks.json")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    keys = answer.json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "kid", "use", "alg"}] * 2
    kid = jwt.get_unverified_header(grants.issue(approved(), NOON_S))["kid"]
    assert [key["kid"] == kid for key in keys] == [False, True]
    assert {key["kid"] for key in keys} == {thumbprint(key) for key in keys}


def thumbprint(key: dict[str, str]) -> str:
    """RFC 7638 section 3, written out."""
    text = f'{{"crv":"{key["crv"]}","kty":"{key["kty"]}","x":"{key["x"]}"}}'
    return base64url_encode(hashlib.sha256(text.encode()).digest()).decode()
