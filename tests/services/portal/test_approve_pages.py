"""Approving on a page: what is shown is what is stored, and only a code passes."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from contracts.decisions import effect_id
from contracts.events import ChallengeOutcome, UserReport
from services.audit import audit_log
from services.cases.tables import outbox
from services.mfa.records import STRANGER_FAILURES
from services.mfa.tables import challenges, factors
from tests.services.portal.reading import read
from tests.services.portal.site import Site

WHOLE_STORY = {
    "en": ["CNY 412.00", "payee-9", "Payment", "iPhone 15", "5:00"],
    "zh-CN": ["412.00 元", "payee-9"],
}


async def state(site: Site, challenge_id: str = "c1") -> str:
    found = await site.world.service.challenge(challenge_id)
    assert found is not None
    return found.state


async def test_the_page_says_what_is_asked_to_whom_from_which_device_and_how_long(site: Site) -> None:
    page = await site.approving(device_name="iPhone 15")

    assert page.headings == ["Approve this payment?"]
    assert [said for said in WHOLE_STORY["en"] if said not in page.text] == []


async def test_amount_and_payee_are_the_stored_ones_whatever_the_address_and_form_say(site: Site) -> None:
    await site.approving()
    page = read(await site.browser.get("/my/approve?amount=1.00&payee_id=other&currency=USD"))
    sent = await site.send(page, "/my/approve", code="000000", amount="1.00")

    for shown in (page, read(sent)):
        assert "CNY 412.00" in shown.text
        assert "payee-9" in shown.text
        assert "1.00 " not in shown.text.replace("412.00", "")


async def test_the_right_code_approves(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await site.approving()
    answer = await site.browser.post(
        "/my/approve", data={**page.forms[0].fields, "code": site.world.code(secret)}
    )
    arrived = read(await site.browser.get(answer.headers["location"]))

    assert (answer.status_code, answer.headers["location"], await state(site)) == (
        303,
        "/my/approve",
        "passed",
    )
    assert arrived.headings[0] == "Approved"
    assert "You approved CNY 412.00 to payee-9." in arrived.text


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}{1} "])
async def test_spaces_between_the_digits_do_not_matter(site: Site, typed: str) -> None:
    secret = await site.world.enrolled()
    page = await site.approving()
    code = site.world.code(secret)
    fields = {**page.forms[0].fields, "code": typed.format(code[:3], code[3:])}
    await site.browser.post("/my/approve", data=fields)

    assert await state(site) == "passed"


async def test_a_wrong_code_says_so_calmly_and_counts(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await site.approving()
    fields = {**page.forms[0].fields, "code": site.world.wrong(secret)}
    again = read(await site.browser.post("/my/approve", data=fields))

    assert "That code was not accepted" in again.text
    assert "Tries left: 4" in again.text
    assert again.title.startswith("That code was not accepted")
    alert = next(given for tag, given in again.tags if given.get("role") == "alert")
    code = next(given for tag, given in again.tags if given.get("id") == "code")
    assert (code["aria-invalid"], alert["id"] in code["aria-describedby"].split()) == ("true", True)
    assert code.get("value") is None


@pytest.mark.parametrize("typed", ["", "12345", "１２３４５", "123456\n7", "<script>", "1" * 3000])
async def test_what_is_no_code_costs_no_try(site: Site, typed: str) -> None:
    await site.world.enrolled()
    page = await site.approving()
    again = await site.browser.post("/my/approve", data={**page.forms[0].fields, "code": typed})

    assert "A code is six digits" in read(again).text
    assert "Tries left: 5" in read(again).text
    assert len(typed) < 3 or typed not in again.text


@pytest.mark.parametrize(
    ("locale", "sentence"), [("en", "check your phone’s clock"), ("zh-CN", "请检查手机时间")]
)
async def test_a_code_of_another_time_says_to_check_the_phone_s_clock(
    site: Site, locale: str, sentence: str
) -> None:
    secret = await site.world.enrolled()
    page = await site.approving(locale=locale)
    early = site.world.code(secret, 4)
    again = read(await site.browser.post("/my/approve", data={**page.forms[0].fields, "code": early}))

    assert sentence in again.text


async def test_a_code_passes_as_a_phone_s_keyboard_types_it(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await site.approving()
    wide = site.world.code(secret).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    await site.browser.post(
        "/my/approve", data={**page.forms[0].fields, "code": f"{wide[:3]}\u3000{wide[3:]} "}
    )

    assert await state(site) == "passed"


async def test_after_the_last_try_the_page_says_that_nothing_was_done(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await site.approving(device_id="phone")
    fields = {**page.forms[0].fields, "code": site.world.wrong(secret)}
    for _ in range(4):
        await site.browser.post("/my/approve", data=fields)
    last = read(await site.browser.post("/my/approve", data=fields))
    reloaded = read(await site.browser.get("/my/approve"))

    assert last.headings[0] == "A pause, to keep you safe"
    assert "Your money is where it was." in last.text
    assert reloaded.headings[0] == "Not approved"
    assert await state(site) == "failed"


async def test_a_recovery_code_is_an_alternative(site: Site) -> None:
    page = await site.approving()

    assert any(form.fields.get("field") == "recovery" for form in page.forms)


async def test_time_over_is_said(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await site.approving()
    site.world.clock.at += 300
    fields = {**page.forms[0].fields, "code": site.world.code(secret)}
    answer = await site.browser.post("/my/approve", data=fields, follow_redirects=True)

    assert read(answer).headings[0] == "The time is over"
    assert await state(site) == "expired"


async def test_not_me_asks_once_refuses_and_reports(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await site.approving()
    asked = read(await site.browser.get(next(link for link in page.links if link.endswith("/stop"))))
    before = await state(site)
    stopped = read(await site.send(asked, "/my/approve/stop"))
    outcome, report = [event for event in await site.world.sent() if event.account_id == "li"][-2:]
    late = await site.browser.post(
        "/my/approve", data={**page.forms[0].fields, "code": site.world.code(secret)}
    )

    assert (before, await state(site)) == ("open", "failed")
    assert stopped.headings[0] == "We are stopping outgoing money"
    assert isinstance(outcome, ChallengeOutcome)
    assert outcome.outcome == "failed"
    assert isinstance(report, UserReport)
    assert (report.about_event_id, report.verdict) == ("event-c1", "not_me")
    assert late.headers["location"] == "/my/approve"


async def test_not_me_is_in_the_audit(site: Site) -> None:
    await site.approving()
    await site.send(read(await site.browser.get("/my/approve/stop")), "/my/approve/stop")
    (row,) = await audit_log.rows(site.world.database, "li", "disown")

    assert (row.entry.result, row.entry.actor, row.entry.challenge_id) == ("refused", "page", "c1")


async def test_not_me_freezes_and_ends_sessions_at_once_under_the_ids_that_the_decision_will_have(
    site: Site,
) -> None:
    await site.approving()
    await site.send(read(await site.browser.get("/my/approve/stop")), "/my/approve/stop")
    (report,) = [event for event in await site.world.sent() if isinstance(event, UserReport)]
    async with site.world.database.read() as connection:
        query = select(outbox.c.identity).where(outbox.c.kind == "action").order_by(outbox.c.id)
        actions = (await connection.execute(query)).scalars().all()

    assert actions == [effect_id("li", report.event_id, kind) for kind in ("freeze", "revoke_sessions")]


async def test_not_me_twice_is_one_report(site: Site) -> None:
    await site.approving()
    asked = read(await site.browser.get("/my/approve/stop"))
    for _ in range(2):
        await site.send(asked, "/my/approve/stop")

    assert sum(isinstance(event, UserReport) for event in await site.world.sent()) == 1


async def test_not_me_is_reported_even_when_somebody_else_passed_meanwhile(site: Site) -> None:
    secret = await site.world.enrolled()
    await site.approving()
    asked = read(await site.browser.get("/my/approve/stop"))
    await site.world.service.verify("c1", site.world.code(secret))
    await site.send(asked, "/my/approve/stop")

    assert await state(site) == "passed"
    assert any(isinstance(event, UserReport) for event in await site.world.sent())


async def test_names_are_shown_as_text_never_as_markup(site: Site) -> None:
    await site.world.issue("c1")
    async with site.world.database.begin() as connection:
        await connection.execute(challenges.update().values(payee_id="<b>p\u0430y\u202e</b>"))
    await site.open(challenge_id="c1", device_name="<i>phone</i>")
    answer = await site.browser.get("/my/approve")

    assert "<b>" not in answer.text
    assert "<i>" not in answer.text
    assert "⟨U+202E⟩" in answer.text
    assert "letter by letter" in answer.text


async def test_a_login_is_asked_about_without_an_amount(site: Site) -> None:
    await site.world.issue("c1")
    async with site.world.database.begin() as connection:
        await connection.execute(
            challenges.update().values(purpose="login", amount=None, currency=None, payee_id=None)
        )
    page = await site.open(challenge_id="c1", locale="zh-CN")

    assert page.headings == ["是您本人在登录吗？"]
    assert "金额" not in page.text


async def test_two_challenges_two_pages_and_a_session_reaches_only_its_own(site: Site) -> None:
    secret = await site.world.enrolled()
    await site.world.issue("c2")
    page = await site.approving("c1")
    fields = {**page.forms[0].fields, "code": site.world.code(secret), "challenge_id": "c2"}
    await site.browser.post("/my/approve?challenge_id=c2", data=fields)

    assert (await state(site, "c1"), await state(site, "c2")) == ("passed", "open")


@pytest.mark.parametrize(("locale", "sentence"), [("en", "a recovery code is accepted"), ("zh-CN", "恢复码")])
async def test_while_strangers_are_shut_out_the_page_names_the_ways_that_are_left(
    site: Site, locale: str, sentence: str
) -> None:
    secret = await site.world.enrolled()
    async with site.world.database.begin() as connection:
        await connection.execute(update(factors).values(failures_total=STRANGER_FAILURES))
    page = await site.approving(locale=locale, device_id="new-phone")
    code = site.world.code(secret)
    again = read(await site.browser.post("/my/approve", data={**page.forms[0].fields, "code": code}))

    assert sentence in again.text
    assert await state(site) == "open"


async def test_a_long_pause_is_told_in_hours(site: Site) -> None:
    secret = await site.world.enrolled()
    async with site.world.database.begin() as connection:
        await connection.execute(update(factors).values(failures_total=49, failures_in_row=4))
    page = await site.approving()
    wrong = site.world.wrong(secret)
    paused = read(await site.browser.post("/my/approve", data={**page.forms[0].fields, "code": wrong}))

    assert "try again in about 24 hours" in paused.text
