"""A wallet's backend that checks grants with docs/grant_check.py, as a reader of that page would build it."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.decisions import approval_digest
from services.mfa.grants import Grants
from services.mfa.records import Challenge
from tests.services.mfa.world import NOON_S

PAGE = Path(__file__).parents[3] / "docs" / "grant_check.py"
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
    spec = importlib.util.spec_from_file_location("grant_check", PAGE)
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


def claims(grants: Grants, grant: str) -> dict[str, Any]:
    key = Published(lambda: grants).get_signing_key_from_jwt(grant)
    told: dict[str, Any] = jwt.decode(
        grant, key, ["EdDSA"], {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    )
    return told


def signed(seed: bytes, body: dict[str, Any], **headers: Any) -> str:
    return jwt.encode(body, Ed25519PrivateKey.from_private_bytes(seed), algorithm="EdDSA", headers=headers)
