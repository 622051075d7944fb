"""The page of members: what an administrator does there, what nobody does, and that two people reset a sign-in."""

from __future__ import annotations

import asyncio
import re

import pytest

from services.audit import audit_log
from services.platform.database import Database
from services.staff.administration import NotThis
from services.staff.staff import Staff
from tests.services.api.world import Clock
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.made import PASSWORD, administration_over, hired
from tests.services.portal.reading import read

STAFF = "/desk/staff"


async def told(staff: Staff) -> list[tuple[str, str, str | None]]:
    """What the audit keeps of acts on members, oldest first."""
    rows = [row.entry for row in await audit_log.rows(staff.database)]
    acts = [each for each in rows if each.action.startswith("staff_") and each.actor.startswith("staff:")]
    return [(each.action, each.actor, each.reason) for each in sorted(acts, key=lambda each: each.at)]


async def test_every_member_is_listed_with_how_it_stands(desk_client: DeskClients) -> None:
    admin = await desk_client("admin", "ada")
    await desk_client("agent", "min")
    await hired(desk_client.desk.staff, "auditor", "old")
    await desk_client.desk.staff.disable("old", "cli:test")
    await admin.send(await admin.page(STAFF), STAFF, name="new", role="agent", locale="zh-CN")
    page = await admin.page(STAFF)

    assert [link for link in page.links if re.fullmatch(r"/desk/staff/\w+", link)] == [
        f"{STAFF}/{name}" for name in ("ada", "min", "new", "old")
    ]
    for state in ("may sign in", "link handed over", "suspended"):
        assert state in page.text
    assert page.text.count("with password and code") == 4


async def test_a_member_who_is_added_signs_in_first_by_the_link_that_is_shown_once(
    desk_client: DeskClients,
) -> None:
    admin, newcomer = await desk_client("admin", "ada"), desk_client.stranger()
    added = read(await admin.send(await admin.page(STAFF), STAFF, name="New.One", role="senior"))
    link = re.search(r"http://payguard(/desk/first/[\w-]+)", added.text)
    assert link is not None, added.text

    first = await newcomer.page(link[1])
    chosen = await newcomer.send(first, "/desk/first", name="new.one", password=PASSWORD, again=PASSWORD)
    assert chosen.status_code == 200
    assert "/desk/first/" not in (await admin.page(f"{STAFF}/new.one")).text


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"name": "min"}, 409),
        ({"name": "a b"}, 400),
        ({"name": "x", "role": "boss"}, 400),
        ({"name": ""}, 400),
    ],
)
async def test_a_member_who_cannot_be_is_not_added(
    desk_client: DeskClients, typed: dict[str, str], status: int
) -> None:
    admin = await desk_client("admin", "ada")
    await hired(desk_client.desk.staff, "agent", "min")
    answer = await admin.send(await admin.page(STAFF), STAFF, **({"role": "agent"} | typed))

    assert (answer.status_code, "alert" in answer.text) == (status, True)
    assert len(await desk_client.desk.staff.listed()) == 2


async def test_a_role_holds_from_the_next_click_on_and_one_that_fell_ends_sessions(
    desk_client: DeskClients,
) -> None:
    admin, agent = await desk_client("admin", "ada"), await desk_client("agent", "min")
    page = await admin.page(f"{STAFF}/min")
    await admin.send(page, f"{STAFF}/min/role", role="senior")
    assert (await agent.get("/desk/me")).status_code == 200
    await admin.send(page, f"{STAFF}/min/role", role="auditor")

    assert (await agent.get("/desk/me")).status_code == 303
    assert (await desk_client.desk.staff.kept("min")).member.role == "auditor"


async def test_who_is_suspended_is_out_and_comes_in_again_when_resumed(desk_client: DeskClients) -> None:
    admin, agent = await desk_client("admin", "ada"), await desk_client("agent", "min")
    done = await admin.send(await admin.page(f"{STAFF}/min"), f"{STAFF}/min/suspend")
    assert (await agent.get("/desk/me")).status_code == 303
    page = await admin.page(done.headers["location"])
    assert "They are suspended" in page.text
    await admin.send(page, f"{STAFF}/min/resume")

    assert (await desk_client.desk.staff.kept("min")).disabled_at is None


async def test_sessions_of_others_are_ended_one_by_one_or_all(desk_client: DeskClients) -> None:
    admin, agent = await desk_client("admin", "ada"), await desk_client("agent", "min")
    assert (await admin.post(f"{STAFF}/min/end", session="x")).status_code == 303
    assert (await agent.get("/desk/me")).status_code == 200
    await admin.post(f"{STAFF}/min/end", session="all")

    assert (await agent.get("/desk/me")).status_code == 303
    assert await desk_client.desk.staff.sessions.listed("min") == []


@pytest.mark.parametrize("act", ["role", "suspend", "reset", "link"])
async def test_nobody_does_it_to_themselves(desk_client: DeskClients, act: str) -> None:
    admin = await desk_client("admin", "ada")
    await hired(desk_client.desk.staff, "admin", "bo")
    answer = await admin.post(f"{STAFF}/ada/{act}", role="agent", why="I want to")

    assert (answer.status_code, "nobody does this to themselves" in answer.text) == (409, True)


async def test_an_agent_raises_nobody(desk_client: DeskClients) -> None:
    agent = await desk_client("agent", "min")

    assert (await agent.post(f"{STAFF}/min/role", role="admin")).status_code == 403


async def test_an_administrator_who_cannot_sign_in_yet_does_not_count_as_another(
    desk_client: DeskClients,
) -> None:
    admin = await desk_client("admin", "ada")
    await admin.send(await admin.page(STAFF), STAFF, name="new", role="admin")
    bo = await desk_client("admin", "bo")
    await admin.post(f"{STAFF}/bo/suspend")
    assert (await bo.get("/desk/me")).status_code == 303

    members = desk_client.desk.members
    new = (await desk_client.desk.staff.kept("new")).member
    for refused in (members.suspend("ada", new), members.set_role("ada", "senior", new)):
        with pytest.raises(NotThis, match="last_admin"):
            await refused


async def test_two_administrators_who_suspend_each_other_at_once_leave_one(
    database: Database,  # noqa: F811
) -> None:
    members = administration_over(database, Clock())
    staff = members.staff
    ada, bo = await hired(staff, "admin", "ada"), await hired(staff, "admin", "bo")
    done = await asyncio.gather(
        members.suspend("bo", ada), members.suspend("ada", bo), return_exceptions=True
    )

    assert sum(isinstance(each, NotThis) for each in done) == 1
    assert sum(each.disabled_at is None for each in await staff.listed()) == 1


async def asked(admin: Browser, name: str = "min") -> str:
    """A reset is asked for; where it is approved."""
    page = await admin.page(f"{STAFF}/{name}")
    await admin.send(page, f"{STAFF}/{name}/reset", why="lost the phone, seen in person")
    forms = (await admin.page("/desk/approvals")).forms
    return next(form.action for form in forms if form.action.endswith("/refuse")).replace("refuse", "approve")


async def test_a_reset_takes_a_second_administrator_and_only_then_a_link(desk_client: DeskClients) -> None:
    ada, bo = await desk_client("admin", "ada"), await desk_client("admin", "bo")
    agent, senior = await desk_client("agent", "min"), await desk_client("senior", "lead")
    where = await asked(ada)

    assert (await ada.post(f"{STAFF}/min/link")).status_code == 409
    assert (await ada.post(where)).status_code == 409
    assert (await senior.post(where)).status_code == 409
    assert (await agent.get("/desk/me")).status_code == 200
    assert (await bo.post(where)).status_code == 303
    assert (await agent.get("/desk/me")).status_code == 303
    assert "/desk/first/" in (await ada.post(f"{STAFF}/min/link")).text
    assert not (await desk_client.desk.staff.kept("min")).ready
    assert ("staff_reset", "staff:bo", "min") in await told(desk_client.desk.staff)


async def test_a_reset_falls_with_the_member_who_is_suspended(desk_client: DeskClients) -> None:
    ada, bo = await desk_client("admin", "ada"), await desk_client("admin", "bo")
    await hired(desk_client.desk.staff, "agent", "min")
    where = await asked(ada)
    await ada.post(f"{STAFF}/min/suspend")
    assert (await bo.post(where)).headers["location"] == "/desk/approvals?said=gone"
    await ada.post(f"{STAFF}/min/resume")

    assert (await desk_client.desk.staff.kept("min")).ready


async def test_a_reset_falls_with_the_administrator_who_asked_for_it(desk_client: DeskClients) -> None:
    ada, bo = await desk_client("admin", "ada"), await desk_client("admin", "bo")
    await hired(desk_client.desk.staff, "agent", "min")
    where = await asked(ada)
    await bo.post(f"{STAFF}/ada/suspend")

    assert (await bo.post(where)).status_code == 409
    assert (await desk_client.desk.staff.kept("min")).ready


async def test_whoever_is_to_be_reset_decides_nothing_of_it(desk_client: DeskClients) -> None:
    ada, bo = await desk_client("admin", "ada"), await desk_client("admin", "bo")
    where = await asked(ada, "bo")

    assert (await bo.post(where)).status_code == 409
    assert (await bo.get("/desk/me")).status_code == 200


async def test_every_act_on_a_member_is_in_the_audit_with_who_did_it(desk_client: DeskClients) -> None:
    admin, clock = await desk_client("admin", "ada"), desk_client.desk.clock
    for path, typed in (
        ("", {"name": "new", "role": "agent", "locale": "en"}),
        ("/new/link", {}),
        ("/new/role", {"role": "senior"}),
        ("/new/reset", {"why": "lost"}),
        ("/new/suspend", {}),
        ("/new/resume", {}),
    ):
        await admin.post(f"{STAFF}{path}", **typed)
        clock.at += 1  # type: ignore[attr-defined]

    assert await told(desk_client.desk.staff) == [
        ("staff_added", "staff:ada", "new agent"),
        ("staff_invited", "staff:ada", "new"),
        ("staff_role", "staff:ada", "new senior"),
        ("staff_reset_asked", "staff:ada", "new"),
        ("staff_disabled", "staff:ada", "new"),
        ("staff_enabled", "staff:ada", "new"),
    ]


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_the_pages_of_members_are_in_the_administrators_language(
    desk_client: DeskClients, locale: str
) -> None:
    admin = await desk_client("admin", "ada", locale)
    await hired(desk_client.desk.staff, "agent", "min")
    for path in (STAFF, f"{STAFF}/min", f"{STAFF}/ada"):
        page = await admin.page(path)
        assert page.language == locale
        assert re.search(r"[\u4e00-\u9fff]", page.text.replace("中文", "")) is not None or locale == "en"


async def test_a_member_that_there_is_not_has_no_page(desk_client: DeskClients) -> None:
    admin = await desk_client("admin", "ada")

    assert (await admin.get(f"{STAFF}/nobody")).status_code == 404
    assert (await admin.post(f"{STAFF}/nobody/suspend")).status_code == 404
