"""Owners' words over HTTP: what each proof is worth, and the way back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contracts.decisions import HoldPayment, effect_id
from services.cases.repository import keep
from services.mfa import totp
from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
from tests.services.api.world import World
from tests.services.cases.decided import no_challenges, recorded
from tests.services.mfa.world import OWNER

AT_MS = 1_800_000_000_000


def word(event_id: str = "r1", verdict: str = "was_me", **more: Any) -> dict[str, Any]:
    event = {"type": "user_report", "event_id": event_id, "account_id": "a1", "occurred_at": AT_MS}
    return event | {"about_event_id": "paid", "verdict": verdict} | more


async def held(of: World) -> None:
    """A payment of the account that waits for its owner's word."""
    effect = HoldPayment(
        effect_id=effect_id("a1", "paid", "hold_payment"), due_s=60, amount="9.00", currency="CNY"
    )
    async with of.database.begin() as connection:
        await keep(connection, [recorded("paid", "a1", (effect,), waits_for="owner")], no_challenges)


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
    lifecycle, clock = of.app.state.lifecycle, of.app.state.portal.visits.clock
    made = await lifecycle.enrol("a1", clock(), OWNER)
    assert (await lifecycle.confirm("a1", code(made.secret, clock()), OWNER)).confirmed
    clock.at += 3600.0
    return str(made.secret)


def now(of: World) -> float:
    at: float = of.app.state.portal.visits.clock()
    return at


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


async def test_was_me_without_a_proof_is_taken_as_before_and_lets_no_payment_go(
    world: World,  # noqa: F811
) -> None:
    await held(world)
    answer = await said(world, word())

    assert (answer.status_code, await state(world)) == (202, "held")


async def test_a_code_bears_was_me_out_only_when_payguard_has_seen_one(world: World) -> None:  # noqa: F811
    await held(world)
    secret = await enrolled(world)
    unseen = await said(world, word(proof="code"))
    before = await state(world)
    body = {"code": code(secret, now(world))}
    await said(world, word("r0", "not_me"))
    undo = await world.client.post(
        "/v1/accounts/a1/reports/r0/undo", json=body, headers=await key(world, "verify")
    )
    seen = await said(world, word("r2", proof="code"))

    assert undo.json()["result"] == "undone", undo.text
    assert (unseen.status_code, unseen.json()["results"][0]["reason"]) == (400, "no_code")
    assert before == "held"
    assert (seen.status_code, await state(world)) == (202, "released")


async def test_a_not_me_is_believed_whatever_bears_it_out(world: World) -> None:  # noqa: F811
    await said(world, word(verdict="not_me", proof="code"))

    assert (await world.app.state.holds.of("a1")).frozen is not None


async def test_nobody_takes_a_report_back_by_an_event(world: World) -> None:  # noqa: F811
    await said(world, word("r0", "not_me"))
    answer = await said(world, word("r1", proof="session", undoes="r0"))

    assert (answer.status_code, answer.json()["results"][0]["reason"]) == (400, "not_offered")
    assert (await world.app.state.holds.of("a1")).frozen is not None


async def test_one_of_several_words_does_not_stop_the_others(world: World) -> None:  # noqa: F811
    await held(world)
    answer = await said(world, word("r1", proof="code"), word("r2", proof="session"))

    assert [each["status"] for each in answer.json()["results"]] == ["malformed", "accepted"]
    assert await state(world) == "released"


async def test_a_dry_run_of_a_word_does_nothing(world: World) -> None:  # noqa: F811
    await held(world)
    await world.post([word(proof="session")], "?dry_run=true", **await key(world, "report"))

    assert await state(world) == "held"


async def test_the_way_back_needs_the_report_its_time_and_a_code(world: World) -> None:  # noqa: F811
    secret = await enrolled(world)
    await said(world, word("r0", "not_me"))
    verify = await key(world, "verify")

    async def undo(event_id: str, given: str) -> httpx.Response:
        path = f"/v1/accounts/a1/reports/{event_id}/undo"
        return await world.client.post(path, json={"code": given}, headers=verify)

    unknown = await undo("r9", code(secret, now(world)))
    wrong = await undo("r0", "000000")
    right = await undo("r0", code(secret, now(world)))
    again = await undo("r0", code(secret, now(world) + 30.0))

    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:payguard:problem:no_report")
    assert wrong.json()["result"] == "refused"
    assert right.json() == {
        "result": "undone",
        "unfrozen": True,
        "case_withdrawn": True,
        "frozen_still": False,
    }
    assert (again.status_code, again.json()["type"]) == (409, "urn:payguard:problem:undo_over")
