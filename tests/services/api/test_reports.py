"""Owners' words over HTTP: what each proof is worth, and the way back."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from contracts.decisions import HoldPayment, effect_id
from services.cases.repository import keep
from services.mfa import totp
from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
from tests.services.api.world import World
from tests.services.cases.decided import no_challenges, recorded

AT_MS = 1_800_000_000_000


def word(event_id: str = "r1", verdict: str = "was_me", **more: Any) -> dict[str, Any]:
    event = {"type": "user_report", "event_id": event_id, "account_id": "a1", "occurred_at": AT_MS}
    return event | {"about_event_id": "paid", "verdict": verdict} | more


async def held(of: World) -> None:
    """A payment of the account that waits."""
    effect = HoldPayment(
        effect_id=effect_id("a1", "paid", "hold_payment"), due_s=60, amount="9.00", currency="CNY"
    )
    async with of.database.begin() as connection:
        await keep(connection, [recorded("paid", "a1", (effect,))], no_challenges)


async def key(of: World, *scopes: str) -> dict[str, str]:
    text, _ = await of.keys.create("desk", scopes)
    return {"authorization": f"Bearer {text}"}


async def said(of: World, *events: dict[str, Any]) -> httpx.Response:
    return await of.post(list(events), **await key(of, "report", "ingest"))


async def state(of: World) -> str:
    found = await of.app.state.holds.payment("a1", "paid")
    assert found is not None
    return str(found.state)


async def enrolled(of: World) -> str:
    """The secret of a factor whose first code was given long ago."""
    lifecycle, clock = of.app.state.lifecycle, of.app.state.words._clock
    made = await lifecycle.enrol("a1", clock(), CONTEXT)
    assert (await lifecycle.confirm("a1", code(made.secret, clock()), CONTEXT)).confirmed
    clock.at += 3600.0
    return str(made.secret)


def code(secret: str, at: float) -> str:
    return totp.code_of(secret, totp.step_at(at))


@pytest.mark.parametrize(("proof", "wanted"), [("session", "released"), ("link", "held")])
async def test_was_me_lets_a_held_payment_go_by_a_session_and_not_by_a_link(
    world: World,  # noqa: F811
    proof: str,
    wanted: str,
) -> None:
    await held(world)
    answer = await said(world, word(proof=proof))

    assert answer.status_code == 202, answer.text
    assert await state(world) == wanted
