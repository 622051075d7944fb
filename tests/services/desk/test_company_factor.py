"""Our own second factor behind the company's sign-in: bound the first time, asked for each time, and guessed five times."""

from __future__ import annotations

import re

import pytest

from services.mfa.totp import code_of, step_at
from services.staff.company import TICKET_S
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.company import Company
from tests.services.portal.reading import read


async def bound(company: Company, browser: Browser) -> str:
    """Sign in without the company's factor, bind an authenticator, and say its secret."""
    company.says(amr=["pwd"])
    await company.sign_in(browser)
    page = await browser.page("/desk/sign-in/code")
    shown = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.text)
    assert shown is not None, page.text
    secret = shown[0].replace(" ", "")
    assert (await browser.send(page, "/desk/sign-in/code", code=now(company, secret))).status_code == 303
    return secret


def now(company: Company, secret: str) -> str:
    return code_of(secret, step_at(company.clients.desk.clock()))


async def test_without_the_companys_factor_an_authenticator_of_ours_is_bound_first(
    company: Company, desk_client: DeskClients
) -> None:
    browser = desk_client.stranger()
    company.says(amr=["pwd"])
    answer = await company.sign_in(browser)

    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in/code")
    assert (await browser.get("/desk/me")).status_code == 303
    page = await browser.page("/desk/sign-in/code")
    assert (await browser.page("/desk/sign-in/code")).text == page.text
    assert (await browser.send(page, "/desk/sign-in/code", code="000000")).status_code == 403


async def test_later_a_code_is_asked_for_and_none_works_twice(
    company: Company, desk_client: DeskClients
) -> None:
    secret = await bound(company, desk_client.stranger())
    browser = desk_client.stranger()
    await company.sign_in(browser)
    page = await browser.page("/desk/sign-in/code")

    assert secret[:4] not in page.text
    assert (await browser.send(page, "/desk/sign-in/code", code=now(company, secret))).status_code == 403
    company.later(30)
    assert (await browser.send(page, "/desk/sign-in/code", code=now(company, secret))).status_code == 303
    assert (await browser.get("/desk/me")).status_code == 200


async def test_codes_behind_the_companys_sign_in_are_guessed_five_times(
    company: Company, desk_client: DeskClients
) -> None:
    secret = await bound(company, desk_client.stranger())
    company.later(30)
    browser = desk_client.stranger()
    await company.sign_in(browser)
    page = await browser.page("/desk/sign-in/code")
    guesses = [(await browser.send(page, "/desk/sign-in/code", code="000000")).status_code for _ in range(5)]
    right = await browser.send(page, "/desk/sign-in/code", code=now(company, secret))

    assert (guesses, right.status_code) == ([403] * 5, 429)


async def test_the_companys_word_is_no_sign_in_for_longer_than_ten_minutes(
    company: Company, desk_client: DeskClients
) -> None:
    secret = await bound(company, desk_client.stranger())
    browser = desk_client.stranger()
    await company.sign_in(browser)
    page = await browser.page("/desk/sign-in/code")
    company.later(TICKET_S + 1)
    answer = await browser.send(page, "/desk/sign-in/code", code=now(company, secret))

    assert (answer.status_code, "took too long" in read(answer).text) == (403, True)


@pytest.mark.parametrize("cookie", ["", "x", "00.00", "7b7d.ä"])
async def test_a_ticket_that_we_did_not_sign_asks_for_nothing(
    company: Company, stranger: Browser, cookie: str
) -> None:
    headers = {b"cookie": f"payguard-company={cookie}".encode()}

    assert (await stranger.get("/desk/sign-in/code", headers=headers)).status_code == 403
