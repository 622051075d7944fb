"""Report a problem and my cases, as pages: what is known is filled in, nothing typed is lost, nothing internal shows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.cases.case_answers import Answer
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.references import reference
from services.cases.tables import notices
from tests.services.cases.databases import database  # noqa: F401  found here by the tests
from tests.services.mfa.conftest import world  # noqa: F401
from tests.services.portal.conftest import database_url, site  # noqa: F401
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site
from tests.services.reports.files import SVG, photo_with_a_place

CENTRE = "/my/centre"
TYPED = {"text": "It never came <b>here</b>.", "why": "not_arrived", "wish": "all_back"}


@pytest.fixture
async def centre(site: Site) -> Site:  # noqa: F811
    """A site with an open centre and a payment of Li's."""
    at = site.world.clock.at - 86_400.0
    from datetime import UTC, datetime

    day = datetime.fromtimestamp(at, UTC).date()
    payment = Row(
        "money",
        day,
        "li",
        "pay-7",
        at,
        "transaction",
        "payment",
        "completed",
        None,
        "2600.00",
        "CNY",
        "blue-lotus",
    )
    store = ActivityStore(site.world.database, {"money": 400, "access": 180}, site.world.clock)
    await store.write([payment])
    await site.open("centre")
    return site


async def page(centre: Site, path: str) -> Page:
    return read(await centre.browser.get(f"{CENTRE}{path}", follow_redirects=True))


async def send(centre: Site, shown: Page, action: str, files: Any = (), **typed: str) -> httpx.Response:
    form = shown.form(f"{CENTRE}{action}")
    form.fields.pop("files", None)
    sent = [("files", file) for file in files] or [("files", ("", b"", "application/octet-stream"))]
    return await centre.browser.post(
        form.action, data={**form.fields, **typed}, files=sent, follow_redirects=True
    )


async def disputed(centre: Site, files: Any = (), **typed: str) -> httpx.Response:
    return await send(
        centre, await page(centre, "/report/dispute?about=pay-7"), "/report/send", files, **TYPED | typed
    )


async def only_case(centre: Site) -> str:
    listed = await page(centre, "/cases")
    (case,) = [link for link in listed.links if link.startswith(f"{CENTRE}/cases/")]
    return case.removeprefix(CENTRE)


async def test_the_report_begins_with_the_lock_and_names_seven_kinds(centre: Site) -> None:
    shown = await page(centre, "/report?about=pay-7")
    kinds = [link for link in shown.links if link.startswith(f"{CENTRE}/report/")]

    assert shown.links.index(f"{CENTRE}/not-mine?about=pay-7") < shown.links.index(kinds[0])
    assert f"{CENTRE}/lock" in shown.links
    assert len(kinds) == 7
    assert all(link.endswith("?about=pay-7") for link in kinds)


async def test_the_form_is_filled_with_what_is_known_and_says_by_when_it_is_answered(centre: Site) -> None:
    shown = await page(centre, "/report/dispute?about=pay-7")

    assert "CNY 2,600.00" in shown.text
    assert "blue-lotus" in shown.text
    assert "First answer by" in shown.text
    assert shown.form(f"{CENTRE}/report/send").fields["about"] == "pay-7"


async def test_without_an_event_the_fitting_ones_are_offered(centre: Site) -> None:
    dispute, top_up = await page(centre, "/report/dispute"), await page(centre, "/report/top_up_missing")

    assert "CNY 2,600.00 to blue-lotus" in dispute.text
    assert "2,600" not in top_up.text


async def test_a_dispute_with_a_photo_becomes_a_case_that_its_owner_can_read_and_add_to(centre: Site) -> None:
    made = read(await disputed(centre, [("../房源.jpg", photo_with_a_place(), "image/jpeg")]))
    case = await only_case(centre)
    file = await centre.browser.get(f"{CENTRE}{case}/files/1")
    added = read(await send(centre, await page(centre, case), f"{case}/add", note="And nobody answers."))

    assert "We have your report" in made.text
    assert "It never came <b>here</b>." in made.text
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert b"SecretPhone" not in file.content
    assert "And nobody answers." in added.text
    assert "房源.jpg" in added.text


async def test_what_is_wrong_keeps_all_that_was_typed(centre: Site) -> None:
    bad_file = await disputed(centre, [("x.png", SVG, "image/png")])
    no_words = await disputed(centre, text=" ")

    assert (bad_file.status_code, no_words.status_code) == (400, 400)
    assert "It never came" in bad_file.text
    assert "no picture" in bad_file.text
    assert 'value="not_arrived" checked' in no_words.text
    assert "Please say in a few words" in read(no_words).text
    assert "You have reported nothing" in (await page(centre, "/cases")).text


async def test_a_form_that_no_page_made_and_a_case_of_another_are_refused(centre: Site) -> None:
    await disputed(centre)
    case = await only_case(centre)
    data = TYPED | {"kind": "dispute", "token": "x" * 32}
    forged = await centre.browser.post(f"{CENTRE}/report/send", data=data, files=[("files", ("", b""))])
    await centre.open("centre", account_id="wang")
    paths = (case, f"{case}/withdraw", f"{case}/appeal", f"{case}/files/1")

    assert forged.status_code == 403
    assert [(await centre.browser.get(f"{CENTRE}{path}")).status_code for path in paths] == [404] * 4


async def test_no_internal_word_of_support_reaches_the_owner(centre: Site) -> None:
    await disputed(centre)
    case = await only_case(centre)
    case_id = case.rpartition("/")[2]
    desk = CaseService(centre.world.database, centre.world.clock)
    await desk.assign(case_id, "internal-mei", "key:internal-desk", None)
    await desk.answers.write(case_id, "We ask the payee.", "key:internal-desk", None)
    during = await page(centre, case)
    answer = Answer(outcome="for_owner", message="You are right.", note="internal: seen before")
    await desk.answers.close(case_id, answer, "key:internal-desk", None)
    after = await page(centre, case)

    assert "internal" not in during.text + after.text
    assert all(
        said in during.text for said in ("Support took your case", "We ask the payee.", "A decision by")
    )
    assert all(
        said in after.text for said in ("Closed: Decided for you", "You are right.", "you can appeal once")
    )


async def test_a_case_is_taken_back_on_a_second_page_and_appealed_on_another(centre: Site) -> None:
    await disputed(centre)
    case = await only_case(centre)
    asked = await page(centre, f"{case}/withdraw")
    still_open = await page(centre, case)
    form = asked.form(f"{CENTRE}{case}/withdraw")
    gone = read(await centre.browser.post(form.action, data=form.fields, follow_redirects=True))

    assert "Waiting for support" in still_open.text
    assert "Closed: You took it back" in gone.text or "You took it back" in gone.text
    assert f"{CENTRE}{case}/appeal" not in gone.links


async def test_an_appeal_is_sent_once(centre: Site) -> None:
    await disputed(centre)
    case = await only_case(centre)
    desk = CaseService(centre.world.database, centre.world.clock)
    case_id = case.rpartition("/")[2]
    await desk.assign(case_id, "mei", "key:desk", None)
    await desk.answers.close(case_id, Answer(outcome="for_owner", message="So."), "key:desk", None)
    empty = await send(centre, await page(centre, f"{case}/appeal"), f"{case}/appeal", text=" ")
    sent = read(await send(centre, read(empty), f"{case}/appeal", text="不公平" * 1000))

    assert empty.status_code == 400
    assert "You appealed" in sent.text
    assert "First answer by" in sent.text


async def test_the_same_form_sent_twice_is_one_report(centre: Site) -> None:
    shown = await page(centre, "/report/dispute?about=pay-7")
    for _ in range(2):
        await send(centre, shown, "/report/send", **TYPED)

    await only_case(centre)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize(
    "kind",
    [
        "unauthorised",
        "dispute",
        "payment_failed",
        "top_up_missing",
        "password_reset",
        "lost_device",
        "advice",
    ],
)
async def test_every_form_has_its_words(centre: Site, kind: str, locale: str) -> None:
    answer = await centre.browser.get(f"{CENTRE}/report/{kind}?about=pay-7&lang={locale}")

    assert answer.status_code == 200
    assert read(answer).language == locale


async def test_a_message_is_looked_up_by_its_reference_and_its_true_subject_shown(centre: Site) -> None:
    await disputed(centre)
    async with centre.world.database.read() as connection:
        (notice_id,) = (await connection.execute(select(notices.c.notice_id))).scalars()
    ref = reference(notice_id)
    found = await page(centre, f"/messages?ref={ref.lower().replace('-', ' ')}")
    absent, unclear = (
        await page(centre, "/messages?ref=PG-9XXX-77"),
        await page(centre, "/messages?ref=<b>hi</b>"),
    )
    await centre.open("centre", account_id="wang")
    others = await page(centre, f"/messages?ref={ref}")

    assert f"Yes, {ref} is from us." in found.text
    assert "we have your report" in found.text
    assert "PG-9XXX-77 is no message of ours to you." in absent.text
    assert f"{CENTRE}/report/advice" in absent.links
    assert "A reference looks like" in unclear.text
    assert f"{ref} is no message of ours to you." in others.text


async def test_preferences_are_saved_and_a_password_is_no_phrase(centre: Site) -> None:
    await CaseService(centre.world.database, centre.world.clock).set_contact(
        "li", Contact("li@upay.example", "en", "Asia/Shanghai")
    )
    path = f"{CENTRE}/notifications"
    token = (await page(centre, "/notifications")).form(path).fields["token"]
    wanted = {"token": token, "security-mail": "on", "quiet": "on", "from": "23:15", "to": "06:45"}
    saved = await centre.browser.post(
        path, data=wanted | {"phrase": "pomegranate on the balcony", "zone": ""}
    )
    password = await centre.browser.post(path, data=wanted | {"phrase": "Qx7!pz20", "from": "21:00"})
    hours = await centre.browser.post(path, data=wanted | {"to": ""})
    kept = await CaseService(centre.world.database, centre.world.clock).preferences("li")

    assert "Saved at" in read(saved).text
    assert (password.status_code, hours.status_code) == (400, 400)
    assert "looks like a password" in read(password).text
    assert 'value="21:00"' in password.text
    assert (kept.quiet_from, kept.quiet_to, kept.phrase) == (1395, 405, "pomegranate on the balcony")
    assert kept.alerts["security"] == {"mail", "chat"}
    assert "Always on" in read(saved).text


@pytest.mark.parametrize(("purpose", "path"), [("report", "/report"), ("case", "/cases")])
async def test_a_link_of_the_wallet_opens_the_report_or_the_cases(
    site: Site,  # noqa: F811
    purpose: str,
    path: str,
) -> None:
    await site.open(purpose)
    shown = await site.browser.get(f"{CENTRE}{path}")

    assert shown.status_code == 200
    assert (await site.browser.get(CENTRE)).status_code == 200
