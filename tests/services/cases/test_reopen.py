"""A verdict is not the end: `unclear` says nothing, a resolved case may be reopened, and a later verdict supersedes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json
from sqlalchemy import select

from contracts.decisions import HoldPayment, effect_id
from contracts.events import Label
from services.cases import verdicts
from services.cases.case_acts import CaseActs
from services.cases.case_rows import Conflict
from services.cases.case_service import CaseService
from services.cases.endings import OtherOpen
from services.cases.states import IllegalTransition
from services.cases.tables import case_entries, outbox
from services.cases.unfreezing import Unfreezing
from services.platform import metrics
from services.platform.database import Database
from tests.services.cases.decided import freeze, open_case, recorded
from tests.services.cases.test_case_service import CASE, NOW, carry_out, counted
from tests.services.cases.test_unfreezing import Codes


class Ticking:
    """A clock that each look moves, so that entries have an order in time."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        self.at += 1.0
        return self.at


@pytest.fixture
def desk(database: Database) -> CaseService:
    return CaseService(database, Ticking())


async def judged(desk: CaseService, verdict: Any, case_id: str = CASE) -> None:
    await desk.assign(case_id, "mei", "key:desk", None)
    await desk.resolve(case_id, verdict, "key:mei", None, None)


async def labels(database: Database) -> list[tuple[str, str]]:
    async with database.read() as connection:
        query = select(outbox.c.payload).where(outbox.c.kind == "event").order_by(outbox.c.id)
        payloads = list((await connection.execute(query)).scalars())
    told = [json.decode(payload, type=Label) for payload in payloads if '"label"' in payload]
    assert len({label.event_id for label in told}) == len(told)
    return [(label.about_event_id, label.verdict) for label in told]


async def test_an_unclear_verdict_labels_nothing_and_lets_nothing_go(
    database: Database, desk: CaseService
) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"), freeze("e1"))))
    before = counted("new_device", "unclear")
    await judged(desk, "unclear")

    found = await desk.case(CASE)
    assert found is not None
    assert (found[0].state, found[0].verdict) == ("resolved", "unclear")
    assert await labels(database) == []
    async with database.read() as connection:
        kinds = list((await connection.execute(select(outbox.c.payload))).scalars())
    assert not [payload for payload in kinds if '"unfreeze"' in payload]
    assert counted("new_device", "unclear") - before == 1


async def test_a_reopened_case_is_as_one_that_nobody_looks_at(database: Database, desk: CaseService) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    await judged(desk, "fraud")
    case = await desk.reopen(CASE, "the owner called", "key:bo", 3)

    assert case is not None
    assert (case.state, case.verdict, case.assignee, case.resolved_at, case.version) == (
        "open",
        None,
        None,
        None,
        4,
    )
    found = await desk.case(CASE)
    assert found is not None
    assert [(each.kind, each.verdict, each.note) for each in found[1][-2:]] == [
        ("resolved", "fraud", None),
        ("reopened", None, "the owner called"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("fraud", "legitimate", [("e1", "fraud"), ("e1", "legitimate")]),
        ("legitimate", "fraud", [("e1", "legitimate"), ("e1", "fraud")]),
        ("fraud", "fraud", [("e1", "fraud")]),
        ("unclear", "fraud", [("e1", "fraud")]),
        ("fraud", "unclear", [("e1", "fraud")]),
    ],
)
async def test_another_verdict_labels_the_events_anew_and_the_same_does_not(
    database: Database, desk: CaseService, first: str, second: str, wanted: list[tuple[str, str]]
) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    await judged(desk, first)
    await desk.reopen(CASE, "again", "key:bo", None)
    await judged(desk, second)

    assert await labels(database) == wanted


async def test_a_third_verdict_is_news_again(database: Database, desk: CaseService) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    for verdict in ("fraud", "legitimate", "fraud"):
        await judged(desk, verdict)
        await desk.reopen(CASE, "again", "key:bo", None)

    assert [verdict for _, verdict in await labels(database)] == ["fraud", "legitimate", "fraud"]


async def test_the_same_verdict_labels_what_has_joined_since(database: Database, desk: CaseService) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    await judged(desk, "fraud")
    await desk.reopen(CASE, "again", "key:bo", None)
    await carry_out(database, recorded("e2", effects=(open_case("e2"),)))
    await judged(desk, "fraud")

    assert await labels(database) == [("e1", "fraud"), ("e2", "fraud")]


async def test_a_case_is_not_reopened_beside_another(database: Database, desk: CaseService) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    await judged(desk, "fraud")
    await carry_out(database, recorded("e2", effects=(open_case("e2"),)))
    with pytest.raises(OtherOpen) as refused:
        await desk.reopen(CASE, "again", "key:bo", None)

    assert refused.value.case_id == effect_id("li", "e2", "open_case")


async def test_only_a_resolved_case_of_this_version_is_reopened(
    database: Database, desk: CaseService
) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    with pytest.raises(IllegalTransition):
        await desk.reopen(CASE, "again", "key:bo", None)
    await judged(desk, "fraud")
    with pytest.raises(Conflict):
        await desk.reopen(CASE, "again", "key:bo", 1)

    assert await desk.reopen("x", "again", "key:bo", None) is None
    async with database.read() as connection:
        told = (await connection.execute(select(case_entries.c.kind))).scalars().all()
    assert "reopened" not in told


async def test_a_case_says_which_acts_belong_to_a_verdict_and_what_is_missing(database: Database) -> None:
    codes = Codes()
    acts = CaseActs(Unfreezing(["factor"], {"factor": codes}, ["unfreeze"]), ["factor_reset"], _has_factor)
    desk = CaseService(database, lambda: NOW, acts)
    payment = HoldPayment(
        effect_id=effect_id("li", "e2", "hold_payment"), due_s=60, amount="9.00", currency="CNY"
    )
    await carry_out(
        database,
        recorded("e1", effects=(open_case("e1"), freeze("e1"))),
        recorded("e2", effects=(payment,)),
    )
    await judged(desk, "fraud")
    found = await desk.case(CASE)
    assert found is not None
    offered = {each.act: each for each in await desk.acts(found[0])}

    assert {act for act, each in offered.items() if "fraud" in each.verdicts} == {
        "unfreeze",
        "cancel_payment",
        "factor_reset",
    }
    assert {act for act, each in offered.items() if "legitimate" in each.verdicts} == {
        "unfreeze",
        "release_payment",
    }
    assert {act for act, each in offered.items() if each.second_person} == {"unfreeze", "factor_reset"}
    assert (offered["unfreeze"].may, offered["unfreeze"].missing) == (False, ["factor"])
    assert (offered["release_payment"].subject, offered["reopen"].may) == ("e2", True)

    await carry_out(database, recorded("e3", effects=(open_case("e3"),)))
    codes.given["li"] = NOW
    offered = {each.act: each for each in await desk.acts(found[0])}
    assert offered["unfreeze"].may
    assert (offered["reopen"].may, offered["reopen"].blocked_by) == (
        False,
        effect_id("li", "e3", "open_case"),
    )


async def test_a_legitimate_verdict_lets_nobody_go_before_the_steps_are_done(database: Database) -> None:
    codes = Codes()
    desk = CaseService(database, lambda: NOW, CaseActs(Unfreezing(["factor"], {"factor": codes})))
    await carry_out(database, recorded("e1", effects=(open_case("e1"), freeze("e1"))))
    await judged(desk, "legitimate")
    found = await desk.case(CASE)
    assert found is not None

    assert [each.missing for each in await desk.acts(found[0]) if each.act == "unfreeze"] == [["factor"]]


async def _has_factor(_connection: Any, _account_id: str) -> bool:
    return True


def test_the_count_of_an_unclear_verdict_begins_at_zero() -> None:
    verdicts.expect(["counted_from_zero"])
    labels = {"detector": "counted_from_zero", "verdict": "unclear"}
    assert metrics.REGISTRY.get_sample_value("payguard_detector_verdicts_total", labels) == 0.0
