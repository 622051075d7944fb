"""Decisions for tests, with effects whose ids derive from the account and the event as the worker derives them."""

from __future__ import annotations

from typing import Any

from msgspec import json
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import (
    AnyEffect,
    Contribution,
    Decision,
    Freeze,
    HoldPayment,
    IssueChallenge,
    Notify,
    OpenCase,
    RaiseAlert,
    RevokeSessions,
    Severity,
    effect_id,
)
from services.cases.repository import Recorded


def alert(event_id: str, severity: Severity = "high", account_id: str = "li") -> RaiseAlert:
    return RaiseAlert(effect_id=effect_id(account_id, event_id, "raise_alert"), severity=severity)


def open_case(event_id: str, severity: Severity = "high", account_id: str = "li") -> OpenCase:
    return OpenCase(effect_id=effect_id(account_id, event_id, "open_case"), severity=severity)


def freeze(event_id: str, account_id: str = "li") -> Freeze:
    return Freeze(effect_id=effect_id(account_id, event_id, "freeze"))


def revoke(event_id: str, account_id: str = "li") -> RevokeSessions:
    return RevokeSessions(effect_id=effect_id(account_id, event_id, "revoke_sessions"))


def hold(event_id: str, account_id: str = "li") -> HoldPayment:
    return HoldPayment(
        effect_id=effect_id(account_id, event_id, "hold_payment"),
        due_s=86_400,
        amount="412.00",
        currency="CNY",
        payee_id="shop-7",
    )


def notify(event_id: str, template: str = "login_notice", account_id: str = "li") -> Notify:
    return Notify(effect_id=effect_id(account_id, event_id, "notify"), template=template)


def challenge(event_id: str, account_id: str = "li") -> IssueChallenge:
    return IssueChallenge(
        effect_id=effect_id(account_id, event_id, "issue_challenge"),
        challenge_id=effect_id(account_id, event_id, "challenge"),
        purpose="transaction",
        digest="0" * 64,
        lifetime_s=300,
        amount="412.00",
        currency="CNY",
        payee_id="shop-7",
    )


def everything(event_id: str, account_id: str = "li") -> tuple[AnyEffect, ...]:
    return (
        alert(event_id, account_id=account_id),
        open_case(event_id, account_id=account_id),
        freeze(event_id, account_id),
        revoke(event_id, account_id),
        notify(event_id, account_id=account_id),
        challenge(event_id, account_id),
    )


def decision(
    event_id: str, account_id: str = "li", effects: tuple[AnyEffect, ...] = (), **changes: Any
) -> Decision:
    settled: dict[str, Any] = {
        "type": "login",
        "at": 1_790_000_000.0,
        "risk": 0.9,
        "score": 90,
        "action": "hold",
        "policy_version": "test",
        "findings": (Contribution(detector="new_device", reason="new_device", weight=2.0, share=90),),
    }
    return Decision(event_id=event_id, account_id=account_id, effects=effects, **settled | changes)


def recorded(
    event_id: str,
    account_id: str = "li",
    effects: tuple[AnyEffect, ...] = (),
    at: float = 1_790_000_001.0,
    happened_at: float | None = None,
    **changes: Any,
) -> Recorded:
    if happened_at is not None:
        changes["at"] = happened_at
    made = decision(event_id, account_id, effects, **changes)
    return Recorded(made, json.encode(made), at)


async def no_challenges(_connection: AsyncConnection, _decision: Decision, _effect: Any, _at: float) -> None:
    """For tests that are not about challenges."""
