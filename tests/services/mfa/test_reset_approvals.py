"""A factor's reset waits among the acts that need a second person, and is decided there or at its own address alike."""

from __future__ import annotations

from typing import Any

import pytest

from services.cases import approvals
from services.cases.approvals import ActRule, Approval, SamePerson
from services.cases.hold_service import HoldService, NotAllowed
from services.http.api_keys import ApiKey
from services.mfa.reset_rows import LAPSES_AFTER_S
from services.mfa.resets import DELAY_S, FactorResets, SameAdministrator
from tests.services.mfa.test_resets import Office, office  # noqa: F401  found here by the tests
from tests.services.mfa.world import AT_ONCE, NOON_S, World


def holds(of: Office) -> HoldService:
    rule = ActRule(of.resets.allowed, of.resets.refused, scope="admin")
    return HoldService(of.world.database, of.world.clock, acts={"factor_reset": rule})


async def asked(of: Office) -> Approval:
    await of.resets.request("li", of.first, "lost phone")
    (waiting,) = await holds(of).approvals()
    return waiting


async def state(of: Office) -> str:
    (reset,) = await of.resets.newest("li", False, 9)
    return reset.state


async def test_a_request_waits_among_the_approvals_and_is_allowed_there(office: Office) -> None:  # noqa: F811
    waiting = await asked(office)
    await holds(office).decide(waiting.approval_id, office.other, "approved")
    office.world.clock.at += DELAY_S

    assert (waiting.act, waiting.account_id, waiting.asked_by) == ("factor_reset", "li", "key:wang")
    assert waiting.expires_at - waiting.asked_at == LAPSES_AFTER_S
    assert await office.resets.carry_out_due() == 1
    assert await office.state() == "none"


async def test_one_that_is_approved_at_its_own_address_waits_no_more(office: Office) -> None:  # noqa: F811
    waiting = await asked(office)
    await office.resets.approve(waiting.subject, office.other)
    found = await holds(office).approval(waiting.approval_id)

    assert found is not None
    assert (found.decision, found.decided_by) == ("approved", "key:zhao")
    assert await holds(office).approvals() == []


async def test_a_refusal_cancels_the_reset_and_its_owner_has_a_letter(office: Office) -> None:  # noqa: F811
    waiting = await asked(office)
    await holds(office).decide(waiting.approval_id, office.other, "refused")

    assert await state(office) == "cancelled"
    assert sorted(await office.letters()) == ["reset_cancelled", "reset_requested"]


@pytest.mark.parametrize("end", ["cancelled", "lapsed"])
async def test_a_reset_that_ended_otherwise_waits_for_nobody(
    office: Office,  # noqa: F811
    end: str,
) -> None:
    waiting = await asked(office)
    if end == "cancelled":
        await office.resets.cancel(waiting.subject, office.first.key_id)
    else:
        office.world.clock.at += LAPSES_AFTER_S
        await office.resets.carry_out_due()
    found = await holds(office).approval(waiting.approval_id)

    assert await state(office) == end
    assert found is not None
    assert found.decision == "expired"
    assert await holds(office).decide(waiting.approval_id, office.other, "approved") is None


async def test_nobody_approves_their_own_request_nor_without_the_scope(office: Office) -> None:  # noqa: F811
    waiting = await asked(office)
    supporter = ApiKey("0" * 12, "bo", frozenset({"support"}), NOON_S)
    with pytest.raises(SamePerson):
        await holds(office).decide(waiting.approval_id, office.first, "approved")
    with pytest.raises(NotAllowed):
        await holds(office).decide(waiting.approval_id, supporter, "approved")
    # Another key of the same name is the same person.
    namesake = ApiKey("1" * 12, office.first.name, frozenset({"admin"}), NOON_S)
    with pytest.raises(SameAdministrator):
        await office.resets.approve(waiting.subject, namesake)

    assert await state(office) == "requested"


async def test_a_team_whose_policy_asks_for_one_needs_no_second_administrator(
    office: Office,  # noqa: F811
) -> None:
    world: World = office.world
    alone = FactorResets(world.database, world.checker, world.clock, answers=AT_ONCE, two_people=False)
    made: Any = await alone.request("li", office.first, "lost phone")
    early = await alone.carry_out_due()
    world.clock.at += DELAY_S
    done = await alone.carry_out_due()

    assert (made.state, early, done) == ("approved", 0, 1)
    assert await office.state() == "none"
    async with world.database.read() as connection:
        assert await approvals.open_approvals(connection, world.clock()) == []
