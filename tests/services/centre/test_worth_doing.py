"""The one thing worth doing in a week's summary: the weightiest that is not done, and none where all is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from contracts.events import Device, Login
from services.activity.rows import row_of
from services.activity.tables import activity
from services.cases.contact_points import Contact, change_contact
from services.cases.news import News, Tip, Week
from services.cases.preferences import Wanted, change_preferences, preferences_by_account
from services.cases.tables import contact_points
from services.centre.worth_doing import worth_doing
from services.mfa.tables import recovery_codes
from tests.notifier.looked_at import letter
from tests.services.portal.site import Site

DAY_S = 86_400.0
PHONE, LAPTOP = b"p" * 16, b"l" * 16


async def tip(site: Site, account_id: str = "li") -> Tip | None:
    async with site.world.database.read() as connection:
        chosen = await preferences_by_account(connection, [account_id])
        found = await worth_doing(connection, [account_id], chosen, site.world.clock.at)
    return found.get(account_id)


async def run(site: Site, *statements: Any) -> None:
    async with site.world.database.begin() as connection:
        for statement in statements:
            await connection.execute(statement)


async def used(site: Site, key: bytes, days_ago: float, system: str | None = "iOS") -> None:
    """A sign-in on a device."""
    at = site.world.clock.at - days_ago * DAY_S
    login = Login(
        event_id=f"login-{key.hex()}",
        account_id="li",
        occurred_at=int(at * 1000),
        outcome="success",
        device=Device(kind="phone", os=system, browser=None),
        device_key=key,
    )
    await run(site, activity.insert().values(row_of(login)._asdict()))


async def phrase(site: Site) -> None:
    async with site.world.database.begin() as connection:
        await change_preferences(connection, "li", Wanted(phrase="red hat"), "page", site.world.clock.at)


async def test_first_comes_an_address_that_gives_mail_back_then_an_authenticator(site: Site) -> None:
    async with site.world.database.begin() as connection:
        contact = Contact("li@upay.example", "en", "UTC")
        await change_contact(connection, "li", contact, site.world.clock.at, "p" * 32)
    without = await tip(site)
    await run(site, update(contact_points).values(bouncing_since=1.0))
    bouncing = await tip(site)

    assert without == Tip(kind="factor")
    assert bouncing is not None
    assert bouncing.kind == "address"
    assert bouncing.address != "li@upay.example"


@pytest.mark.parametrize(("left", "wanted"), [(0, "codes"), (2, "codes"), (3, "phrase")])
async def test_few_recovery_codes_come_next(site: Site, left: int, wanted: str) -> None:
    await site.world.enrolled("li")
    codes = [row["prefix"] for row in await site.world.rows(recovery_codes)]
    await run(
        site, update(recovery_codes).where(recovery_codes.c.prefix.in_(codes[left:])).values(used_at=1.0)
    )
    found = await tip(site)

    assert found is not None
    assert (found.kind, found.count) == (wanted, left if wanted == "codes" else 0)


async def test_then_a_device_that_nobody_has_used_for_long_the_oldest_of_them(site: Site) -> None:
    await site.world.enrolled("li")
    await used(site, PHONE, 60.0)
    await used(site, LAPTOP, 50.0, "Windows")
    found = await tip(site)

    assert found == Tip(kind="device", device="iOS", at=site.world.clock.at - 60.0 * DAY_S)


@pytest.mark.parametrize(("days_ago", "system"), [(3.0, "iOS"), (200.0, "iOS"), (60.0, None)])
async def test_a_device_of_late_and_one_that_the_centre_does_not_list_are_left_alone(
    site: Site, days_ago: float, system: str | None
) -> None:
    await site.world.enrolled("li")
    await used(site, PHONE, days_ago, system)

    assert await tip(site) == Tip(kind="phrase")


async def test_where_all_is_done_there_is_none(site: Site) -> None:
    await site.world.enrolled("li")
    await phrase(site)

    assert await tip(site) is None


@pytest.mark.parametrize(
    ("told", "en", "zh"),
    [
        (Tip(kind="codes", count=1), "You have one recovery code left.", "您只剩 1 个恢复码了。"),
        (Tip(kind="codes", count=2), "You have 2 recovery codes left.", "您还剩 2 个恢复码。"),
        (Tip(kind="factor"), "Set up an authenticator.", "建议开启验证器"),
        (Tip(kind="phrase"), "Choose a phrase of your own", "设置识别语"),
        (Tip(kind="address", address="l•••i@upay.example"), "comes back to us", "的邮件被退回"),
        (
            Tip(kind="device", device="Windows, Edge", at=1_789_000_000.0),
            "You last used Windows PC, Edge on Thu 10 Sep 2026.",
            "您上一次使用“Windows 电脑，Edge 浏览器”是 2026年9月10日（周四）。",
        ),
    ],
)
def test_the_letter_names_it_in_a_box_of_its_own(told: Tip, en: str, zh: str) -> None:
    week = Week(began=1_789_900_000.0 - 7 * DAY_S, ended=1_789_900_000.0, sign_ins=9, tip=told)
    for locale, heading, said in (("en", "Worth doing", en), ("zh-CN", "建议", zh)):
        text = letter("weekly", locale, news=News(at=1_790_000_000.0, week=week)).text
        assert f"\n{heading}\n" in text
        assert said in text


def test_a_week_without_one_has_no_box() -> None:
    week = Week(began=1.0, ended=2.0, sign_ins=9)

    assert "Worth doing" not in letter("weekly", "en", news=News(at=3.0, week=week)).text
