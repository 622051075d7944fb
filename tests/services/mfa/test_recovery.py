"""Recovery codes: ten, shown once, kept as hashes, each used once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from contracts.events import AccountChange
from services.audit.tables import audit
from services.mfa import recovery
from services.mfa.code_rules import LOCK_AFTER
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.tables import recovery_codes
from services.mfa.vault import Vault
from services.platform.database import Database
from tests.services.mfa.world import CHEAP, KEY, OWNER, World


async def codes_of(world: World, account_id: str = "li") -> tuple[str, ...]:
    """The recovery codes of a new factor of the account; the clock stands two steps later."""
    made = await world.enrol(account_id)
    confirmed = await world.lifecycle.confirm(account_id, world.code(made.secret), OWNER)
    world.clock.at += 60.0
    return confirmed.recovery_codes


async def used(world: World, code: str, account_id: str = "li") -> bool:
    async with world.database.begin() as connection:
        return await recovery.use(connection, account_id, code, world.clock.at, OWNER)


async def left(world: World) -> int:
    return (await world.lifecycle.status("li")).recovery_codes_left


async def test_a_confirmed_factor_has_ten_different_recovery_codes(world: World) -> None:
    codes = await codes_of(world)

    assert (10, 10) == (len(codes), len(set(codes)))
    assert all(recovery.is_recovery_code(code) for code in codes)
    assert await left(world) == 10


async def test_a_recovery_code_hides_at_least_fifty_bits_behind_its_hash(world: World) -> None:
    """The first group of four is kept in clear; the rest are draws from 32 characters."""
    (code, *_) = await codes_of(world)

    assert math.log2(32) * len(code.replace("-", "")[4:]) >= 50


async def test_the_database_holds_argon2id_hashes_and_no_recovery_code(world: World) -> None:
    codes = await codes_of(world)
    rows = await world.rows(recovery_codes)

    assert all(row["hash"].startswith("$argon2id$v=19$") for row in rows)
    assert not any(code[5:] in str(rows) or code.replace("-", "")[4:] in str(rows) for code in codes)
    assert 10 == len({row["hash"].split("$")[4] for row in rows})


async def test_a_hash_costs_what_owasp_asks_for() -> None:
    made = await recovery.make()
    cost = extract_parameters(made.kept[0][1])

    assert (cost.memory_cost, cost.time_cost, cost.parallelism) == (19_456, 2, 1)
    assert cost.salt_len == 16


async def test_the_text_forms_show_no_recovery_code(world: World) -> None:
    made = await recovery.make(CHEAP)
    pending = await world.enrol()
    confirmed = await world.lifecycle.confirm("li", world.code(pending.secret), OWNER)

    assert repr(made) == "NewCodes(...)"
    assert not any(code in repr(confirmed) for code in confirmed.recovery_codes)


async def test_a_recovery_code_is_used_once(world: World) -> None:
    code, *_ = await codes_of(world)

    assert [await used(world, code), await used(world, code)] == [True, False]
    assert await left(world) == 9


async def test_case_and_hyphens_of_a_recovery_code_do_not_matter(world: World) -> None:
    first, second, *_ = await codes_of(world)

    assert await used(world, first.lower())
    assert await used(world, second.replace("-", ""))


async def test_a_code_with_the_right_beginning_and_a_wrong_rest_is_refused(world: World) -> None:
    first, second, *_ = await codes_of(world)

    assert not await used(world, first[:5] + second[5:])
    assert await left(world) == 10


async def test_another_accounts_recovery_code_is_refused(world: World) -> None:
    code, *_ = await codes_of(world, "mallory")
    await codes_of(world, "li")

    assert not await used(world, code, "li")


@pytest.fixture
async def second(world: World, database_url: str) -> AsyncIterator[FactorLifecycle]:
    """Another process's lifecycle on the same database."""
    database = Database(database_url)
    vault = Vault({1: KEY}, 1)
    yield FactorLifecycle(database, vault, world.checker, world.clock, "UPay", CHEAP)
    await database.close()


async def test_a_recovery_code_offered_many_times_at_once_is_used_once(
    world: World, second: FactorLifecycle
) -> None:
    code, *_ = await codes_of(world)
    lives = (world.lifecycle, second)

    made = await asyncio.gather(*(lives[n % 2].regenerate("li", code, OWNER) for n in range(20)))

    assert 1 == sum(bool(one) for one in made)
    assert 1 == (await world.changes()).count("recovery_code_used")


async def test_new_recovery_codes_take_the_place_of_the_old_ones(world: World) -> None:
    secret = await world.enrolled()
    old = await world.lifecycle.regenerate("li", world.code(secret), OWNER)
    world.clock.at += 30.0

    new = await world.lifecycle.regenerate("li", world.code(secret), OWNER)

    assert isinstance(old, tuple)
    assert isinstance(new, tuple)
    assert not set(old) & set(new)
    assert not await used(world, old[0])
    assert await used(world, new[0])


async def test_a_wrong_code_makes_no_recovery_codes(world: World) -> None:
    secret = await world.enrolled()
    before = await world.rows(recovery_codes)

    assert not await world.lifecycle.regenerate("li", world.wrong(secret), OWNER)
    assert before == await world.rows(recovery_codes)


async def test_a_recovery_code_makes_new_ones(world: World) -> None:
    code, *_ = await codes_of(world)

    made = await world.lifecycle.regenerate("li", code, OWNER)

    assert isinstance(made, tuple)
    assert len(made) == 10
    assert await left(world) == 10


async def test_a_recovery_code_allows_a_replacement_and_its_set_ends_with_the_old_factor(
    world: World,
) -> None:
    first, other, *_ = await codes_of(world)
    new = await world.enrol(code=first)

    confirmed = await world.lifecycle.confirm("li", world.code(new.secret), OWNER)

    assert len(confirmed.recovery_codes) == 10
    assert not await used(world, other)


async def test_a_recovery_code_removes_the_factor_and_no_code_outlives_it(world: World) -> None:
    first, other, *_ = await codes_of(world)

    assert await world.lifecycle.remove("li", first, OWNER)

    assert [] == await world.rows(recovery_codes)
    assert not await used(world, other)


async def test_a_recovery_code_confirms_no_enrolment(world: World) -> None:
    first, other, *_ = await codes_of(world)
    await world.enrol(code=first)

    assert not (await world.lifecycle.confirm("li", other, OWNER)).confirmed
    assert await left(world) == 9


async def test_wrong_recovery_codes_lock_the_factor_as_wrong_codes_do(world: World) -> None:
    first, second, *_ = await codes_of(world)
    wrong = first[:5] + second[5:]
    for _ in range(LOCK_AFTER):
        await world.lifecycle.remove("li", wrong, OWNER)

    status = await world.lifecycle.status("li")
    assert ("active", world.clock.at + 1800.0) == (status.state, status.locked_until)
    assert not await world.lifecycle.remove("li", wrong, OWNER)
    assert (await world.lifecycle.status("li")).locked_until == status.locked_until


async def test_a_used_recovery_code_is_told_with_where_it_came_from_and_how_many_are_left(
    world: World,
) -> None:
    code, *_ = await codes_of(world)
    await used(world, code)

    event = (await world.sent())[-1]
    assert isinstance(event, AccountChange)
    assert event.change == "recovery_code_used"
    assert (await world.letters())[-1][:2] == ("recovery_code_used", 9)


class OneTransaction(Database):
    """A database that goes away after one transaction."""

    gone = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        if self.gone:
            raise Unavailable("database away")
        self.gone = True
        async with super().begin() as connection:
            yield connection


async def test_a_factor_works_when_the_database_went_away_before_its_recovery_codes_were_made(
    world: World, database_url: str
) -> None:
    made = await world.enrol()
    database = OneTransaction(database_url)
    lifecycle = FactorLifecycle(database, Vault({1: KEY}, 1), world.checker, world.clock, "UPay", CHEAP)

    confirmed = await lifecycle.confirm("li", world.code(made.secret), OWNER)
    await database.close()

    assert (True, ()) == (confirmed.confirmed, confirmed.recovery_codes)
    status = await world.lifecycle.status("li")
    assert ("active", 0) == (status.state, status.recovery_codes_left)


async def test_every_attempt_with_a_recovery_code_is_one_audit_entry(world: World) -> None:
    code, *_ = await codes_of(world)
    before = len(await world.rows(audit))

    await world.lifecycle.remove("li", "0000-0000-0000-0000", OWNER)
    await world.lifecycle.remove("li", code, OWNER)

    assert before + 2 == len(await world.rows(audit))


@pytest.mark.parametrize(
    "text", ["", "123456", "ILOU-0000-0000-0000", "0000-0000-0000-000", "0000--000000000000"]
)
def test_what_looks_different_is_no_recovery_code(text: str) -> None:
    assert not recovery.is_recovery_code(text)


@given(st.text(max_size=24))
def test_only_ascii_is_a_recovery_code(text: str) -> None:
    assert not recovery.is_recovery_code(text) or text.isascii()


@pytest.mark.parametrize(("passes", "memory_kib"), [(0, 19_456), (2, 7)])
def test_a_cost_that_argon2_does_not_take_is_refused_before_serving(passes: int, memory_kib: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        recovery.Cost(passes, memory_kib)
