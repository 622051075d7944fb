"""Members: who may still act, and which change of a role ends sessions."""

from __future__ import annotations

from itertools import pairwise

import pytest

from services.platform.database import Database
from services.staff.members import ROLES, NoMember, Role, fell, stand
from services.staff.sessions import Seen
from services.staff.staff import Staff
from tests.services.api.world import Clock
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.desk.made import hired, staff_over


@pytest.fixture
def staff(database: Database) -> Staff:  # noqa: F811
    return staff_over(database, Clock())


async def standing(staff: Staff, *idents: str) -> bool:
    async with staff.database.read() as connection:
        return await stand(connection, idents)


async def test_what_an_administrator_asked_for_falls_when_they_are_suspended_or_no_administrator(
    staff: Staff,
) -> None:
    ada, bo = await hired(staff, "admin", "ada"), await hired(staff, "admin", "bo")
    assert await standing(staff, ada.ident, bo.ident)
    await staff.disable("ada", "cli:test")
    assert not await standing(staff, ada.ident, bo.ident)
    await staff.enable("ada", "cli:test")
    assert await standing(staff, ada.ident, bo.ident)
    await staff.set_role("bo", "senior", "cli:test")

    assert not await standing(staff, ada.ident, bo.ident)


@pytest.mark.parametrize("before", ROLES)
@pytest.mark.parametrize("after", ROLES)
async def test_a_role_that_fell_ends_sessions_and_any_other_does_not(
    staff: Staff, before: Role, after: Role
) -> None:
    member = await hired(staff, before, "min")
    async with staff.database.begin() as connection:
        await staff.sessions.begin(connection, member, "password", Seen())
    await staff.set_role("min", after, "cli:test")

    assert (await staff.sessions.listed("min") == []) == fell(before, after)


async def test_roles_fall_from_administrator_to_auditor() -> None:
    order: list[Role] = ["admin", "security", "senior", "agent", "auditor"]

    assert [fell(before, after) for before, after in pairwise(order)] == [True] * 4
    assert not any(fell(role, role) for role in ROLES)


async def test_whoever_is_nobody_is_not_changed(staff: Staff) -> None:
    for work in (
        staff.disable("nobody", "cli:test"),
        staff.enable("nobody", "cli:test"),
        staff.set_role("nobody", "agent", "cli:test"),
        staff.invite("nobody", "cli:test"),
        staff.reset("nobody", "cli:test"),
    ):
        with pytest.raises(NoMember):
            await work
