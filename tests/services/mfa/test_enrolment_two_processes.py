"""Claims about enrolments, removals and resets, many at once, over two processes of the API."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

import httpx
import pytest

from contracts.events import AccountChange
from services.http.api_keys import ApiKeys
from services.mfa.resets import DELAY_S
from services.mfa.tables import factors
from services.mfa.vault import Vault
from tests.services.mfa.api_pair import Pair
from tests.services.mfa.test_two_processes import kind, pair, store  # noqa: F401  found here by the tests
from tests.services.mfa.world import KEY, OWNER

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
PARALLEL = 20


async def at_once(
    pair: Pair,  # noqa: F811
    method: str,
    path: str,
    *bodies: Mapping[str, object],
) -> list[httpx.Response]:
    """Send the bodies all at once, each other one to the other process."""
    return await asyncio.gather(
        *(pair.clients[number % 2].request(method, path, json=body) for number, body in enumerate(bodies))
    )


async def states(pair: Pair, account_id: str) -> Counter[str]:  # noqa: F811
    rows = await pair.world.rows(factors)
    return Counter(row["state"] for row in rows if row["account_id"] == account_id)


async def changes(pair: Pair, account_id: str) -> list[str]:  # noqa: F811
    sent = [event for event in await pair.world.sent() if isinstance(event, AccountChange)]
    return [event.change for event in sent if event.account_id == account_id]


async def test_parallel_enrolments_leave_one_factor_whichever_process_they_reach(pair: Pair) -> None:  # noqa: F811
    path = "/v1/accounts/many/totp"
    proved = {"proved_at": time.time()}
    made = await at_once(pair, "POST", path, *[proved] * PARALLEL)
    assert {answer.status_code for answer in made} <= {201, 503}
    shown = {answer.json()["secret"] for answer in made if answer.status_code == 201}
    (left,) = [row for row in await pair.world.rows(factors) if row["account_id"] == "many" and row["secret"]]
    secret = Vault({1: KEY}, 1).open("many", left["secret"])
    assert secret in shown

    confirmed = await at_once(pair, "POST", f"{path}/confirm", *[{"code": pair.code(secret)}] * PARALLEL)

    assert Counter(answer.json()["result"] for answer in confirmed)["confirmed"] == 1
    assert (await states(pair, "many"))["active"] == 1
    assert (await changes(pair, "many")).count("totp_enrolled") == 1


async def test_one_code_starts_one_replacement_whichever_process_it_reaches(pair: Pair) -> None:  # noqa: F811
    secret = await pair.enrolled("replacing")
    body = {"proved_at": time.time(), "code": pair.code(secret)}

    made = await at_once(pair, "POST", "/v1/accounts/replacing/totp", *[body] * PARALLEL)

    answered = Counter(answer.status_code for answer in made)
    assert answered[201] == 1
    assert answered.keys() <= {201, 403, 503}
    assert {"active": 1, "pending": 1} == await states(pair, "replacing")


async def test_one_code_removes_a_factor_once(pair: Pair) -> None:  # noqa: F811
    secret = await pair.enrolled("removing")
    body = {"code": pair.code(secret)}

    gone = await at_once(pair, "DELETE", "/v1/accounts/removing/totp", *[body] * PARALLEL)

    assert Counter({"removed": 1, "refused": PARALLEL - 1}) == Counter(one.json()["result"] for one in gone)
    assert (await changes(pair, "removing")).count("totp_removed") == 1


async def test_one_recovery_code_makes_new_ones_once(pair: Pair) -> None:  # noqa: F811
    secret = await pair.enrolled("recovering")
    pair.world.clock.at = time.time() - 60.0
    codes = await pair.world.lifecycle.regenerate("recovering", pair.world.code(secret), OWNER)
    assert isinstance(codes, tuple)
    body = {"code": codes[0]}

    made = await at_once(pair, "POST", "/v1/accounts/recovering/totp/recovery-codes", *[body] * 5)

    assert Counter({"made": 1, "refused": 4}) == Counter(one.json()["result"] for one in made)


async def test_the_sweepers_of_both_processes_carry_a_due_reset_out_once(pair: Pair) -> None:  # noqa: F811
    await pair.enrolled("resetting")
    pair.world.clock.at = time.time() - DELAY_S - 1.0
    keys, resets = ApiKeys(pair.world.database, pair.world.clock), pair.world.lifecycle.resets
    first, other = [(await keys.create(name, ["admin"]))[1] for name in ("wang", "zhao")]
    reset = await resets.request("resetting", first, "lost phone")
    await resets.approve(reset.reset_id, other)

    async with asyncio.timeout(60):
        while await states(pair, "resetting") != {"removed": 1}:  # noqa: ASYNC110  polls the table
            await asyncio.sleep(0.2)

    assert (await changes(pair, "resetting")).count("totp_removed") == 1
    done = (await pair.clients[0].get("/v1/accounts/resetting/totp")).json()
    assert ("none", None) == (done["state"], done["reset_due_at"])
