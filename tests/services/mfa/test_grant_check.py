"""The reference check of docs/grant_check.py: what a wallet's backend that copies it lets through."""

from __future__ import annotations

from collections.abc import Iterator

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mfa.grants import Grants
from services.platform.keyring import Keyring
from tests.services.mfa.wallet import (
    NEW,
    OLD,
    OTHER,
    PAGE,
    Changes,
    Published,
    Wallet,
    approved,
    claims,
    signed,
)
from tests.services.mfa.world import NOON_S


@pytest.fixture
def grants() -> Grants:
    return Grants(Keyring({1: OLD}, 1))


@pytest.fixture
def wallet(grants: Grants) -> Iterator[Wallet]:
    made = Wallet(grants)
    yield made
    made.records.close()


def test_a_grant_moves_what_was_approved(grants: Grants, wallet: Wallet) -> None:
    assert wallet.allows(grants.issue(approved(), NOON_S))


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


def test_the_reference_check_stays_short_enough_to_read() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.strip()]

    assert len(lines) <= 60
