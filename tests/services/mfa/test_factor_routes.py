"""A factor's life over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from services.audit.tables import audit
from services.mfa.tables import factors
from tests.services.mfa.world import World

LI = "/v1/accounts/li/totp"


async def begin(world: World, http: httpx.AsyncClient, **more: object) -> httpx.Response:
    return await http.post(LI, json={"proved_at": world.clock.at, **more})


async def factor(world: World, http: httpx.AsyncClient) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a new factor of li; the clock stands two steps later."""
    secret: str = (await begin(world, http)).json()["secret"]
    confirmed = await http.post(f"{LI}/confirm", json={"code": world.code(secret)})
    world.clock.at += 60.0
    return secret, confirmed.json()["recovery_codes"]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:payguard:problem:")


async def test_the_qr_code_is_an_svg_that_nobody_stores_and_is_shown_once(
    world: World, http: httpx.AsyncClient
) -> None:
    made = await begin(world, http)
    url = made.json()["qr_url"]

    shown, again = await http.get(url), await http.get(url)

    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/svg+xml")
    assert shown.headers["cache-control"] == "no-store"
    assert shown.content.startswith(b"<?xml")
    assert code_of(again) == (404, "unknown_ticket")


@pytest.mark.parametrize("account_id", ["a:b", "50%", "tom&jerry", "李四", "a b?c#d"])
async def test_the_qr_url_of_a_strange_account_name_works(
    world: World, http: httpx.AsyncClient, account_id: str
) -> None:
    path = f"/v1/accounts/{quote(account_id, safe='')}/totp"
    made = (await http.post(path, json={"proved_at": world.clock.at})).json()

    assert made["account_id"] == account_id
    assert (await http.get(made["qr_url"])).status_code == 200


async def test_every_answer_about_a_factor_is_no_store(world: World, http: httpx.AsyncClient) -> None:
    secret, codes = await factor(world, http)
    answers = [
        await http.get(LI),
        await begin(world, http, code=world.code(secret)),
        await begin(world, http),
        await http.post(f"{LI}/recovery-codes", json={"code": codes[0]}),
        await http.request("DELETE", LI, json={"code": "000000"}),
    ]

    assert [200, 201, 409, 200, 200] == [answer.status_code for answer in answers]
    assert {"no-store"} == {a.headers.get("cache-control") for a in answers if a.status_code < 400}


async def test_a_stale_password_proof_is_forbidden(world: World, http: httpx.AsyncClient) -> None:
    stale = await http.post(LI, json={"proved_at": world.clock.at - 301})

    assert code_of(stale) == (403, "proof_too_old")


async def test_a_replacement_needs_a_code_and_every_refused_code_looks_the_same(
    world: World, http: httpx.AsyncClient
) -> None:
    secret, codes = await factor(world, http)
    used = world.code(secret)
    await http.post(f"{LI}/recovery-codes", json={"code": used})
    refused = [
        await begin(world, http, code=code) for code in (used, world.wrong(secret), codes[0], "0" * 16)
    ]

    assert code_of(await begin(world, http)) == (409, "factor_in_use")
    assert {(403, "code_refused")} == {code_of(answer) for answer in refused}
    assert 1 == len({answer.text for answer in refused})


async def test_a_replacement_is_confirmed_over_http(world: World, http: httpx.AsyncClient) -> None:
    old, _ = await factor(world, http)
    new = (await begin(world, http, code=world.code(old))).json()["secret"]

    confirmed = await http.post(f"{LI}/confirm", json={"code": world.code(new)})

    assert confirmed.json()["result"] == "confirmed"
    status = (await http.get(LI)).json()
    assert ("active", None, 10) == (status["state"], status["pending_until"], status["recovery_codes_left"])


async def test_recovery_codes_are_made_anew_with_a_code(world: World, http: httpx.AsyncClient) -> None:
    secret, codes = await factor(world, http)

    made = (await http.post(f"{LI}/recovery-codes", json={"code": world.code(secret)})).json()
    refused = (await http.post(f"{LI}/recovery-codes", json={"code": codes[0]})).json()

    assert ("made", 10) == (made["result"], len(made["recovery_codes"]))
    assert {"result": "refused", "recovery_codes": []} == refused


async def test_a_factor_is_removed_with_a_code(world: World, http: httpx.AsyncClient) -> None:
    secret, _ = await factor(world, http)
    refused = await http.request("DELETE", LI, json={"code": world.wrong(secret)})
    removed = await http.request("DELETE", LI, json={"code": world.code(secret)})

    assert ({"result": "refused"}, {"result": "removed"}) == (refused.json(), removed.json())
    assert (await http.get(LI)).json()["state"] == "none"


async def test_the_status_tells_of_a_lock(world: World, http: httpx.AsyncClient) -> None:
    secret, _ = await factor(world, http)
    for _ in range(5):
        await http.request("DELETE", LI, json={"code": world.wrong(secret)})

    assert (await http.get(LI)).json()["locked_until"] == "2027-01-15T08:31:00Z"


JUNK = [
    b"",
    b"[]",
    b"{}",
    b'{"proved_at": "1800000000"}',
    b'{"proved_at": true}',
    b'{"proved_at": NaN}',
    b'{"proved_at": 1e400}',
    b'{"proved_at": -1}',
    b'{"proved_at": 1800000000, "code": 123456}',
    b'{"proved_at": 1800000000, "code": null}',
    '{"proved_at": 1800000000, "code": "١٢٣٤٥٦"}'.encode(),
    b'{"proved_at": 1800000000, "proved_at": 1800000000}',
    b'{"proved_at": 1800000000, "ip": "nowhere"}',
    b'{"proved_at": 1800000000, "device_id": ""}',
    b'{"proved_at": 1800000000, "more": 1}',
    b'{"proved_at": 1800000000, "device_id": "' + b"x" * 10_000_000 + b'"}',
]


async def test_malformed_enrolments_are_bad_requests_that_start_nothing(
    world: World, http: httpx.AsyncClient
) -> None:
    answers = [await http.post(LI, content=body) for body in JUNK]

    assert {(400, "enrolment_form")} == {code_of(answer) for answer in answers}
    assert 1 == len({answer.text for answer in answers})
    assert [] == await world.rows(factors)
    assert not [row for row in await world.rows(audit) if row["account_id"] is not None]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", LI),
        ("GET", f"{LI}/qr/ticket"),
        ("POST", f"{LI}/recovery-codes"),
        ("POST", f"{LI}/reset/cancel"),
    ],
)
async def test_every_route_of_a_factor_needs_the_scope(
    http: httpx.AsyncClient, method: str, path: str
) -> None:
    other = {"Authorization": f"Bearer {http.headers['x-other-key']}"}

    assert (await http.request(method, path, headers=other)).status_code == 403
    assert (await http.request(method, path, headers={"Authorization": "Bearer pg_no"})).status_code == 401
