"""The decision about an event says what its owner was truly told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.cases.contact_points import Contact
from services.cases.repository import keep
from services.cases.tables import notices
from tests.services.api.world import World
from tests.services.cases.decided import alert, no_challenges, notify, recorded


async def decided(world: World, *effects: Any) -> None:
    async with world.database.begin() as connection:
        await keep(connection, [recorded("e1", effects=effects, action="notify")], no_challenges)


async def answered(world: World, *scopes: str) -> Any:
    text, _ = await world.keys.create("asker", scopes)
    answer = await world.client.get("/v1/decisions/e1", headers={"Authorization": f"Bearer {text}"})
    return msgspec.json.decode(answer.content)


async def test_a_decision_says_that_its_owner_cannot_be_told(world: World) -> None:
    await decided(world, notify("e1"))
    async with world.database.begin() as connection:
        await connection.execute(notices.update().values(state="undeliverable", last_error="no_contact"))

    owner = (await answered(world, "ingest"))["owner"]

    assert not owner["reachable"]
    assert [(each["state"], each["why"]) for each in owner["told"]] == [("undeliverable", "no_contact")]


@pytest.mark.parametrize(("scope", "address"), [("support", "l•••@upay.example"), ("ingest", None)])
async def test_only_support_sees_where_the_owner_is_reached(
    world: World, scope: str, address: str | None
) -> None:
    await decided(world, notify("e1"))
    async with world.database.begin() as connection:
        await connection.execute(notices.update().values(state="delivered"))
    await world.app.state.cases.set_contact("li", Contact("li@upay.example", "en", "UTC"))

    owner = (await answered(world, scope))["owner"]

    assert owner["channels"] == [{"channel": "mail", "address": address, "bouncing": False}]


async def test_a_decision_that_tells_its_owner_nothing_does_not_speak_of_them(world: World) -> None:
    async with world.database.begin() as connection:
        record = recorded("e1", effects=(alert("e1"),), action="challenge")
        await keep(connection, [record], no_challenges)

    assert "owner" not in await answered(world, "support")
