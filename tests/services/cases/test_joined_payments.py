"""Tries of a held payment: all end with it, and at most one of them is carried out."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json
from sqlalchemy import select

from contracts.decisions import HoldPayment, ReleasePayment, effect_id
from services.cases.held_payments import HeldPayment
from services.cases.hold_service import HoldService, NotHeld
from services.cases.repository import keep
from services.cases.tables import outbox
from services.platform.database import Database
from tests.services.cases.databases import opened
from tests.services.cases.decided import no_challenges, recorded

NOW = 1_790_000_100.0
DAY_S = 86_400


def held(event_id: str, joins: str | None = None, waits_for: str | None = None) -> Any:
    effect = HoldPayment(
        effect_id=effect_id("li", event_id, "hold_payment"),
        due_s=DAY_S,
        amount="412.00",
        currency="CNY",
        payee_id="chen-wei-4471",
        joins=joins,
    )
    return recorded(event_id, effects=(effect,), waits_for=waits_for)


def coded(event_id: str) -> Any:
    """The decision on the code that was passed for the payment."""
    known = effect_id("li", f"code-{event_id}", "release_payment")
    return recorded(f"code-{event_id}", effects=(ReleasePayment(effect_id=known, event_id=event_id),))


async def carried(database: Database, *records: Any) -> None:
    async with database.begin() as connection:
        await keep(connection, records, no_challenges)


async def told(database: Database) -> list[tuple[str, str]]:
    """What was told: the kind of an action, or the outcome of a settlement, and the event."""
    async with database.read() as connection:
        rows = await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))
    found = [json.decode(row.payload) for row in rows]
    return [
        (
            each.get("kind") or each["outcome"],
            each.get("event_id") if "kind" in each else each["about_event_id"],
        )
        for each in found
    ]


async def test_a_payment_with_four_tries_is_one_that_waits(database: Database) -> None:
    await carried(database, held("e1"), *(held(f"e{number}", "e1") for number in range(2, 6)))
    waiting = (await HoldService(database, lambda: NOW).of("li")).payments

    assert [(each.event_id, each.tries) for each in waiting] == [("e1", 4)]


async def test_the_first_is_let_go_and_its_tries_are_given_up(database: Database) -> None:
    service = HoldService(database, lambda: NOW)
    await carried(database, held("e1"), held("e2", "e1"), held("e3", "e1"))
    await service.settle("li", "e1", "released", "key:mei", "his landlord")

    assert await told(database) == [
        ("release_payment", "e1"), ("cancel_payment", "e2"), ("cancel_payment", "e3"), ("released", "e1"),
    ]  # fmt: skip
    stands = await service.payment("li", "e3")
    assert stands is not None
    assert (stands.event_id, stands.state) == ("e1", "released")


async def test_a_try_may_be_let_go_in_place_of_the_first(database: Database) -> None:
    service = HoldService(database, lambda: NOW)
    await carried(database, held("e1"), held("e2", "e1"))
    released = await service.settle("li", "e2", "released", "key:mei", "the later one")
    assert isinstance(released, HeldPayment)

    assert (released.event_id, released.state) == ("e2", "released")
    assert await told(database) == [("cancel_payment", "e1"), ("release_payment", "e2"), ("released", "e1")]
    with pytest.raises(NotHeld):
        await service.settle("li", "e1", "released", "key:bo", "both")


async def test_a_code_lets_one_go_by_its_grant_and_gives_the_others_up(database: Database) -> None:
    await carried(database, held("e1"), held("e2", "e1"))
    await carried(database, coded("e2"))
    await carried(database, coded("e2"))
    stands = await HoldService(database, lambda: NOW).payment("li", "e1")

    assert await told(database) == [("cancel_payment", "e1"), ("released", "e1")]
    assert stands is not None
    assert (stands.event_id, stands.state, stands.settled_by) == ("e2", "released", "code")


@pytest.mark.parametrize("outcome", ["cancelled", "expired"])
async def test_what_is_given_up_is_given_up_with_all_its_tries(
    database: Database, outcome: Literal["cancelled", "expired"]
) -> None:
    await carried(database, held("e1"), held("e2", "e1"))
    placed_at = held("e1").recorded_at
    service = HoldService(database, lambda: placed_at + DAY_S)
    if outcome == "expired":
        assert [await service.expire(), await service.expire()] == [1, 0]
    else:
        await service.settle("li", "e2", "cancelled", "key:mei", "not wanted")

    kinds = Counter(kind for kind, _ in await told(database))
    assert kinds == {"cancel_payment": 2, outcome: 1}
    assert (await service.of("li")).payments == []


async def test_a_try_that_comes_after_the_end_is_given_up_at_once(database: Database) -> None:
    service = HoldService(database, lambda: NOW)
    await carried(database, held("e1"))
    await service.settle("li", "e1", "released", "key:mei", "fine")
    await carried(database, held("e2", "e1"))
    await carried(database, held("e2", "e1"))

    assert await told(database) == [("release_payment", "e1"), ("released", "e1"), ("cancel_payment", "e2")]
    assert (await service.of("li")).payments == []


async def test_a_try_of_a_payment_that_nobody_knows_waits_by_itself(database: Database) -> None:
    await carried(database, held("e2", "e1"))
    waiting = (await HoldService(database, lambda: NOW).of("li")).payments

    assert [(each.event_id, each.joins) for each in waiting] == [("e2", None)]


async def test_what_waits_for_its_owner_waits_for_support_once_a_try_does(database: Database) -> None:
    service = HoldService(database, lambda: NOW)
    await carried(database, held("e1", waits_for="owner"), held("e2", "e1", waits_for="owner"))
    before = (await service.of("li")).payments
    await carried(database, held("e3", "e1"))
    after = (await service.of("li")).payments

    assert [each.waits_for for each in (*before, *after)] == ["owner", "support"]


async def test_another_accounts_payment_of_the_same_id_is_not_joined(database: Database) -> None:
    await carried(database, held("e1"))
    service = HoldService(database, lambda: NOW)
    with pytest.raises(NotHeld):
        await service.settle("wu", "e1", "released", "key:mei", "x")


ACTS = st.lists(
    st.tuples(st.sampled_from(["try", "release", "cancel", "code"]), st.integers(1, 5)), max_size=12
)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_whatever_happens_in_whatever_order_at_most_one_try_is_carried_out(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("held") / "held.db"
    path.write_bytes(migrated_file.read_bytes())

    async def live() -> list[tuple[str, str]]:
        database = opened(f"sqlite:///{path}")
        service = HoldService(database, lambda: NOW)
        by_code = 0
        try:
            await carried(database, held("e1"))
            for act, number in acts:
                event_id = f"e{number}"
                if act == "try":
                    await carried(database, held(event_id, "e1"))
                    continue
                try:
                    if act == "code":
                        before = await service.payment("li", event_id)
                        await carried(database, coded(event_id))
                        after = await service.payment("li", event_id)
                        by_code += before != after
                    else:
                        outcome: Any = {"release": "released", "cancel": "cancelled"}[act]
                        await service.settle("li", event_id, outcome, "key:mei", "x")
                except NotHeld:
                    pass
            return [*await told(database), *[("release_payment", "by its grant")] * by_code]
        finally:
            await database.close()

    ends = Counter(kind for kind, _ in asyncio.run(live()))
    assert ends["release_payment"] <= 1
    assert sum(ends[outcome] for outcome in ("released", "cancelled")) <= 1
