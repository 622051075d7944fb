"""Setting up an authenticator on pages: secrets are in one answer each and nowhere else."""

from __future__ import annotations

import re

import pyotp

from contracts.errors import Unavailable
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site


def uri_of(page: Page) -> str:
    return next(link for link in page.links if link.startswith("otpauth:"))


def codes_of(html: str) -> list[str]:
    return re.findall(r"<li><code>([0-9A-Z-]+)</code>", html)


async def set_up(site: Site) -> tuple[str, list[str]]:
    """Enrol as a person does; the secret and the recovery codes."""
    setup = read(await site.send(await site.enrolling(), "/my/factor/start"))
    code = pyotp.TOTP(pyotp.parse_uri(uri_of(setup)).secret).at(int(site.world.clock.at))
    answer = await site.send(setup, "/my/factor/confirm", code=code)
    site.world.clock.at += 60
    return pyotp.parse_uri(uri_of(setup)).secret, codes_of(answer.text)


async def test_enrolment_goes_from_qr_to_code_to_recovery_codes_to_done(site: Site) -> None:
    first = await site.enrolling()
    setup = read(await site.send(first, "/my/factor/start"))
    code = pyotp.TOTP(pyotp.parse_uri(uri_of(setup)).secret).at(int(site.world.clock.at))
    answer = await site.send(setup, "/my/factor/confirm", code=code)
    done = read(await site.send(read(answer), "/my/factor/kept", kept="yes"))
    status = await site.world.lifecycle.status("li")

    assert [page.headings[0] for page in (first, setup, read(answer), done)] == [
        "Protect your account",
        "Add UPay to your authenticator",
        "Keep your recovery codes",
        "You are protected",
    ]
    assert (status.state, len(codes_of(answer.text)), status.recovery_codes_left) == ("active", 10, 10)


async def test_nothing_is_made_before_the_user_asks_for_it(site: Site) -> None:
    await site.enrolling()
    await site.browser.get("/my/factor")

    assert (await site.world.lifecycle.status("li")).state == "none"


async def test_the_key_is_written_in_fours_and_drawn_as_a_picture(site: Site) -> None:
    answer = await site.send(await site.enrolling(), "/my/factor/start")
    page = read(answer)
    secret = pyotp.parse_uri(uri_of(page)).secret

    groups = re.findall(r"<span>([A-Z2-7]{4})</span>", answer.text)
    assert "".join(groups) == secret
    assert len(groups) == 8
    assert 'role="img"' in answer.text
    assert "<svg" in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_no_page_shows_a_secret_or_recovery_code_again(site: Site) -> None:
    secret, codes = await set_up(site)
    again = [await site.browser.get(path) for path in ("/my/factor", "/my/factor/done")]
    page = await site.open("factor")
    again.append(await site.browser.get("/my/authenticator"))
    again.append(await site.send(page, "/my/authenticator/codes", code="000000"))

    assert len(codes) == 10
    for answer in again:
        assert answer.status_code == 200
        assert not any(hidden in answer.text for hidden in (secret, secret[:4], *codes))
        assert "otpauth" not in answer.text


async def test_a_wrong_code_asks_for_the_next_one_without_showing_the_key_again(site: Site) -> None:
    setup = read(await site.send(await site.enrolling(), "/my/factor/start"))
    secret = pyotp.parse_uri(uri_of(setup)).secret
    wrong = await site.send(setup, "/my/factor/confirm", code=site.world.wrong(secret))
    right = pyotp.TOTP(secret).at(int(site.world.clock.at))
    confirmed = await site.send(read(wrong), "/my/factor/confirm", code=right)

    assert read(wrong).headings[0] == "Type the next code"
    assert secret[:4] not in wrong.text
    assert read(confirmed).headings[0] == "Keep your recovery codes"


async def test_starting_again_voids_the_first_qr_code(site: Site) -> None:
    first = await site.enrolling()
    old = pyotp.parse_uri(uri_of(read(await site.send(first, "/my/factor/start")))).secret
    setup = read(await site.send(first, "/my/factor/start"))
    refused = await site.send(setup, "/my/factor/confirm", code=pyotp.TOTP(old).at(int(site.world.clock.at)))

    assert read(refused).headings[0] == "Type the next code"


async def test_an_account_with_an_authenticator_gives_its_code_first(site: Site) -> None:
    secret, _ = await set_up(site)
    first = await site.enrolling()
    without = await site.send(first, "/my/factor/start")
    wrong = await site.send(first, "/my/factor/start", code=site.world.wrong(secret))
    right = await site.send(first, "/my/factor/start", code=site.world.code(secret))

    assert "You have an authenticator already" in first.text
    assert "otpauth" not in without.text + wrong.text
    assert read(right).headings[0] == "Add UPay to your authenticator"
    assert (await site.world.lifecycle.status("li")).state == "active"


async def test_a_password_given_long_ago_opens_no_enrolment(site: Site) -> None:
    first = await site.enrolling()
    site.world.clock.at += 301
    answer = read(await site.send(first, "/my/factor/start"))

    assert answer.headings[0] == "Please open the page again"
    assert (await site.world.lifecycle.status("li")).state == "none"


async def test_recovery_codes_are_renewed_for_a_code(site: Site) -> None:
    secret, old = await set_up(site)
    page = await site.open("factor")
    answer = await site.send(page, "/my/authenticator/codes", code=site.world.code(secret))

    assert "Recovery codes left10" in page.text
    assert len(codes_of(answer.text)) == 10
    assert not set(codes_of(answer.text)) & set(old)
    assert "no longer work" in read(answer).text


async def test_a_recovery_code_removes_the_authenticator_and_a_wrong_one_does_not(site: Site) -> None:
    _, codes = await set_up(site)
    page = await site.open("factor")
    wrong = read(await site.send(page, "/my/authenticator/remove", code="AAAA-AAAA-AAAA-AAAA"))
    right = read(await site.send(page, "/my/authenticator/remove", code=codes[0]))

    assert "That code was not accepted" in wrong.text
    assert right.headings[0] == "Removed"
    assert (await site.world.lifecycle.status("li")).state == "none"


async def test_a_recovery_code_approves_a_challenge_once(site: Site) -> None:
    _, codes = await set_up(site)
    page = await site.approving()
    form = next(form for form in page.forms if form.fields.get("field") == "recovery")
    fields = {**form.fields, "code": codes[0].lower()}
    approved = await site.browser.post("/my/approve", data=fields, follow_redirects=True)
    await site.world.issue("c2")
    second = await site.open(challenge_id="c2")
    again = await site.send(second, "/my/approve", code=codes[0])

    assert read(approved).headings[0] == "Approved"
    assert "Tries left: 4" in read(again).text


async def test_pages_say_when_the_factor_is_paused(site: Site) -> None:
    secret, _ = await set_up(site)
    page = await site.approving()
    for _ in range(5):
        answer = await site.send(page, "/my/approve", code=site.world.wrong(secret))

    assert read(answer).headings[0] == "A pause, to keep you safe"
    assert "about 30 minutes" in read(answer).text


async def test_with_the_database_away_nothing_is_shown(site: Site, monkeypatch: object) -> None:
    first = await site.enrolling()

    async def away(*_: object) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr(type(site.world.lifecycle), "enrol", away)  # type: ignore[attr-defined]
    answer = await site.send(first, "/my/factor/start")

    assert (answer.status_code, "otpauth" in answer.text) == (503, False)
