"""An owner whose payment was held tries four times more: no case, one letter, one payment, over HTTP and Kafka."""

from __future__ import annotations

from collections import Counter

from msgspec import json
from sqlalchemy import func, select

from services.cases.tables import alerts, cases, notices
from services.platform.database import Database
from tests.chaos.feed import Feeder
from tests.chaos.stack import Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_stopped_and_released import Desk, api_of, held_life, keys_of

TRIES = [f"again-{number}" for number in range(4)]


async def tried(stack: Stack) -> None:
    """A held payment, and four tries more within five minutes."""
    events = held_life("wu")
    first = json.decode(events[-1])
    events += [
        json.encode({**first, "event_id": name, "occurred_at": first["occurred_at"] + 60_000 * (number + 1)})
        for number, name in enumerate(TRIES)
    ]
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        for value in events:
            await feeder.put(b"wu", value)
        await feeder.flush()
    stack.start_worker(0)
    stack.start_cases()
    await until_decided(stack, len(events))


async def rows_of(stack: Stack) -> dict[str, int]:
    database = Database(stack.settings.database)
    async with database.read() as connection:
        counts = {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (cases, notices, alerts)
        }
    await database.close()
    return counts


async def test_five_tries_are_no_case_one_letter_and_one_payment(make_stack: MakeStack) -> None:
    stack = await make_stack()
    await tried(stack)
    keys = await keys_of(stack, mei="support", wallet="actions")
    async with api_of(stack) as client:
        mei, wallet = Desk(client, keys["mei"]), Desk(client, keys["wallet"])
        waiting = await mei.until(
            "/v1/accounts/wu/holds", lambda found: found["payments"] and found["payments"][0]["tries"] == 4
        )
        counted = await rows_of(stack)
        await mei.ask("POST", "/v1/accounts/wu/payments/held/release", why="his new phone")
        feed = await wallet.until("/v1/actions", lambda found: len(found["actions"]) >= 5)
        decision = await mei.ask("GET", f"/v1/decisions/{TRIES[-1]}?account_id=wu")

    assert waiting["frozen"] is None
    assert [each["event_id"] for each in waiting["payments"]] == ["held"]
    assert counted == {"cases": 0, "notices": 1, "alerts": 0}
    done = Counter((each["kind"], each["event_id"]) for each in feed["actions"])
    assert done == Counter([("release_payment", "held"), *(("cancel_payment", name) for name in TRIES)])
    assert (decision["effects"][0]["joins"], decision["settlement"]["event_id"]) == ("held", "held")
    assert decision["settlement"]["state"] == "released"
