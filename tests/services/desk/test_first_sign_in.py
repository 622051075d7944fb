from __future__ import annotations

import re

from services.mfa.totp import code_of, step_at
from services.staff.members import made
from tests.services.desk.browser import DeskClients
from tests.services.desk.made import PASSWORD
from tests.services.portal.reading import read


async def test_a_new_member_chooses_a_password_binds_an_authenticator_and_is_in(
    desk_client: DeskClients,
) -> None:
    staff, browser = desk_client.desk.staff, desk_client.stranger()
    code = await staff.add(made("wang.min", "agent"), "cli:test")
    page = await browser.page(f"/desk/first/{code}")

    chosen = await browser.send(page, "/desk/first", name="Wang.Min", password=PASSWORD, again=PASSWORD)
    binding = read(chosen)
    secret = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", chosen.text)
    assert secret is not None, chosen.text
    digits = code_of(secret[0].replace(" ", ""), step_at(desk_client.desk.clock()))
    wrong = await browser.send(
        binding, "/desk/first/bind", digits="000000" if digits != "000000" else "111111"
    )
    done = await browser.send(binding, "/desk/first/bind", digits=digits)
    again = await browser.send(page, "/desk/first", name="wang.min", password=PASSWORD, again=PASSWORD)

    assert (chosen.status_code, wrong.status_code, done.status_code, again.status_code) == (
        200,
        403,
        303,
        403,
    )
    assert "HttpOnly" in done.headers["set-cookie"]


async def test_a_password_that_is_soon_guessed_is_not_taken(desk_client: DeskClients) -> None:
    browser = desk_client.stranger()
    code = await desk_client.desk.staff.add(made("wang.min", "agent"), "cli:test")
    page = await browser.page(f"/desk/first/{code}")

    for weak in ("short", "password1234", "aaaaaaaaaaaaaaaa"):
        answer = await browser.send(page, "/desk/first", name="wang.min", password=weak, again=weak)
        assert answer.status_code == 400, weak
