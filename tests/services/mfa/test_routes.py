"""The second factor over HTTP."""

from __future__ import annotations

import httpx
import pytest

from services.audit.tables import audit
from services.mfa.tables import factors
from tests.services.mfa.test_body import JUNK
from tests.services.mfa.world import World


async def test_enrol_confirm_and_verify_over_http(world: World, http: httpx.AsyncClient) -> None:
    made = await http.post("/v1/accounts/li/totp", json={"proved_at": world.clock.at})
    code = world.code(made.json()["secret"])
    confirmed = await http.post("/v1/accounts/li/totp/confirm", json={"code": code})
    await world.issue("c1")
    world.clock.at += 60
    code = world.code(made.json()["secret"])
    passed = await http.post("/v1/challenges/c1/verify", json={"code": code})

    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert made.json()["otpauth_uri"].startswith("otpauth://totp/UPay:li?secret=")
    assert confirmed.json()["result"] == "confirmed"
    assert len(confirmed.json()["recovery_codes"]) == 10
    assert passed.json() == {"result": "passed", "attempts_left": 5, "grant": None}
    assert passed.headers["cache-control"] == "no-store"


async def test_a_second_enrolment_is_a_conflict(world: World, http: httpx.AsyncClient) -> None:
    await world.enrolled()

    refused = await http.post("/v1/accounts/li/totp", json={"proved_at": world.clock.at})

    assert (refused.status_code, refused.json()["type"]) == (409, "urn:payguard:problem:factor_in_use")


async def test_the_status_never_holds_the_secret(world: World, http: httpx.AsyncClient) -> None:
    made = (await http.post("/v1/accounts/li/totp", json={"proved_at": world.clock.at})).json()

    status = await http.get("/v1/accounts/li/totp")

    assert status.json() == {
        "account_id": "li",
        "state": "pending",
        "confirmed_at": None,
        "locked_until": None,
        "pending_until": "2027-01-15T08:15:00Z",
        "recovery_codes_left": 0,
        "reset_due_at": None,
    }
    assert made["secret"] not in status.text


async def test_the_wallet_is_shown_what_payguard_stored(world: World, http: httpx.AsyncClient) -> None:
    await world.issue("c1")

    shown = (await http.get("/v1/challenges/c1")).json()

    assert tuple(
        shown[name] for name in ("account_id", "amount", "currency", "payee_id", "state", "attempts_left")
    ) == ("li", "412.00", "CNY", "payee-9", "open", 5)
    assert (shown["issued_at"], shown["expires_at"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:05:00Z")


async def test_a_challenge_nobody_issued_is_not_found(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/challenges/none")).status_code == 404


async def test_no_refusal_can_be_told_from_another(world: World, http: httpx.AsyncClient) -> None:
    secret = await world.enrolled("li")
    for challenge_id, account_id in (("spent", "li"), ("used", "li"), ("wrong", "li"), ("missing", "nobody")):
        await world.issue(challenge_id, account_id)
    code = world.code(secret)
    await http.post("/v1/challenges/spent/verify", json={"code": code})

    answers = [
        await http.post("/v1/challenges/used/verify", json={"code": code}),
        await http.post("/v1/challenges/wrong/verify", json={"code": world.wrong(secret)}),
        await http.post("/v1/challenges/missing/verify", json={"code": code}),
        await http.post("/v1/challenges/unknown/verify", json={"code": code}),
    ]

    refused = {"result": "refused", "attempts_left": 4, "grant": None}
    assert [answer.status_code for answer in answers] == [200] * 4
    assert [answer.json() for answer in answers[:3]] == [refused] * 3
    assert answers[3].json() == refused | {"attempts_left": 0}
    assert len({(len(answer.content), tuple(answer.headers)) for answer in answers}) == 1


@pytest.mark.parametrize("route", ["challenges/c1/verify", "accounts/li/totp/confirm"])
async def test_malformed_codes_are_bad_requests_and_cost_the_account_nothing(
    world: World, http: httpx.AsyncClient, route: str
) -> None:
    await world.enrolled()
    await world.issue("c1")
    before = await world.rows(audit), await world.rows(factors)

    answers = [await http.post(f"/v1/{route}", content=body) for body in JUNK]

    assert {400} == {answer.status_code for answer in answers}
    assert len({answer.text for answer in answers}) == 1
    assert before == (await world.rows(audit), await world.rows(factors))
    assert (await http.get("/v1/challenges/c1")).json()["attempts_left"] == 5


async def test_ten_megabytes_are_a_bad_request(http: httpx.AsyncClient) -> None:
    body = b'{"code":"' + b"1" * 10_000_000 + b'"}'

    assert (await http.post("/v1/challenges/c1/verify", content=body)).status_code == 400


@pytest.mark.parametrize("name", ["a" * 129, "%00"])
async def test_impossible_identifiers_are_bad_requests(http: httpx.AsyncClient, name: str) -> None:
    assert (await http.get(f"/v1/accounts/{name}/totp")).status_code == 400
    assert (await http.post(f"/v1/challenges/{name}/verify", json={"code": "123456"})).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/accounts/li/totp"),
        ("POST", "/v1/accounts/li/totp/confirm"),
        ("GET", "/v1/accounts/li/totp"),
        ("GET", "/v1/challenges/c1"),
        ("POST", "/v1/challenges/c1/verify"),
    ],
)
async def test_every_route_needs_the_scope(http: httpx.AsyncClient, method: str, path: str) -> None:
    other = {"Authorization": f"Bearer {http.headers['x-other-key']}"}

    assert (await http.request(method, path, headers=other)).status_code == 403
    assert (await http.request(method, path, headers={"Authorization": "Bearer pg_no"})).status_code == 401
