from __future__ import annotations

from collections.abc import Callable

import pytest

from services.audit import audit_log
from services.mfa.totp import code_of, step_at
from services.platform.database import Database
from services.staff.members import NameTaken
from services.staff.sessions import Seen
from services.staff.sign_in import Refused
from services.staff.staff import Staff
from services.staff.tries import ADDRESS_TRIES, TRIES, WAIT_S, Slow
from tests.services.api.world import Clock
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.desk.made import PASSWORD, SECRET, hired, staff_over

WRONG = "not the password"
SEEN = Seen("203.0.113.9", "Firefox, Linux")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def staff(database: Database, clock: Clock) -> Staff:  # noqa: F811
    return staff_over(database, clock)


def code(clock: Callable[[], float]) -> str:
    return code_of(SECRET, step_at(clock()))


async def refused(
    staff: Staff, name: str = "agent", password: str = WRONG, typed: str = "000000", **more: str
) -> int:
    with pytest.raises(Refused) as error:
        await staff.sign_in.enter(name, password, typed, SEEN, **more)
    return error.value.left


async def test_password_and_code_together_sign_in_and_neither_alone_does(staff: Staff, clock: Clock) -> None:
    await hired(staff)

    assert await refused(staff, password=PASSWORD) == 4
    assert await refused(staff, typed=code(clock)) == 3
    done = await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)

    found = await staff.sessions.find(done.session)
    assert found is not None
    assert (found.member.name, found.member.role) == ("agent", "agent")


async def test_a_code_signs_in_once(staff: Staff, clock: Clock) -> None:
    await hired(staff)
    await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)

    assert await refused(staff, password=PASSWORD, typed=code(clock)) == 4


async def test_five_refusals_make_a_name_wait_whether_or_not_anybody_has_it(
    staff: Staff, clock: Clock
) -> None:
    await hired(staff)
    for name in ("agent", "nobody"):
        assert [await refused(staff, name) for _ in range(TRIES)] == [4, 3, 2, 1, 0]
        with pytest.raises(Slow) as slow:
            await staff.sign_in.enter(name, PASSWORD, code(clock), SEEN)
        assert slow.value.wait_s == WAIT_S
    clock.at += WAIT_S + 1

    assert await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)


async def test_a_browser_that_is_known_signs_in_while_strangers_try_the_name(
    staff: Staff, clock: Clock
) -> None:
    await hired(staff)
    known = (await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)).known
    for _ in range(TRIES):
        await refused(staff)
    clock.at += 30

    assert await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN, known)


async def test_what_is_known_for_one_name_gives_another_no_tries(staff: Staff, clock: Clock) -> None:
    await hired(staff)
    await hired(staff, name="other")
    known = (await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)).known
    for _ in range(TRIES):
        await refused(staff, "other")

    with pytest.raises(Slow):
        await staff.sign_in.enter("other", PASSWORD, code(clock), SEEN, known)


async def test_an_address_that_tries_many_names_waits(staff: Staff, clock: Clock) -> None:
    for number in range(ADDRESS_TRIES):
        await refused(staff, f"name-{number}")

    with pytest.raises(Slow):
        await staff.sign_in.enter("another", PASSWORD, code(clock), SEEN)


async def test_sign_ins_refusals_and_ends_are_in_the_audit_without_what_was_typed(
    staff: Staff, clock: Clock
) -> None:
    await hired(staff)
    await refused(staff, "my-password-in-the-wrong-field")
    await refused(staff)
    done = await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)
    session = await staff.sessions.find(done.session)
    assert session is not None
    await staff.sessions.end(session.session_id, "staff:agent", "signed_out")

    rows = [row.entry for row in await audit_log.rows(staff.database)]
    told = sorted((each.action, each.result, each.actor) for each in rows)
    assert told == [
        ("staff_added", "done", "cli:test"),
        ("staff_session_ended", "signed_out", "staff:agent"),
        ("staff_sign_in", "done", "staff:agent"),
        ("staff_sign_in", "refused", "staff:agent"),
        ("staff_sign_in", "refused", "unknown"),
    ]
    assert "wrong-field" not in str(rows)


async def test_a_name_is_given_once(staff: Staff) -> None:
    await hired(staff)

    with pytest.raises(NameTaken):
        await hired(staff)


async def test_a_disabled_member_is_out_at_once_and_comes_not_in(staff: Staff, clock: Clock) -> None:
    await hired(staff)
    done = await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)
    await staff.disable("agent", "cli:test")
    clock.at += 30

    assert await staff.sessions.find(done.session) is None
    assert await refused(staff, password=PASSWORD, typed=code(clock)) == 4


async def test_a_session_ends_unused_and_at_its_longest(staff: Staff, clock: Clock) -> None:
    await hired(staff)
    done = await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)
    lasting, began = staff.sessions.lasting, clock.at
    while clock.at < began + lasting.longest_s - lasting.idle_s:
        clock.at += lasting.idle_s - 1
        assert await staff.sessions.find(done.session) is not None
    clock.at = began + lasting.longest_s

    assert await staff.sessions.find(done.session) is None
    assert await staff.sessions.end_overdue() == 1


async def test_a_page_that_only_listens_is_no_use_of_a_session(staff: Staff, clock: Clock) -> None:
    await hired(staff)
    done = await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)
    for _ in range(30):
        clock.at += 60
        await staff.sessions.find(done.session, used=False)

    assert await staff.sessions.find(done.session) is None


async def test_signing_in_again_ends_the_session_that_the_browser_had(staff: Staff, clock: Clock) -> None:
    await hired(staff)
    first = await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN)
    clock.at += 30
    second = await staff.sign_in.enter("agent", PASSWORD, code(clock), SEEN, first.known, first.session)

    assert await staff.sessions.find(first.session) is None
    assert await staff.sessions.find(second.session) is not None
