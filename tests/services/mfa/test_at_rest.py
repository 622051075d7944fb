"""At rest: what the database holds of secrets, under which key, and what a process with other keys does."""

from __future__ import annotations

import base64

import pytest

from services.audit.audit_log import rows
from services.mfa import sealed, totp
from services.mfa.sealed import require_keys, reseal, try_all
from services.mfa.service import ChallengesService
from services.mfa.tables import factors
from services.mfa.vault import Vault
from services.platform.secrets import UnusableKeys
from tests.services.mfa.world import KEY, World, checker

OTHER = bytes([7]) * 32
BOTH = Vault({1: KEY, 2: OTHER}, 2)
NEW = Vault({2: OTHER}, 2)


async def enrolled(world: World, count: int) -> list[str]:
    return [await world.enrolled(f"account-{number}") for number in range(count)]


async def rotated(world: World, vault: Vault) -> list[sealed.Batch]:
    return [batch async for batch in reseal(world.database, vault, "cli:ops", world.clock.at)]


async def test_dumps_hold_no_base32_secret(world: World) -> None:
    secrets = await enrolled(world, 3)
    dump = b"".join(row["secret"] for row in await world.rows(factors))
    everything = repr([await world.rows(table) for table in factors.metadata.sorted_tables]).encode()

    for secret in secrets:
        raw = base64.b32decode(secret)
        assert not any(
            shown in dump + everything for shown in (secret.encode(), raw, repr(raw)[2:-1].encode())
        )


async def test_ciphertexts_swapped_between_accounts_fail(world: World) -> None:
    await world.enrolled("li")
    await world.enrolled("wang")
    stored = {row["account_id"]: row["secret"] for row in await world.rows(factors)}
    async with world.database.begin() as connection:
        for mine, theirs in (("li", "wang"), ("wang", "li")):
            change = factors.update().where(factors.c.account_id == mine).values(secret=stored[theirs])
            await connection.execute(change)

    (batch,) = [batch async for batch in try_all(world.database, Vault({1: KEY}, 1))]

    assert (batch.seen, len(batch.closed)) == (2, 2)
    with pytest.raises(UnusableKeys, match="does not open"):
        await require_keys(world.database, Vault({1: KEY}, 1))


async def test_a_wrong_key_refuses_to_start(world: World) -> None:
    wrong = Vault({1: OTHER}, 1)
    await require_keys(world.database, wrong)
    secret = await world.enrolled()

    await require_keys(world.database, Vault({1: KEY}, 1))
    with pytest.raises(UnusableKeys, match="PAYGUARD_FACTOR_KEY is not the key") as refused:
        await require_keys(world.database, wrong)
    assert not any(
        hidden in str(refused.value) for hidden in (secret, KEY.hex(), base64.b64encode(KEY).decode())
    )


async def test_a_key_version_that_is_needed_and_not_held_refuses_to_start(world: World) -> None:
    await world.enrolled()

    with pytest.raises(UnusableKeys, match="need key version 1"):
        await require_keys(world.database, NEW)


async def test_rotation_keeps_old_ones_readable_and_then_lets_the_old_key_go(world: World) -> None:
    secret = await world.enrolled()
    await require_keys(world.database, BOTH)
    await rotated(world, BOTH)

    await require_keys(world.database, NEW)
    assert await sealed.counts(world.database) == {2: 1}
    await world.issue("c1")
    renewed = ChallengesService(world.database, world.intake, checker(NEW), world.clock)
    assert (await renewed.verify("c1", world.code(secret))).passed


async def test_a_code_is_accepted_before_its_factor_is_rotated(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    renewed = ChallengesService(world.database, world.intake, checker(BOTH), world.clock)

    assert (await renewed.verify("c1", world.code(secret))).passed


async def test_a_rotation_that_is_broken_off_is_finished_by_a_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "BATCH_ROWS", 2)
    secrets = await enrolled(world, 5)
    batches = reseal(world.database, BOTH, "cli:ops", world.clock.at)
    assert (await anext(batches)).resealed == 2
    await batches.aclose()

    assert await sealed.counts(world.database) == {1: 3, 2: 2}
    assert sum(batch.resealed for batch in await rotated(world, BOTH)) == 3
    assert await rotated(world, BOTH) == []
    kept = {NEW.open(row["account_id"], row["secret"]) for row in await world.rows(factors)}
    assert kept == set(secrets)


async def test_every_batch_of_a_rotation_is_audited(world: World) -> None:
    await enrolled(world, 2)
    await rotated(world, BOTH)

    (row,) = await rows(world.database, action="keys_rotated")
    assert ("cli:ops", "done") == (row.entry.actor, row.entry.result)
    assert row.entry.reason == "2 secrets under key version 2, 0 do not open"


async def test_a_factor_that_does_not_open_is_named_and_does_not_stop_the_rotation(world: World) -> None:
    await enrolled(world, 3)
    broken = (await world.rows(factors))[0]["id"]
    async with world.database.begin() as connection:
        damage = factors.update().where(factors.c.id == broken).values(secret=b"\x01" + bytes(40))
        await connection.execute(damage)

    (batch,) = await rotated(world, BOTH)

    assert (batch.resealed, batch.closed) == (2, [broken])
    assert await rotated(world, BOTH) == [sealed.Batch(1, 0, [broken])]


async def test_removed_factors_need_no_key(world: World) -> None:
    await world.enrolled()
    async with world.database.begin() as connection:
        await connection.execute(factors.update().values(state="removed", secret=b""))

    await require_keys(world.database, NEW)
    assert await sealed.counts(world.database) == {}


async def test_a_factor_removed_while_it_is_resealed_stays_removed(world: World) -> None:
    await world.enrolled()
    (row,) = await world.rows(factors)
    async with world.database.begin() as connection:
        await connection.execute(factors.update().values(state="removed", secret=b""))
    async with world.database.begin() as connection:
        count = await sealed.replace_secret(connection, row["id"], row["secret"], b"new")

    assert count == 0
    assert [kept["secret"] for kept in await world.rows(factors)] == [b""]


def test_secrets_have_160_bits_of_the_system_s_generator() -> None:
    made = {totp.new_secret() for _ in range(100)}

    assert {len(base64.b32decode(secret)) for secret in made} == {20}
    assert len(made) == 100
