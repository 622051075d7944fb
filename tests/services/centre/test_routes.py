"""HTTP of an owner's lock and devices: for pages of the wallet's own."""

from __future__ import annotations

from services.cases import holds
from services.cases.hold_tables import account_holds
from services.cases.tables import outbox
from tests.services.centre.lived import STRANGER, live
from tests.services.centre.made import NAMES
from tests.services.portal.site import Site

ACCOUNT = "/v1/accounts/li"


async def test_the_wallet_locks_and_unlocks_with_a_code(site: Site) -> None:
    secret = await site.world.enrolled()
    locked = await site.wallet.post(f"{ACCOUNT}/lock")
    wrong = await site.wallet.post(f"{ACCOUNT}/unlock", json={"code": site.world.wrong(secret)})
    opened = await site.wallet.post(f"{ACCOUNT}/unlock", json={"code": site.world.code(secret)})

    assert locked.json()["frozen"] is not None
    assert (wrong.status_code, wrong.json()["result"]) == (200, "refused")
    assert opened.json() == {"result": "unlocked"}
    assert (await site.wallet.post(f"{ACCOUNT}/unlock", json={})).status_code == 409


async def test_a_challenge_passed_since_the_lock_does_as_well_as_a_code(site: Site) -> None:
    secret = await site.world.enrolled()
    await site.wallet.post(f"{ACCOUNT}/lock")
    before = await site.wallet.post(f"{ACCOUNT}/unlock", json={})
    site.world.clock.at += 30.0
    assert await site.world.verified(site.world.code(secret))

    assert (before.status_code, before.json()["type"].rpartition(":")[2]) == (403, "code_missing")
    assert (await site.wallet.post(f"{ACCOUNT}/unlock", json={})).json() == {"result": "unlocked"}


async def test_another_freeze_is_not_the_owners_to_end_whatever_the_code(site: Site) -> None:
    secret = await site.world.enrolled()
    async with site.world.database.begin() as connection:
        await holds.freeze(connection, "li", "e1", holds.DECISION, 1.0, 1.0)
    code = site.world.code(secret)
    answers = [
        await site.wallet.post(f"{ACCOUNT}/unlock", json={"code": each})
        for each in (code, site.world.wrong(secret))
    ]

    assert [each.json()["type"].rpartition(":")[2] for each in answers] == ["support_unlocks"] * 2
    assert (await site.world.rows(account_holds))[0]["released_at"] is None


async def test_a_malformed_body_is_refused(site: Site) -> None:
    for body in (
        "",
        "[]",
        '{"code": 123456}',
        '{"cod": "123456"}',
        '{"proved_at": "yesterday"}',
        '{"ip": "x"}',
    ):
        assert (await site.wallet.post(f"{ACCOUNT}/unlock", content=body)).status_code == 400, body


async def test_devices_are_listed_and_given_up(site: Site) -> None:
    await live(site.world.database, site.world.clock.at)
    listed = (await site.wallet.get(f"{ACCOUNT}/devices")).json()["devices"]
    key = NAMES.key_of("device", STRANGER).hex()
    gone = await site.wallet.delete(f"{ACCOUNT}/devices/{key}")
    left = (await site.wallet.get(f"{ACCOUNT}/devices")).json()["devices"]

    assert (listed[0]["city"], listed[0]["trusted_until"]) == ("Kuala Lumpur", None)
    assert gone.status_code == 204
    assert key not in [each["key"] for each in left]
    assert len(left) == len(listed) - 1
    assert {each["kind"] for each in await site.world.rows(outbox)} == {"action", "event"}
    assert (await site.wallet.delete(f"{ACCOUNT}/devices/{key}")).status_code == 404
