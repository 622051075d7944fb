"""One transfer, end to end: asked for, challenged, approved on the user's phone, proved to the wallet's backend, once.

Broker, store, worker and API are the ones of `payguard up`; the policy is the shipped one.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pyotp
import pytest

from services.http.api_keys import ApiKeys
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.local_stack import LocalStack
from services.platform.settings import Settings
from tests.browser.chromium import Browser
from tests.browser.page_rules import faults
from tests.browser.steps import keep_codes, secret_on_page, type_code
from tests.services.mfa.wallet import CHECK

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile"
)
DAY_S = 86_400
_PATIENCE_S = 180.0


@dataclass
class Wallet:
    """A wallet's backend: its records of transfers, what it asks of PayGuard, and what it has spent."""

    http: httpx.Client
    metrics_url: str
    keys: jwt.PyJWKClient

    def __post_init__(self) -> None:
        self.spent: set[str] = set()
        self._events = 0

    def tell(self, at: float, **event: Any) -> dict[str, Any]:
        """Tell PayGuard what li does, from the phone at home, and hear the decision."""
        self._events += 1
        about = {"event_id": f"wallet-{self._events}", "account_id": "li", "occurred_at": int(at * 1000)}
        hand = {"ip": "198.51.100.7", "device_id": "phone-of-li", "user_agent": PHONE}
        answer = self.http.post("/v1/events?wait=decision", json={**about, **hand, **event})
        until_s = time.monotonic() + _PATIENCE_S
        # The worker's first decisions wait until it has joined its group.
        while answer.status_code in (202, 404) and time.monotonic() < until_s:
            time.sleep(0.2)
            answer = self.http.get(f"/v1/decisions/{about['event_id']}")
        assert answer.status_code == 200, answer.text
        told = answer.json()
        decision: dict[str, Any] = told["results"][0]["decision"] if "results" in told else told
        return decision

    def link(self, **wanted: Any) -> str:
        """A link for li."""
        answer = self.http.post("/v1/links", json={"account_id": "li", "device_id": "phone-of-li", **wanted})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"])

    def picked_up(self, challenge_id: str) -> dict[str, Any]:
        """How the challenge stands, and its grant."""
        picked: dict[str, Any] = self.http.get(f"/v1/challenges/{challenge_id}/grant").json()
        return picked

    def moves(self, grant: str, transfer: dict[str, str | None]) -> bool:
        """Move the money of this transfer if the grant allows it, once."""

        def spend(jti: str, _until: int) -> bool:
            first = jti not in self.spent
            self.spent.add(jti)
            return first

        try:
            CHECK.check_grant(grant, transfer, self.keys, spend, time.time())
        except CHECK.Refused:
            return False
        return True

    def until_known(self, changes: int) -> None:
        """Wait until the worker has decided about so many account changes."""
        until_s = time.monotonic() + _PATIENCE_S
        line = re.compile(r'payguard_decisions_total\{[^}]*type="account_change"[^}]*\} ([\d.]+)')
        while time.monotonic() < until_s:
            found = line.findall(httpx.get(self.metrics_url).text)
            if sum(map(float, found)) >= changes:
                return
            time.sleep(0.2)
        pytest.fail("the worker has not heard of the new authenticator")


@pytest.fixture
def wallet(tmp_path: Path) -> Iterator[Wallet]:
    """A wallet's backend before a PayGuard that stands up for it."""
    standing = LocalStack(Settings(http_port=free_port()), tmp_path / "stand", frozenset())

    async def key() -> str:
        await standing.stand(print)
        database = Database(standing.settings.database)
        keys = ApiKeys(database)
        text, _ = await keys.create("wallet", ["ingest", "verify"])
        await keys.close()
        await database.close()
        return text

    try:
        headers = {"authorization": f"Bearer {asyncio.run(key())}"}
        with httpx.Client(base_url=standing.url, headers=headers, timeout=60.0) as http:
            keys = jwt.PyJWKClient(f"{standing.url}/.well-known/jwks.json")
            yield Wallet(http, standing.metrics_url, keys)
    finally:
        standing.fall()


def lives(wallet: Wallet, days: int = 14) -> None:
    """Ordinary days: a login and something bought."""
    now = time.time()
    for day in range(days, 0, -1):
        at = now - day * DAY_S
        wallet.tell(at, type="login", outcome="success", method="password")
        bought = {
            "amount": f"{40 + day % 5 * 10}.00",
            "currency": "CNY",
            "payee_id": ("grocer", "baker")[day % 2],
        }
        wallet.tell(at + 600, type="transaction", kind="payment", **bought)


def enrols(wallet: Wallet, browser: Browser) -> str:
    """Set up an authenticator on the pages; its secret."""
    browser.go(wallet.link(purpose="enrol", proved_at=time.time()))
    browser.until_heading("Protect your account")
    browser.follow("button.main")
    browser.until_heading("Add UPay to your authenticator")
    secret = secret_on_page(browser)
    type_code(browser, pyotp.TOTP(secret).at(int(time.time())))
    browser.until_heading("Keep your recovery codes")
    keep_codes(browser)
    browser.until_heading("You are protected")
    return secret


def test_a_risky_transfer_is_shown_approved_and_proved_and_a_changed_amount_is_not(
    browser: Browser, wallet: Wallet
) -> None:
    lives(wallet)
    secret = enrols(wallet, browser)
    wallet.until_known(changes=2)

    asked = {"amount": "4120.00", "currency": "CNY", "payee_id": "chen-wei-4471"}
    decision = wallet.tell(time.time(), type="transaction", kind="transfer", **asked)
    assert decision["action"] in ("challenge", "hold")
    challenge_id = next(
        each["challenge_id"] for each in decision["effects"] if each["kind"] == "issue_challenge"
    )
    assert wallet.picked_up(challenge_id) == {"state": "open", "grant": None}

    browser.go(wallet.link(purpose="challenge", challenge_id=challenge_id, device_name="Pixel 9"))
    browser.until_heading("Approve this payment?")
    shown = browser.text
    assert "CNY 4,120.00" in shown
    assert "chen-wei-4471" in shown
    assert faults(browser) == []
    # The present step's code may be the one that enrolled; the next one's is good already, and stays so when a step ends here.
    type_code(browser, pyotp.TOTP(secret).at(int(time.time()) + 30))
    browser.until_heading("Approved")

    grant = wallet.picked_up(challenge_id)["grant"]
    transfer = {"sub": "li", "event_id": decision["event_id"], "purpose": "transaction", **asked}
    assert not wallet.moves(grant, {**transfer, "amount": "4120.01"})
    assert not wallet.moves(grant, {**transfer, "payee_id": "chen-wei-4472"})
    assert wallet.moves(grant, transfer)
    assert not wallet.moves(grant, transfer)
