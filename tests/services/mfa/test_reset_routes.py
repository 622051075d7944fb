"""Resets over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.http import problems
from services.http.api_keys import ApiKeys
from services.mfa.resets import DELAY_S
from services.mfa.routers import add_factor_routes
from tests.services.mfa.world import World

RESET = "/v1/accounts/li/totp/reset"
WHY = {"reason": "the owner lost the phone; seen in person"}


@dataclass(frozen=True)
class Desk:
    """A client, and a key each of two administrators and of the wallet."""

    http: httpx.AsyncClient
    first: str
    other: str
    wallet: str

    async def post(self, key: str, path: str, body: Any = None) -> httpx.Response:
        return await self.http.post(path, json=body, headers={"Authorization": f"Bearer {key}"})

    async def get(self, key: str, path: str) -> httpx.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {key}"})

    async def requested(self) -> str:
        reset_id: str = (await self.post(self.first, RESET, WHY)).json()["reset_id"]
        return reset_id


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    app = FastAPI()
    problems.install(app)
    add_factor_routes(app)
    app.state.challenges = world.service
    app.state.lifecycle = world.lifecycle
    app.state.keys = keys = ApiKeys(world.database, world.clock)
    made = [
        (await keys.create(name, [scope]))[0]
        for name, scope in (("wang", "admin"), ("zhao", "admin"), ("wallet", "verify"))
    ]
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://payguard") as client:
        yield Desk(client, *made)
    await keys.close()


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:payguard:problem:")


async def test_two_administrators_reset_a_factor_over_http(world: World, desk: Desk) -> None:
    await world.enrolled()
    asked = await desk.post(desk.first, RESET, WHY)
    approved = await desk.post(desk.other, f"/v1/totp/resets/{asked.json()['reset_id']}/approve")
    world.clock.at += DELAY_S
    await world.lifecycle.resets.carry_out_due()
    (done,) = (await desk.get(desk.first, RESET)).json()["resets"]

    assert (201, "requested", "2027-01-16T08:01:00Z") == (
        asked.status_code,
        asked.json()["state"],
        asked.json()["due_at"],
    )
    assert (200, "approved") == (approved.status_code, approved.json()["state"])
    assert approved.json()["approved_by"] != approved.json()["requested_by"]
    assert ("done", "payguard", WHY["reason"]) == (done["state"], done["ended_by"], done["reason"])
    assert asked.headers["cache-control"] == "no-store"


async def test_the_one_who_asked_may_not_approve(world: World, desk: Desk) -> None:
    await world.enrolled()
    reset_id = await desk.requested()

    refused = await desk.post(desk.first, f"/v1/totp/resets/{reset_id}/approve")

    assert problem(refused) == (403, "same_administrator")


async def test_open_resets_are_listed_for_those_who_may_approve(world: World, desk: Desk) -> None:
    for account_id in ("li", "wang"):
        await world.enrolled(account_id)
        await desk.post(desk.first, f"/v1/accounts/{account_id}/totp/reset", WHY)
    cancelled = (await desk.get(desk.other, RESET)).json()["resets"][0]["reset_id"]
    await desk.post(desk.other, f"/v1/totp/resets/{cancelled}/cancel")

    listed = (await desk.get(desk.other, "/v1/totp/resets")).json()["resets"]

    assert ["wang"] == [reset["account_id"] for reset in listed]


async def test_the_owner_cancels_over_http_with_a_code(world: World, desk: Desk) -> None:
    secret = await world.enrolled()
    await desk.requested()
    refused = await desk.post(desk.wallet, f"{RESET}/cancel", {"code": world.wrong(secret)})
    cancelled = await desk.post(desk.wallet, f"{RESET}/cancel", {"code": world.code(secret)})

    assert ({"result": "refused"}, {"result": "cancelled"}) == (refused.json(), cancelled.json())
    over = await desk.post(desk.wallet, f"{RESET}/cancel", {"code": world.code(secret)})
    assert problem(over) == (404, "no_reset")


async def test_what_cannot_be_done_says_so(world: World, desk: Desk) -> None:
    await world.enrolled()
    reset_id = await desk.requested()

    assert problem(await desk.post(desk.first, "/v1/accounts/nobody/totp/reset", WHY)) == (404, "no_factor")
    assert problem(await desk.post(desk.first, RESET, WHY)) == (409, "reset_open")
    assert problem(await desk.post(desk.other, "/v1/totp/resets/none/approve")) == (404, "unknown_reset")
    assert problem(await desk.post(desk.other, "/v1/totp/resets/none/cancel")) == (404, "unknown_reset")
    await desk.post(desk.other, f"/v1/totp/resets/{reset_id}/cancel")
    assert problem(await desk.post(desk.other, f"/v1/totp/resets/{reset_id}/cancel")) == (409, "not_waiting")
    assert problem(await desk.post(desk.other, f"/v1/totp/resets/{reset_id}/approve")) == (409, "not_waiting")


@pytest.mark.parametrize(
    "body",
    [None, {}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "a\x00b"}, {"reason": "x", "more": 1}],
)
async def test_a_malformed_request_for_a_reset_is_a_bad_request(desk: Desk, body: Any) -> None:
    assert 400 == (await desk.post(desk.first, RESET, body)).status_code


async def test_half_a_surrogate_pair_is_no_reason(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.first}", "content-type": "application/json"}
    answer = await desk.http.post(RESET, content=b'{"reason": "\\ud800"}', headers=headers)

    assert 400 == answer.status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RESET),
        ("GET", RESET),
        ("GET", "/v1/totp/resets"),
        ("POST", "/v1/totp/resets/r/approve"),
        ("POST", "/v1/totp/resets/r/cancel"),
    ],
)
async def test_only_administrators_reset(desk: Desk, method: str, path: str) -> None:
    wallet = {"Authorization": f"Bearer {desk.wallet}"}

    assert (await desk.http.request(method, path, json=WHY, headers=wallet)).status_code == 403
    assert (await desk.http.request(method, path, json=WHY)).status_code == 401
