"""Support's side: pages, assigning, resolving, and what a verdict sends out."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json
from sqlalchemy import select

from contracts.decisions import Contribution, effect_id
from contracts.errors import Malformed
from contracts.events import AnyEvent, Label
from services.cases.approvals import open_approvals
from services.cases.case_acts import CaseActs
from services.cases.case_rows import Conflict
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.repository import Recorded, keep
from services.cases.states import IllegalTransition
from services.cases.tables import contact_points, outbox
from services.cases.unfreezing import Unfreezing
from services.platform import metrics
from services.platform.database import Database
from tests.services.cases.decided import (
    alert,
    challenge,
    freeze,
    no_challenges,
    open_case,
    recorded,
)

NOW = 1_790_000_100.0
CASE = effect_id("li", "e1", "open_case")


@pytest.fixture
def desk(database: Database) -> CaseService:
    return CaseService(database, lambda: NOW)


async def carry_out(database: Database, *records: Recorded) -> None:
    async with database.begin() as connection:
        await keep(connection, records, no_challenges)


async def sent(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(outbox).order_by(outbox.c.id))).all())


async def every_page(desk: CaseService, limit: int, **wanted: str | None) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        settled = {"severity": None, "account_id": None} | wanted
        page = await desk.alerts(**settled, cursor=cursor, limit=limit)
        found += [row.event_id for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            return found


async def test_pages_show_every_alert_once_newest_first(database: Database, desk: CaseService) -> None:
    times = {"e1": 1.0, "e2": 2.5, "e3": 2.5, "e4": 0.1 + 0.2, "e5": 5.0}
    await carry_out(
        database, *(recorded(event_id, effects=(alert(event_id),), at=at) for event_id, at in times.items())
    )
    expected = sorted(
        times, key=lambda event_id: (times[event_id], effect_id("li", event_id, "raise_alert")), reverse=True
    )

    assert [await every_page(desk, limit) for limit in (1, 2, 5, 9)] == [expected] * 4


async def test_alerts_can_be_asked_for_by_severity_and_account(database: Database, desk: CaseService) -> None:
    await carry_out(
        database,
        recorded("e1", "li", (alert("e1", "high"),)),
        recorded("e2", "li", (alert("e2", "low"),)),
        recorded("e3", "wang", (alert("e3", "high"),)),
    )

    assert await every_page(desk, 9, severity="high", account_id="li") == ["e1"]


@pytest.mark.parametrize("cursor", ["x", "bmFuIHg=", "aW5mIHg=", "MS4w", "%%%%", "🙂"])
async def test_a_cursor_that_is_not_ours_is_malformed(database: Database, cursor: str) -> None:
    with pytest.raises(Malformed):
        await CaseService(database, lambda: NOW).cases(
            state=None, severity=None, account_id=None, cursor=cursor, limit=5
        )


async def test_a_case_tells_its_history_with_its_decisions(database: Database, desk: CaseService) -> None:
    await carry_out(
        database, recorded("e1", effects=(open_case("e1"),)), recorded("e2", effects=(open_case("e2"),))
    )
    await desk.assign(CASE, "mei", "key:desk", None)
    await desk.resolve(CASE, "fraud", "mei", "card testing", None)
    found = await desk.case(CASE)

    assert found is not None
    assert [(entry.kind, entry.event_id, entry.actor, entry.note) for entry in found[1]] == [
        ("opened", "e1", None, None),
        ("joined", "e2", None, None),
        ("assigned", None, "key:desk", "mei"),
        ("resolved", None, "mei", "card testing"),
    ]
    assert json.decode(found[1][1].decision or "")["event_id"] == "e2"


async def test_a_verdict_labels_every_event_of_the_case_in_the_stream(
    database: Database, desk: CaseService
) -> None:
    await carry_out(
        database,
        recorded("e1", effects=(open_case("e1"), challenge("e1"))),
        recorded("e2", effects=(open_case("e2"),)),
    )
    await desk.assign(CASE, "mei", "key:desk", None)
    await desk.resolve(CASE, "fraud", "mei", None, None)
    labels = [json.decode(row.payload, type=AnyEvent) for row in await sent(database)]

    assert [
        (label.about_event_id, label.verdict, label.at, label.payee_id, label.account_id)
        for label in labels
        if isinstance(label, Label)
    ] == [("e1", "fraud", NOW, "shop-7", "li"), ("e2", "fraud", NOW, None, "li")]


async def test_a_label_tells_when_the_event_happened_that_it_is_about(
    database: Database, desk: CaseService
) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    await desk.assign(CASE, "mei", "key:desk", None)
    await desk.resolve(CASE, "fraud", "mei", None, None)
    [label] = [json.decode(row.payload, type=Label) for row in await sent(database)]

    assert (label.about_at, label.at) == (1_790_000_000.0, NOW)


async def test_a_legitimate_verdict_releases_a_freeze_once(database: Database, desk: CaseService) -> None:
    await carry_out(
        database,
        recorded("e1", effects=(open_case("e1"), freeze("e1"))),
        recorded("e2", effects=(open_case("e2"), freeze("e2"))),
    )
    await desk.assign(CASE, "mei", "key:desk", None)
    await desk.resolve(CASE, "legitimate", "mei", None, None)
    actions = [json.decode(row.payload)["kind"] for row in await sent(database) if row.kind == "action"]

    assert actions == ["freeze", "unfreeze"]


async def test_a_legitimate_verdict_asks_a_second_person_to_release_where_one_is_needed(
    database: Database,
) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"), freeze("e1"))))
    desk = CaseService(database, lambda: NOW, CaseActs(Unfreezing(second_person=["unfreeze"])))
    await desk.assign(CASE, "mei", "key:desk", None)
    await desk.resolve(CASE, "legitimate", "key:desk", None, None)

    async with database.read() as connection:
        (asked,) = await open_approvals(connection, NOW)
    assert (asked.act, asked.account_id, asked.asked_by) == ("unfreeze", "li", "key:desk")
    assert not [row for row in await sent(database) if '"unfreeze"' in row.payload]


@pytest.mark.parametrize("verdict", ["fraud", "legitimate"])
async def test_nothing_is_released_that_was_not_frozen_or_is_fraud(
    database: Database, desk: CaseService, verdict: Any
) -> None:
    effects = (open_case("e1"), freeze("e1")) if verdict == "fraud" else (open_case("e1"),)
    await carry_out(database, recorded("e1", effects=effects))
    await desk.assign(CASE, "mei", "key:desk", None)
    await desk.resolve(CASE, verdict, "mei", None, None)

    assert not [row for row in await sent(database) if '"unfreeze"' in row.payload]


async def test_a_refused_verdict_sends_nothing(database: Database, desk: CaseService) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    with pytest.raises(IllegalTransition):
        await desk.resolve(CASE, "fraud", "mei", None, None)

    assert not await sent(database)


async def test_a_change_over_an_old_version_is_refused(database: Database, desk: CaseService) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    await desk.assign(CASE, "mei", "key:desk", 1)
    with pytest.raises(Conflict):
        await desk.assign(CASE, "bo", "key:desk", 1)


async def test_an_unknown_case_is_none(desk: CaseService) -> None:
    assert [
        await desk.case("x"),
        await desk.assign("x", "mei", "key:desk", None),
        await desk.resolve("x", "fraud", "mei", None, None),
    ] == [None] * 3
    assert [] == await desk.decisions("x")


async def test_a_contact_is_replaced_by_the_newest(database: Database, desk: CaseService) -> None:
    await desk.set_contact("li", Contact("old@upay.example", "en", "UTC"))
    await desk.set_contact("li", Contact("new@upay.example", "zh-CN", "Asia/Shanghai"))
    async with database.read() as connection:
        query = select(contact_points.c.address, contact_points.c.locale, contact_points.c.until.is_(None))
        rows = (await connection.execute(query.order_by(contact_points.c.address))).all()

    assert [tuple(row) for row in rows] == [
        ("new@upay.example", "zh-CN", True),
        ("old@upay.example", "en", False),
    ]


async def test_a_verdict_counts_once_for_each_detector_that_acted(
    database: Database, desk: CaseService
) -> None:
    acted = (
        Contribution(detector="new_payee", reason="new_payee", weight=1.0, share=40),
        Contribution(detector="learned_pattern", reason="learned_pattern", weight=1.0, mode="shadow"),
    )
    before = {name: counted(name, "fraud") for name in ("new_payee", "learned_pattern")}
    await carry_out(
        database,
        recorded("e1", effects=(open_case("e1"),), findings=acted),
        recorded("e2", effects=(open_case("e2"),), findings=acted),
    )
    await desk.assign(CASE, "mei", "key:desk", None)
    await desk.resolve(CASE, "fraud", "mei", None, None)

    assert counted("new_payee", "fraud") - before["new_payee"] == 2
    assert counted("learned_pattern", "fraud") == before["learned_pattern"]


def counted(detector: str, verdict: str) -> float:
    labels = {"detector": detector, "verdict": verdict}
    return metrics.REGISTRY.get_sample_value("payguard_detector_verdicts_total", labels) or 0.0
