"""Signing in at the company, with a provider in this process: who gets in as what, and what keeps everybody else out."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey

from services.audit import audit_log
from services.staff.company import groups_and_roles
from services.staff.members import Kept
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.company import CHECK_S, Company
from tests.services.desk.made import hired
from tests.services.portal.reading import read


async def who(company: Company) -> list[tuple[str, str]]:
    return [(each.member.name, each.member.role) for each in await company.staff.listed()]


async def only_member(company: Company) -> Kept:
    [found] = await company.staff.listed()
    return found


async def test_somebody_of_a_group_with_a_role_is_a_member_from_their_first_sign_in_on(
    company: Company, stranger: Browser
) -> None:
    company.says(name="Wang Min", locale="zh-Hans-CN", zoneinfo="Asia/Shanghai")
    answer = await company.sign_in(stranger, "/desk/sign-in/company?next=/desk/me")

    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/me")
    assert company.issuer.asked["code_challenge_method"] == "S256"
    member = (await only_member(company)).member
    assert (member.name, member.display_name, member.role) == ("wang.min", "Wang Min", "agent")
    assert (member.locale, member.time_zone) == ("zh-CN", "Asia/Shanghai")
    assert (await stranger.get("/desk/me")).status_code == 200


async def test_of_several_groups_the_first_of_the_map_gives_the_role(
    company: Company, stranger: Browser
) -> None:
    company.says(groups=["audit", "support", "leads"])
    await company.sign_in(stranger)

    assert await who(company) == [("wang.min", "senior")]


@pytest.mark.parametrize("groups", [None, [], "", ["staff"], ["SUPPORT"], {"support": True}, 7])
async def test_without_a_group_that_has_a_role_nobody_gets_in_and_the_page_says_why(
    company: Company, stranger: Browser, groups: Any
) -> None:
    company.says(groups=groups)
    answer = await company.sign_in(stranger)

    assert answer.status_code == 403
    assert "in no group that works at the desk" in read(answer).text
    assert await who(company) == []
    assert (await stranger.get("/desk/me")).status_code == 303


async def test_another_group_is_another_role_at_the_next_sign_in(
    company: Company, desk_client: DeskClients
) -> None:
    first, second = desk_client.stranger(), desk_client.stranger()
    await company.sign_in(first)
    company.says(groups=["leads"])
    await company.sign_in(second)

    assert await who(company) == [("wang.min", "senior")]
    assert (await first.get("/desk/me")).status_code == 200


async def test_a_role_that_fell_ends_the_sessions_that_were_open(
    company: Company, desk_client: DeskClients
) -> None:
    company.says(groups=["desk-admins"])
    first, second = desk_client.stranger(), desk_client.stranger()
    await company.sign_in(first)
    company.says(groups=["support"])
    await company.sign_in(second)

    assert await who(company) == [("wang.min", "agent")]
    assert (await first.get("/desk/me")).status_code == 303
    assert (await second.get("/desk/me")).status_code == 200


async def test_whoever_left_every_group_is_refused_and_their_sessions_end(
    company: Company, desk_client: DeskClients
) -> None:
    first, second = desk_client.stranger(), desk_client.stranger()
    await company.sign_in(first)
    company.says(groups=[])

    assert (await company.sign_in(second)).status_code == 403
    assert (await first.get("/desk/me")).status_code == 303


async def test_a_session_goes_on_by_the_companys_word_and_without_it_ends(
    company: Company, stranger: Browser
) -> None:
    await company.sign_in(stranger)
    [before] = await company.staff.sessions.listed()
    for _ in range(3):
        company.later(CHECK_S / 3)
        await company.staff.sessions.find(stranger.client.cookies["payguard-desk"])

    led = await stranger.get("/desk/me")
    assert led.headers["location"] == "/desk/sign-in/company?next=%2Fdesk%2Fme"
    assert (await stranger.get("/desk/me", headers={"sec-fetch-mode": "cors"})).status_code == 200
    again = await company.sign_in(stranger, led.headers["location"])
    assert again.headers["location"] == "/desk/me"
    assert [each.session_id for each in await company.staff.sessions.listed()] == [before.session_id]
    for _ in range(6):
        company.later(CHECK_S / 3)
        await company.staff.sessions.find(stranger.client.cookies["payguard-desk"])
    assert await company.staff.sessions.listed() == []
    assert (await stranger.get("/desk/me")).headers["location"] == "/desk/sign-in?next=%2Fdesk%2Fme"
    assert await company.staff.sessions.end_overdue() == 1


async def test_a_name_that_a_member_has_gives_nobody_their_place(company: Company, stranger: Browser) -> None:
    await hired(company.staff, "admin", "wang.min")
    answer = await company.sign_in(stranger)

    assert (answer.status_code, "already has the name" in read(answer).text) == (403, True)
    assert await who(company) == [("wang.min", "admin")]


async def test_a_member_is_known_by_the_providers_subject_and_not_by_a_name(
    company: Company, desk_client: DeskClients
) -> None:
    await company.sign_in(desk_client.stranger())
    company.says(preferred_username="wang.renamed")
    assert (await company.sign_in(desk_client.stranger())).status_code == 303
    company.says(sub="another", preferred_username="wang.min")

    assert (await company.sign_in(desk_client.stranger())).status_code == 403
    assert await who(company) == [("wang.min", "agent")]


async def test_a_suspended_member_is_refused_whatever_their_groups(
    company: Company, desk_client: DeskClients
) -> None:
    await company.sign_in(desk_client.stranger())
    await company.staff.disable("wang.min", "cli:test")
    answer = await company.sign_in(desk_client.stranger())

    assert (answer.status_code, "has suspended you" in read(answer).text) == (403, True)


@pytest.mark.parametrize("name", [None, "", "@corp.example", "王敏", "a b", 7])
async def test_a_name_that_no_member_can_have_is_said_to_be_none(
    company: Company, stranger: Browser, name: Any
) -> None:
    company.says(preferred_username=name)
    answer = await company.sign_in(stranger)

    assert (answer.status_code, "a name that the desk can use" in read(answer).text) == (403, True)


@pytest.mark.parametrize(
    "claims",
    [{"iss": "https://other.example"}, {"aud": "another"}, {"nonce": "guessed"}, {"exp": 1}, {"sub": None}],
)
async def test_a_token_with_a_wrong_claim_lets_no_member_in(
    company: Company, stranger: Browser, claims: dict[str, Any]
) -> None:
    company.says(**claims)

    assert (await company.sign_in(stranger)).status_code == 403
    assert await who(company) == []


async def test_a_token_that_another_signed_lets_no_member_in(company: Company, stranger: Browser) -> None:
    company.issuer.published = ECKey.generate_key("P-256", {"kid": "one"})

    assert (await company.sign_in(stranger)).status_code == 403


@pytest.mark.parametrize("more", [{"state": "guessed"}, {"error": "access_denied"}, {"code": ""}])
async def test_an_answer_that_the_desk_did_not_ask_for_lets_no_member_in(
    company: Company, stranger: Browser, more: dict[str, str]
) -> None:
    await company.sign_in(stranger)
    await company.staff.sessions.end_others("wang.min", "cli:test")

    assert (await company.back(stranger, **more)).status_code == 403
    assert (await stranger.get("/desk/me")).status_code == 303


async def test_where_a_sign_in_leads_is_a_page_of_the_desk(company: Company, stranger: Browser) -> None:
    answer = await company.sign_in(stranger, "/desk/sign-in/company?next=https://evil.example/desk")

    assert answer.headers["location"] == "/desk"


async def test_the_sign_in_offers_the_companys_where_there_is_one(
    desk_client: DeskClients, stranger: Browser
) -> None:
    without = await stranger.page("/desk/sign-in?next=/desk/me")
    assert (await stranger.get("/desk/sign-in/company")).status_code == 404
    Company.beside(desk_client)
    page = await stranger.page("/desk/sign-in?next=/desk/me")

    assert "/desk/sign-in/company?next=%2Fdesk%2Fme" in page.links
    assert not [each for each in without.links if "company" in each]


async def test_what_the_company_said_is_in_the_audit(company: Company, desk_client: DeskClients) -> None:
    company.says(groups=["leads"])
    await company.sign_in(desk_client.stranger())
    company.says(groups=["support"])
    await company.sign_in(desk_client.stranger())
    company.says(groups=[])
    await company.sign_in(desk_client.stranger())

    rows = [row.entry for row in await audit_log.rows(company.staff.database)]
    told = [(each.action, each.result, each.actor) for each in rows if each.action.startswith("staff_")]
    assert sorted(told) == [
        ("staff_added", "done", "company"),
        ("staff_role", "done", "company"),
        ("staff_session_ended", "no_role", "company"),
        ("staff_session_ended", "no_role", "company"),
        ("staff_sign_in", "done", "staff:wang.min"),
        ("staff_sign_in", "done", "staff:wang.min"),
        ("staff_sign_in", "refused", "unknown"),
    ]


def test_groups_are_mapped_in_their_order_and_a_role_that_there_is_not_is_refused() -> None:
    assert list(groups_and_roles(" a = admin,b=agent,/c=d=senior, ")) == ["a", "b", "/c=d"]
    for wrong in ("a", "=agent", "a=boss"):
        with pytest.raises(ValueError, match="PAYGUARD_STAFF_OIDC_ROLES"):
            groups_and_roles(wrong)
