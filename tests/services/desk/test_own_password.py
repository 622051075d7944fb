"""A member changes their password: by the old one and a code, and every other session ends."""

from __future__ import annotations

import httpx
import pytest

from services.audit import audit_log
from services.mfa.totp import code_of, step_at
from services.staff.sessions import Seen
from services.staff.tries import TRIES
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.company import Company
from tests.services.desk.made import PASSWORD, SECRET
from tests.services.portal.reading import read

NEW = "nine quiet rivers in the fog"


async def changed(clients: DeskClients, browser: Browser, **typed: str) -> httpx.Response:
    """What is answered to the form, right but for what is given."""
    right = {
        "current": PASSWORD,
        "code": code_of(SECRET, step_at(clients.desk.clock())),
        "new": NEW,
        "again": NEW,
    }
    return await browser.post("/desk/me/password", **(right | typed))


async def test_the_new_password_signs_in_and_every_other_session_is_over(desk_client: DeskClients) -> None:
    browser = await desk_client("agent", "min")
    staff, member = desk_client.desk.staff, browser.member
    assert member is not None
    async with staff.database.begin() as connection:
        elsewhere = await staff.sessions.begin(connection, member, "password", Seen())
    answer = await changed(desk_client, browser)

    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/me?said=password")
    assert await staff.sessions.find(elsewhere) is None
    assert (await browser.get("/desk/me?said=password")).status_code == 200
    assert len(await staff.sessions.listed("min")) == 1
    desk_client.desk.clock.at += 30  # type: ignore[attr-defined]
    code = code_of(SECRET, step_at(desk_client.desk.clock()))
    assert await staff.sign_in.enter("min", NEW, code, Seen())


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"current": "not the password"}, 403),
        ({"code": "000000"}, 403),
        ({"again": "something else"}, 400),
        ({"new": "short", "again": "short"}, 400),
    ],
)
async def test_without_the_old_password_a_code_and_a_new_one_twice_nothing_changes(
    desk_client: DeskClients, typed: dict[str, str], status: int
) -> None:
    browser = await desk_client("agent", "min")
    answer = await changed(desk_client, browser, **typed)

    assert (answer.status_code, 'role="alert"' in answer.text) == (status, True)
    code = code_of(SECRET, step_at(desk_client.desk.clock()))
    assert await desk_client.desk.staff.sign_in.enter("min", PASSWORD, code, Seen())


async def test_guesses_of_the_old_password_are_as_few_as_at_the_sign_in(desk_client: DeskClients) -> None:
    browser = await desk_client("agent", "min")
    answers = [
        (await changed(desk_client, browser, current="not the password")).status_code for _ in range(TRIES)
    ]

    assert answers == [403] * TRIES
    assert (await changed(desk_client, browser)).status_code == 429


async def test_a_change_and_a_refusal_are_in_the_audit_without_what_was_typed(
    desk_client: DeskClients,
) -> None:
    browser = await desk_client("agent", "min")
    await changed(desk_client, browser, current="not the password")
    await changed(desk_client, browser)
    rows = [
        row.entry for row in await audit_log.rows(desk_client.desk.staff.database, action="staff_password")
    ]

    assert sorted((each.result, each.actor, each.reason) for each in rows) == [
        ("done", "staff:min", "min"),
        ("refused", "staff:min", "min"),
    ]


async def test_whoever_signs_in_at_the_company_has_no_password_to_change(
    company: Company, stranger: Browser
) -> None:
    await company.sign_in(stranger)

    assert "/desk/me/password" not in [form.action for form in (await stranger.page("/desk/me")).forms]
    answer = await stranger.post("/desk/me/password", current="", code="", new=NEW, again=NEW)
    assert (answer.status_code, read(answer).language) == (403, "en")
