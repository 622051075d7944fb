"""The one thing to do now: from all that is open, in the order of urgency, each with the page where it is done."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from notifier.facts import Reader
from notifier.words import words
from services.cases import holds
from services.cases.case_answers import CaseAnswers
from services.cases.contact_points import Point
from services.cases.owner_tables import incidents
from services.cases.preferences import Preferences
from services.cases.tables import contact_points
from services.centre.standing import Standing
from services.centre.todos import Agenda, agenda
from services.centre.waiting import CaseOpen, Waiting
from services.mfa.factor_records import FactorStatus
from services.portal.wording import wording
from services.reports.service import Report
from tests.services.cases.databases import database_url  # noqa: F401  SQLite, and PostgreSQL too
from tests.services.centre.lived import DAY_S, LAPTOP, STRANGER, held, live, told_of
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site

HOME = "/my/centre"
ACTIVE = FactorStatus("li", "active", recovery_codes_left=8)
POINT = Point(point_id="p", address="li@example.com", locale="en", time_zone="Asia/Shanghai", since=1.0)
QUIET = Standing(
    frozen=None, waiting=[], asked=[], questions=[], besides=Waiting(cases=[], bouncing=[], factor_gone=False),
    answered=[], looked=0, last_at=None, devices=1, points=[POINT], chosen=Preferences(account_id="li"),
)  # fmt: skip
EVERYTHING = Waiting(
    cases=[CaseOpen("c1", "dispute", asks=True)], bouncing=["l•••@example.com"], factor_gone=True
)


def found(standing: Standing, factor: FactorStatus, stopped: str | None = None) -> Agenda:
    return agenda(standing, factor, stopped, wording("en"), Reader(words("en"), "UTC"))


async def lived(site: Site, **more: Any) -> Page:
    await live(site.world.database, site.world.clock.at)
    return await site.open("centre", **more)


def test_a_quiet_account_with_all_it_needs_has_nothing_to_do() -> None:
    assert found(QUIET, ACTIVE) == Agenda(state="well", ask=None, first=None, rows=[])


@pytest.mark.parametrize(
    ("factor", "points", "to"),
    [
        (FactorStatus("li", "none"), [POINT], "authenticator"),
        (FactorStatus("li", "pending"), [POINT], "authenticator"),
        (FactorStatus("li", "active", recovery_codes_left=2), [POINT], "authenticator"),
        (ACTIVE, [], "notifications"),
        (FactorStatus("li", "none"), [], "notifications"),
    ],
)
def test_what_makes_a_safe_wallet_safer_is_advice(factor: FactorStatus, points: list[Point], to: str) -> None:
    had = found(replace(QUIET, points=points), factor)

    assert (had.state, had.rows) == ("well", [])
    assert had.first is not None
    assert (had.first.to, had.first.advice) == (to, True)


@pytest.mark.parametrize(
    ("besides", "factor", "points", "to"),
    [
        (EVERYTHING, FactorStatus("li", "active", reset_due_at=9e8), [], "report/unauthorised"),
        (EVERYTHING, FactorStatus("li", "disabled"), [], "cases/c1"),
        (replace(EVERYTHING, cases=[]), FactorStatus("li", "disabled"), [], "report/advice"),
        (replace(EVERYTHING, cases=[CaseOpen("c1", "risk", asks=False)]), FactorStatus("li", "none"), [], "authenticator"),
        (replace(EVERYTHING, cases=[], factor_gone=False), FactorStatus("li", "none"), [], "notifications"),
        (QUIET.besides, FactorStatus("li", "none"), [replace(POINT, told_since=5.0)], "messages"),
    ],
)  # fmt: skip
def test_of_several_things_the_most_urgent_is_the_one_to_do_now(
    besides: Waiting, factor: FactorStatus, points: list[Point], to: str
) -> None:
    had = found(replace(QUIET, besides=besides, points=points), factor)

    assert had.state == "todo"
    assert had.first is not None
    assert had.first.to == to


def test_a_freeze_is_told_first_and_what_else_is_open_stays_in_sight() -> None:
    had = found(replace(QUIET, besides=EVERYTHING), FactorStatus("li", "none"), "locked")

    assert (had.state, had.first) == ("locked", None)
    assert [row.to for row in had.rows] == ["cases/c1", "authenticator", "notifications"]


async def test_an_unanswered_letter_is_asked_about_with_its_answer_pages(site: Site) -> None:
    await told_of(site.world.database, "l2", site.world.clock.at - 500.0)
    page = await lived(site)

    assert page.headings[0] == "Was this sign-in you?"
    assert [link for link in page.links if link.endswith("about=l2")] == [
        f"{HOME}/not-mine?about=l2",
        f"{HOME}/confirm?about=l2",
    ]
    assert "Kuala Lumpur" in page.text


async def test_yes_with_a_code_answers_it_and_nothing_is_left_to_do(site: Site) -> None:
    secret = await site.world.enrolled()
    await told_of(site.world.database, "l2", site.world.clock.at)
    await lived(site)
    asked = read(await site.browser.get(f"{HOME}/confirm?about=l2"))
    page = read(await site.send(asked, f"{HOME}/confirm", code=site.world.code(secret)))
    [incident] = await site.world.rows(incidents)

    assert incident["answer"] == "was_me"
    assert page.headings[0] == "Your wallet is safe"


async def test_no_answers_it_and_stops_money(site: Site) -> None:
    await told_of(site.world.database, "l2", site.world.clock.at)
    await lived(site)
    page = read(
        await site.send(read(await site.browser.get(f"{HOME}/not-mine?about=l2")), f"{HOME}/not-mine")
    )

    assert (await site.world.rows(incidents))[0]["answer"] == "not_me"
    assert page.headings[0] == "We are stopping outgoing money"
    assert "Also waiting for you" not in page.headings


async def test_what_was_asked_is_asked_for_as_long_as_its_letter_can_be_answered(site: Site) -> None:
    await told_of(site.world.database, "l2", site.world.clock.at)
    await live(site.world.database, site.world.clock.at)
    site.world.clock.at += 6.9 * DAY_S
    still = await site.open("centre")
    site.world.clock.at += 0.2 * DAY_S

    assert still.headings[0] == "Was this sign-in you?"
    assert (await site.open("centre")).headings[0] == "Your wallet is safe"


async def test_the_gravest_of_several_is_asked_first_and_the_others_follow(site: Site) -> None:
    now = site.world.clock.at
    await told_of(site.world.database, "l0", now - 2 * DAY_S)
    await told_of(site.world.database, "t1", now - DAY_S, "deny_notice")
    await told_of(site.world.database, "l2", now)
    page = await lived(site)
    asked = [link.split("about=")[1] for link in page.links if "/answer?" in link]

    assert page.headings[0] == "Was this payment you?"
    assert f"{HOME}/not-mine?about=t1" in page.links
    assert asked == ["l2", "l0"]


async def test_what_a_code_or_support_has_ended_is_no_question(site: Site) -> None:
    secret = await site.world.enrolled()
    now = site.world.clock.at
    await held(site.world.database, now)
    await told_of(site.world.database, "held", now, "hold_notice")
    await site.app.state.holds.settle("li", "held", "released", "key:mei", "asked")
    await told_of(site.world.database, "event-c1", now - DAY_S, "challenge_notice")
    await site.world.verified(site.world.code(secret), name="c1")
    page = await lived(site)

    assert page.headings[0] == "Your wallet is safe"


@pytest.mark.parametrize(
    ("template", "device", "offered"),
    [("login_notice", LAPTOP, True), ("login_notice", STRANGER, False), ("deny_notice", LAPTOP, False)],
)
async def test_without_a_code_a_session_vouches_only_for_another_device_and_never_for_what_was_denied(
    site: Site, template: str, device: str, offered: bool
) -> None:
    await told_of(site.world.database, "l2", site.world.clock.at, template)
    await lived(site, device_id=device)
    page = read(await site.browser.get(f"{HOME}/confirm?about=l2"))

    assert (f"{HOME}/confirm" in [form.action for form in page.forms]) == offered


async def test_the_answer_page_shows_both_ways_and_then_what_was_said(site: Site) -> None:
    secret = await site.world.enrolled()
    await told_of(site.world.database, "l2", site.world.clock.at)
    await lived(site)
    before = read(await site.browser.get(f"{HOME}/answer?about=l2"))
    asked = read(await site.browser.get(f"{HOME}/confirm?about=l2"))
    await site.send(asked, f"{HOME}/confirm", code=site.world.code(secret))
    after = read(await site.browser.get(f"{HOME}/answer?about=l2"))

    assert {f"{HOME}/not-mine?about=l2", f"{HOME}/confirm?about=l2", f"{HOME}/report?about=l2"} <= set(
        before.links
    )
    assert "You told us: it was me" in after.text
    assert f"{HOME}/confirm?about=l2" not in after.links
    assert f"{HOME}/not-mine?about=l2" in after.links


async def test_an_event_of_another_account_has_no_answer_page(site: Site) -> None:
    await told_of(site.world.database, "l2", site.world.clock.at)
    await live(site.world.database, site.world.clock.at)
    await site.open("centre", account_id="wang")

    assert (await site.browser.get(f"{HOME}/answer?about=l2")).status_code == 404
    assert (await site.browser.get(f"{HOME}/answer?about=nothing")).status_code == 404


async def test_a_word_of_support_waits_for_the_owner_until_they_add_to_the_case(site: Site) -> None:
    await site.world.enrolled()
    reports = site.app.state.reports
    report = Report(account_id="li", kind="advice", text="How do I?", through="page")
    case = await reports.make(report, "page")
    before = await lived(site)
    await CaseAnswers(site.world.database, site.world.clock).write(
        case.case_id, "Which bank?", "key:mei", None
    )
    asked = read(await site.browser.get(HOME))
    await reports.add_note("li", case.case_id, "This one.", "n1")

    assert before.headings[0] == "Your wallet is safe"
    assert asked.headings[0] == "Support waits for your word"
    assert f"{HOME}/cases/{case.case_id}" in asked.links
    assert read(await site.browser.get(HOME)).headings[0] == "Your wallet is safe"


async def test_an_address_that_gave_messages_back_is_said(site: Site) -> None:
    await site.world.enrolled()
    await live(site.world.database, site.world.clock.at)
    async with site.world.database.begin() as connection:
        await connection.execute(contact_points.update().values(bouncing_since=site.world.clock.at))
    page = await site.open("centre")

    assert page.headings[0] == "Our messages do not reach you"
    assert "li@example.com" not in page.text


async def test_who_cannot_end_a_freeze_is_led_to_support_and_keeps_what_else_is_open(site: Site) -> None:
    await told_of(site.world.database, "l2", site.world.clock.at)
    async with site.world.database.begin() as connection:
        await holds.freeze(connection, "li", "e1", holds.DECISION, 1.0, site.world.clock.at)
    page = await lived(site)

    assert f"{HOME}/report/advice" in page.links
    assert f"{HOME}/answer?about=l2" in page.links
    assert page.headings[0] == "We are stopping outgoing money"


async def test_the_lock_card_leads_to_the_report_of_a_problem(site: Site) -> None:
    assert f"{HOME}/report" in (await lived(site)).links


async def test_letters_leave_what_happened_lately_in_sight(site: Site) -> None:
    for number in range(5):
        await told_of(site.world.database, f"x{number}", site.world.clock.at - number)
    page = await lived(site)

    assert "Signed in on Android device, Chrome" in page.text
