"""Claims about many at once, and about parts that fail, over two processes of the API on one database and one store."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from benchmarks.parts.real_parts import RedisServer
from contracts.events import ChallengeOutcome
from services.audit.tables import audit
from services.cases.tables import outbox
from services.memory.redis_client import ask, connect
from services.memory.redis_store import RedisChallengeIntake
from services.mfa import recovery
from services.mfa.code_rules import LOCK_AFTER
from services.mfa.limit_records import Rates
from services.mfa.limits import DEVICE_TRIES
from services.mfa.tables import factors
from services.platform.embedded import EmbeddedStore
from tests.parts.fixtures import started_or_explained
from tests.services.cases.databases import KINDS, MIGRATED
from tests.services.mfa.api_pair import Pair, answers, opened
from tests.services.mfa.world import asked

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
PARALLEL = 100


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Embedded parts everywhere, real ones where they can be had."""
    return str(request.param)


@pytest.fixture(scope="module")
def store(kind: str, parts_folder: Path) -> Any:
    """A store of this module's own, to break."""
    folder = parts_folder / f"store-{secrets.token_hex(4)}"
    made = RedisServer(folder) if kind == "postgresql" else EmbeddedStore(folder)
    try:
        started_or_explained(made.start)
        yield made
    finally:
        made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    kind: str, store: Any, parts_folder: Path, migrated_file: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Pair]:
    """Both processes."""
    name = f"pair_{secrets.token_hex(4)}"
    folder = parts_folder / name
    folder.mkdir()
    if kind == "postgresql":
        url = request.getfixturevalue("migrated_postgres").new_database(name, MIGRATED)
    else:
        url = f"sqlite:///{shutil.copy(migrated_file, folder / 'pair.db')}"
    made = await opened(url, store.url, folder)
    yield made
    await made.close()


async def audited(pair: Pair, account_id: str) -> Counter[str]:
    """How often each result stands in the audit of the account's challenges."""
    rows = [row for row in await pair.world.rows(audit) if row["action"] == "verify"]
    return Counter(row["result"] for row in rows if row["account_id"] == account_id)


async def outcomes(pair: Pair, account_id: str) -> list[str]:
    """The outcomes on their way into the stream."""
    sent = [event for event in await pair.world.sent() if isinstance(event, ChallengeOutcome)]
    return [event.outcome for event in sent if event.account_id == account_id]


async def test_one_good_code_at_a_hundred_challenges_at_once_gives_exactly_one_pass(pair: Pair) -> None:
    secret = await pair.enrolled("once")
    await pair.issue("once", *(f"once{number}" for number in range(PARALLEL)))
    code = pair.code(secret)

    got = answers(await pair.everywhere([(f"once{number}", code) for number in range(PARALLEL)]))

    assert sum(answer["result"] == "passed" for answer in got) == 1
    assert await outcomes(pair, "once") == ["passed"]
    counted = await audited(pair, "once")
    assert (counted["passed"], counted.total()) == (1, PARALLEL)


async def test_one_good_code_a_hundred_times_at_once_passes_its_challenge_once_and_says_so_each_time(
    pair: Pair,
) -> None:
    secret = await pair.enrolled("again")
    await pair.issue("again", "again")

    got = answers(await pair.everywhere([("again", pair.code(secret))] * PARALLEL))

    assert len({str(answer) for answer in got}) == 1
    assert (got[0]["result"], await outcomes(pair, "again")) == ("passed", ["passed"])
    assert await audited(pair, "again") == Counter({"passed": 1, "repeated": PARALLEL - 1})


async def test_a_hundred_wrong_guesses_at_once_are_compared_five_times(pair: Pair) -> None:
    secret = await pair.enrolled("guessed")
    await pair.issue("guessed", *(f"guess{number}" for number in range(PARALLEL)), "right", "elsewhere")
    wrong = pair.wrong(secret)

    got = answers(await pair.everywhere([(f"guess{number}", wrong) for number in range(PARALLEL)]))

    assert await audited(pair, "guessed") == Counter({"wrong": LOCK_AFTER, "locked": PARALLEL - LOCK_AFTER})
    late = answers(
        [
            await pair.verify(0, "right", pair.code(secret)),
            await pair.verify(1, "elsewhere", pair.code(secret), ip="203.0.113.9", device_id="another"),
        ]
    )
    assert {str(answer) for answer in [*got, *late]} == {
        "{'result': 'refused', 'attempts_left': 4, 'grant': None}"
    }


async def test_a_known_device_s_tries_at_once_are_compared_three_times(pair: Pair) -> None:
    secret = await pair.enrolled("owned")
    await pair.issue("owned", "owned", *(f"o{number}" for number in range(LOCK_AFTER + 20)))
    passed = await pair.verify(0, "owned", pair.code(secret), device_id="phone")
    assert passed.json()["result"] == "passed"
    wrong = pair.wrong(secret)
    answers(await pair.everywhere([(f"o{number}", wrong) for number in range(LOCK_AFTER)]))

    more = [(f"o{number}", wrong) for number in range(LOCK_AFTER, LOCK_AFTER + 20)]
    answers(await pair.everywhere(more, device_id="phone"))

    counted = await audited(pair, "owned")
    assert (counted["wrong"], counted["locked"]) == (LOCK_AFTER + DEVICE_TRIES, 20 - DEVICE_TRIES)


async def test_one_recovery_code_at_many_challenges_at_once_gives_exactly_one_pass(pair: Pair) -> None:
    await pair.enrolled("paper")
    made = await recovery.make()
    async with pair.world.database.begin() as connection:
        await recovery.keep(connection, "paper", made, time.time())
    await pair.issue("paper", *(f"paper{number}" for number in range(10)))

    got = answers(await pair.everywhere([(f"paper{number}", made.shown[0]) for number in range(10)]))

    assert sum(answer["result"] == "passed" for answer in got) == 1


async def test_a_network_s_refused_codes_are_counted_exactly(pair: Pair) -> None:
    most = Rates().network_codes
    for number in range(PARALLEL):
        await pair.issue(f"sprayed{number}", f"spray{number}")

    got = await pair.everywhere([(f"spray{n}", "000000") for n in range(PARALLEL)], ip="198.51.100.7")

    assert Counter(answer.status_code for answer in got) == Counter({200: most, 429: PARALLEL - most})
    slowed = next(answer for answer in got if answer.status_code == 429)
    assert slowed.headers["content-type"] == "application/problem+json"
    assert 1 <= int(slowed.headers["retry-after"]) <= 30
    rows = [row for row in await pair.world.rows(audit) if str(row["account_id"]).startswith("sprayed")]
    assert Counter(row["result"] for row in rows) == Counter({"no_factor": most})


async def test_a_process_killed_after_it_accepted_leaves_one_pass_and_its_answer_at_the_other(
    pair: Pair,
) -> None:
    secret = await pair.enrolled("killed")
    await pair.issue("killed", "killed", "next")
    code = pair.code(secret)
    first = await pair.verify(0, "killed", code)

    await pair.kill(0)
    again = await pair.verify(1, "killed", code)
    reused = await pair.verify(1, "next", code)
    await pair.revive(0)

    assert (first.json()["result"], first.json()) == ("passed", again.json())
    assert reused.json()["result"] == "refused"
    assert await outcomes(pair, "killed") == ["passed"]


async def test_a_process_killed_in_the_midst_of_verifying_leaves_no_half_pass(pair: Pair) -> None:
    accounts = [f"torn{number}" for number in range(20)]
    secret_of = {account: await pair.enrolled(account) for account in accounts}
    for account in accounts:
        await pair.issue(account, f"c-{account}")
    offers = [(f"c-{account}", pair.code(secret)) for account, secret in secret_of.items()]
    tasks = [asyncio.create_task(pair.verify(0, *offer)) for offer in offers]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    await pair.kill(0)
    done = await asyncio.gather(*tasks, return_exceptions=True)
    await pair.revive(0)

    answered = sum(not isinstance(answer, BaseException) for answer in done)
    burnt = {row["account_id"] for row in await pair.world.rows(factors) if row["last_step"] > 0}
    for account in accounts:
        passed = await audited(pair, account)
        assert await outcomes(pair, account) == ["passed"] * passed["passed"]
        answered -= passed["passed"]
        assert account in burnt
    assert answered <= 0
    retried = answers([await pair.verify(1, *offer) for offer in offers])
    assert {answer["result"] for answer in retried} == {"passed"}


async def test_a_store_that_comes_back_empty_frees_no_code_and_no_lock(pair: Pair, store: Any) -> None:
    used, locked = await pair.enrolled("used"), await pair.enrolled("locked")
    await pair.issue("used", "used1", "used2")
    await pair.issue("locked", *(f"locked{number}" for number in range(LOCK_AFTER + 1)))
    code = pair.code(used)
    assert (await pair.verify(0, "used1", code)).json()["result"] == "passed"
    for number in range(LOCK_AFTER):
        await pair.verify(number, f"locked{number}", pair.wrong(locked))

    store.kill9()
    store.start()
    client = connect(pair.redis)
    await ask(client, "FLUSHALL")
    await client.aclose()

    got = answers(
        [
            await pair.verify(1, "used2", code),
            await pair.verify(1, f"locked{LOCK_AFTER}", pair.code(locked)),
            await pair.verify(1, "used1", code),
        ]
    )
    assert [answer["result"] for answer in got] == ["refused", "refused", "passed"]


async def test_without_the_store_what_sql_knows_is_decided_and_nothing_else_passes(
    pair: Pair, store: Any
) -> None:
    secret = await pair.enrolled("storeless")
    await pair.issue("storeless", "known")
    client = connect(pair.redis)
    await RedisChallengeIntake(client, time.time).open([asked("fresh", "storeless")])
    await client.aclose()

    store.kill9()
    unknown = await pair.verify(0, "fresh", pair.code(secret))
    known = await pair.verify(0, "known", pair.code(secret))
    store.start()

    assert (unknown.status_code, unknown.json()["type"]) == (503, "urn:payguard:problem:unavailable")
    assert known.json()["result"] == "passed"


async def test_without_the_broker_a_verification_is_decided_and_its_outcome_waits(pair: Pair) -> None:
    """Neither process has a broker."""
    secret = await pair.enrolled("brokerless")
    await pair.issue("brokerless", "brokerless")

    got = await pair.verify(0, "brokerless", pair.code(secret))

    assert got.json()["result"] == "passed"
    async with pair.world.database.read() as connection:
        query = select(outbox.c.sent_at).where(
            outbox.c.key == "brokerless", outbox.c.payload.contains("passed")
        )
        assert list((await connection.execute(query)).scalars()) == [None]
