"""Grants, and the reference check of docs/grant_check.py that a wallet's backend copies."""

from __future__ import annotations

import hashlib
import importlib.util
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from contracts.decisions import approval_digest
from services.challenges.grant_routes import router
from services.challenges.grants import LIFETIME_S, Grants
from services.challenges.records import Challenge
from services.keyring import Keyring
from tests.services.challenges.world import NOON_S

ROOT = Path(__file__).parents[3]
OLD, NEW, OTHER = bytes(range(32)), bytes([7]) * 32, bytes([9]) * 32
Changes = dict[str, str | None]
TRANSFER: Changes = {
    "sub": "li",
    "event_id": "event-1",
    "purpose": "transaction",
    "amount": "412.00",
    "currency": "CNY",
    "payee_id": "payee-9",
}


def reference() -> ModuleType:
    """The page's own file, as a reader would import it."""
    spec = importlib.util.spec_from_file_location("grant_check", ROOT / "docs" / "grant_check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECK = reference()


def approved(**changes: str | None) -> Challenge:
    fields = {**TRANSFER, **changes}
    event_id, purpose = str(fields["event_id"]), fields["purpose"]
    amount, currency, payee_id = fields["amount"], fields["currency"], fields["payee_id"]
    return Challenge(
        challenge_id=f"challenge-{event_id}",
        account_id=str(fields["sub"]),
        event_id=event_id,
        purpose=purpose,  # type: ignore[arg-type]
        digest=approval_digest(event_id, str(purpose), amount, currency, payee_id),
        state="passed",
        issued_at=NOON_S - 20,
        expires_at=NOON_S + 280,
        attempts_left=5,
        amount=amount,
        currency=currency,
        payee_id=payee_id,
        passed_step=1,
        closed_at=NOON_S,
    )


class Published(jwt.PyJWKClient):
    """A wallet's client of the JWKS, which is answered here instead of over the network; counts what it asked for."""

    def __init__(self, grants: Callable[[], Grants]) -> None:
        super().__init__("http://127.0.0.1/.well-known/jwks.json")
        self.asked = 0
        self._grants = grants

    def fetch_data(self) -> Any:
        self.asked += 1
        published = msgspec.json.decode(msgspec.json.encode(self._grants().jwks()))
        assert self.jwk_set_cache is not None
        self.jwk_set_cache.put(published)
        return published


class Wallet:
    """A backend with its own record of spent grants."""

    def __init__(self, grants: Grants) -> None:
        self.grants = grants
        self.keys = Published(lambda: self.grants)
        self.records = sqlite3.connect(":memory:", isolation_level=None)
        self.records.execute("CREATE TABLE spent_grants (jti TEXT PRIMARY KEY, until INTEGER)")

    def spend(self, jti: str, until: int) -> bool:
        added = self.records.execute("INSERT OR IGNORE INTO spent_grants VALUES (?, ?)", (jti, until))
        return added.rowcount == 1

    def allows(self, grant: str, change: Changes | None = None, at: float = NOON_S + 1) -> bool:
        try:
            CHECK.check_grant(grant, {**TRANSFER, **(change or {})}, self.keys, self.spend, at)
        except CHECK.Refused:
            return False
        return True


@pytest.fixture
def grants() -> Grants:
    return Grants(Keyring({1: OLD}, 1))


@pytest.fixture
def wallet(grants: Grants) -> Iterator[Wallet]:
    made = Wallet(grants)
    yield made
    made.records.close()


def claims(grants: Grants, grant: str) -> dict[str, Any]:
    key = Published(lambda: grants).get_signing_key_from_jwt(grant)
    told: dict[str, Any] = jwt.decode(
        grant, key, ["EdDSA"], {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    )
    return told


def signed(seed: bytes, body: dict[str, Any], **headers: Any) -> str:
    return jwt.encode(body, Ed25519PrivateKey.from_private_bytes(seed), algorithm="EdDSA", headers=headers)


def test_a_grant_moves_what_was_approved(grants: Grants, wallet: Wallet) -> None:
    assert wallet.allows(grants.issue(approved(), NOON_S))


def test_a_grant_is_bound_to_event_and_digest_and_lives_two_minutes(grants: Grants) -> None:
    told = claims(grants, grants.issue(approved(), NOON_S + 0.9))

    assert {name: told[name] for name in TRANSFER} == TRANSFER
    assert told["digest"] == approved().digest
    assert (told["iss"], told["aud"]) == ("payguard", "wallet")
    assert (told["iat"], told["exp"]) == (int(NOON_S), int(NOON_S) + LIFETIME_S)


def test_a_retry_of_an_accepted_verify_gives_the_same_grant(grants: Grants) -> None:
    assert grants.issue(approved(), NOON_S) == Grants(Keyring({1: OLD}, 1)).issue(approved(), NOON_S)


def test_a_grant_replayed_is_refused_by_the_wallet_s_own_record(grants: Grants, wallet: Wallet) -> None:
    grant = grants.issue(approved(), NOON_S)

    assert [wallet.allows(grant) for _ in range(3)] == [True, False, False]


def test_a_grant_issued_again_for_the_same_challenge_is_a_replay(grants: Grants, wallet: Wallet) -> None:
    assert wallet.allows(grants.issue(approved(), NOON_S))
    assert not wallet.allows(grants.issue(approved(), NOON_S + 30), at=NOON_S + 31)


@pytest.mark.parametrize(
    "change",
    [
        {"event_id": "event-2"},
        {"sub": "wang"},
        {"purpose": "login"},
        {"amount": "412.01"},
        {"amount": "4120.0"},
        {"amount": None},
        {"currency": "USD"},
        {"payee_id": "payee-8"},
        {"payee_id": "pаyee-9"},  # its a is Cyrillic
        {"payee_id": None},
    ],
)
def test_a_grant_for_anything_else_is_refused(grants: Grants, change: Changes) -> None:
    wallet = Wallet(grants)

    assert not wallet.allows(grants.issue(approved(), NOON_S), change)
    assert not wallet.allows(grants.issue(approved(**change), NOON_S))
    assert wallet.allows(grants.issue(approved(), NOON_S))
    wallet.records.close()


@pytest.mark.parametrize(
    ("after_s", "allowed"), [(-6, False), (-5, True), (0, True), (119.9, True), (120, False)]
)
def test_a_grant_after_its_expiry_is_refused(grants: Grants, after_s: float, allowed: bool) -> None:
    wallet = Wallet(grants)

    assert wallet.allows(grants.issue(approved(), NOON_S), at=NOON_S + after_s) == allowed
    wallet.records.close()


def test_a_grant_of_another_key_is_refused(wallet: Wallet) -> None:
    assert not wallet.allows(Grants(Keyring({1: OTHER}, 1)).issue(approved(), NOON_S))


def test_a_grant_of_another_key_under_our_key_s_name_is_refused(grants: Grants, wallet: Wallet) -> None:
    ours = grants.issue(approved(), NOON_S)
    forged = signed(OTHER, claims(grants, ours), **jwt.get_unverified_header(ours))

    assert not wallet.allows(forged)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_grant_with_another_algorithm_is_refused(grants: Grants, wallet: Wallet, algorithm: str) -> None:
    ours = grants.issue(approved(), NOON_S)
    kid = jwt.get_unverified_header(ours)["kid"]
    secret = "" if algorithm == "none" else grants.jwks()["keys"][0].x.ljust(64, "=")
    forged = jwt.encode(
        claims(grants, ours), secret, algorithm=algorithm, headers={"kid": kid, "typ": "grant+jwt"}
    )

    assert not wallet.allows(forged)


def test_a_grant_with_its_digest_changed_is_refused(grants: Grants, wallet: Wallet) -> None:
    ours = grants.issue(approved(), NOON_S)
    other = claims(grants, ours) | {"digest": approved(amount="412.01").digest}

    assert not wallet.allows(signed(OLD, other, **jwt.get_unverified_header(ours)))
    head, _body, signature = ours.split(".")
    swapped = signed(OTHER, other).split(".")[1]
    assert not wallet.allows(f"{head}.{swapped}.{signature}")


@pytest.mark.parametrize("claim", ["iat", "exp", "jti", "digest", "iss", "aud", "sub", "event_id"])
def test_a_grant_without_a_claim_is_refused(grants: Grants, wallet: Wallet, claim: str) -> None:
    ours = grants.issue(approved(), NOON_S)
    body = claims(grants, ours)
    del body[claim]

    assert not wallet.allows(signed(OLD, body, **jwt.get_unverified_header(ours)))


def test_another_token_of_the_same_key_is_no_grant(grants: Grants, wallet: Wallet) -> None:
    ours = grants.issue(approved(), NOON_S)
    header = jwt.get_unverified_header(ours) | {"typ": "JWT"}

    assert not wallet.allows(signed(OLD, claims(grants, ours), **header))


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{0,40}")))
def test_junk_is_refused_and_never_crashes(junk: str) -> None:
    wallet = Wallet(Grants(Keyring({1: OLD}, 1)))

    assert not wallet.allows(junk)
    wallet.records.close()


def test_a_refused_grant_is_not_spent(grants: Grants, wallet: Wallet) -> None:
    grant = grants.issue(approved(), NOON_S)
    wallet.allows(grant, {"amount": "1.00"})

    assert wallet.records.execute("SELECT * FROM spent_grants").fetchall() == []
    assert wallet.allows(grant)


def test_an_old_key_stays_published_while_its_grants_live(grants: Grants, wallet: Wallet) -> None:
    before = grants.issue(approved(), NOON_S)
    wallet.grants = Grants(Keyring({2: NEW, 1: OLD}, 2))
    after = wallet.grants.issue(approved(event_id="event-2"), NOON_S)

    assert wallet.allows(before)
    assert wallet.allows(after, {"event_id": "event-2"})
    wallet.grants = Grants(Keyring({2: NEW}, 2))
    wallet.keys = Published(lambda: wallet.grants)
    assert not wallet.allows(grants.issue(approved(event_id="event-3"), NOON_S), {"event_id": "event-3"})


def test_a_wallet_that_kept_the_old_keys_asks_again_for_a_new_one(grants: Grants, wallet: Wallet) -> None:
    assert wallet.allows(grants.issue(approved(), NOON_S))
    wallet.grants = Grants(Keyring({2: NEW, 1: OLD}, 2))

    assert wallet.allows(wallet.grants.issue(approved(event_id="event-2"), NOON_S), {"event_id": "event-2"})
    assert wallet.keys.asked == 2


def test_a_login_s_grant_has_no_amount(grants: Grants, wallet: Wallet) -> None:
    login: Changes = {"purpose": "login", "amount": None, "currency": None, "payee_id": None}

    assert wallet.allows(grants.issue(approved(**login), NOON_S), login)


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


def test_the_reference_check_stays_short_enough_to_read() -> None:
    lines = [line for line in (ROOT / "docs" / "grant_check.py").read_text().splitlines() if line.strip()]

    assert len(lines) <= 60
