"""Messages that are no emergency go as their owner wishes, and no more than a few a day; emergencies go at once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from notifier.deliver import Patience
from notifier.plan import Way, plan
from notifier.service import Notifier
from notifier.wishes import NOT_WANTED, OwnerWishes
from services.cases.contact_points import Contact, Point, change_contact
from services.cases.message_tables import messages
from services.cases.preferences import Preferences, Wanted, change_preferences
from services.cases.tables import notices
from services.platform.database import Database
from services.platform.settings import Settings
from tests.notifier.delivering import T0, Clock, add
from tests.notifier.delivering import Way as Box

MAIL, SMS = Way(name="mail", reaches="mail"), Way(name="sms", reaches="sms")
INBOX = Way(name="inbox", reaches=None)
POINT = Point(point_id="p", address="li@upay.example", locale="en", time_zone="Asia/Shanghai", since=0.0)
#: T0 is 22:13:20 in Shanghai, and 07:00 there is so much later.
TO_MORNING_S = 8 * 3600 + 46 * 60 + 40.0


def planned(
    template: str, wishes: OwnerWishes, told: list[str] | None = None
) -> list[tuple[str, float, str | None]]:
    found = plan(template, [POINT], [MAIL, INBOX], T0, wishes=wishes, told=told or ())
    return [(each.channel, each.not_before, each.suppressed) for each in found]


def wishes(**chosen: Any) -> OwnerWishes:
    preferences = Preferences(account_id="li", changed_at=T0, **chosen)
    return OwnerWishes(preferences=preferences, time_zone="Asia/Shanghai", reached={"mail"})


SILENT = wishes(
    alerts={"security": frozenset(), "weekly": frozenset(), "top_up": frozenset()},
    quiet_from=0,
    quiet_to=1439,
)


@pytest.mark.parametrize(
    "template", ["deny_notice", "hold_notice", "contact_changed", "account_frozen", "a_new_one"]
)
def test_nothing_holds_an_emergency_back(template: str) -> None:
    assert planned(template, SILENT) == [("mail", T0, None), ("inbox", T0, None)]


def test_a_summary_that_holds_an_emergency_is_one() -> None:
    assert planned("digest", SILENT, ["login_notice", "hold_notice"]) == [
        ("mail", T0, None),
        ("inbox", T0, None),
    ]
    assert {why for *_, why in planned("digest", SILENT, ["login_notice"])} == {NOT_WANTED}


def test_security_news_waits_until_the_night_is_over_but_for_the_inbox_that_wakes_nobody() -> None:
    night = wishes(quiet_from=22 * 60, quiet_to=7 * 60)

    assert planned("new_device", night) == [("mail", T0 + TO_MORNING_S, None), ("inbox", T0, None)]


def test_each_kind_goes_by_the_channels_that_were_chosen_for_it() -> None:
    chosen = wishes(
        alerts={"security": frozenset({"inbox"}), "weekly": frozenset({"mail"}), "top_up": frozenset()}
    )

    assert [why for *_, why in planned("login_notice", chosen)] == [NOT_WANTED, None]
    assert [why for *_, why in planned("weekly", chosen)] == [None, NOT_WANTED]
    assert [why for *_, why in planned("top_up_arrived", chosen)] == [NOT_WANTED, NOT_WANTED]


def test_a_default_silences_no_owners_only_way_but_their_own_choice_may() -> None:
    nobody_chose = OwnerWishes(preferences=Preferences(account_id="li"), time_zone="UTC", reached={"sms"})
    by_mail_too = OwnerWishes(
        preferences=Preferences(account_id="li"), time_zone="UTC", reached={"sms", "mail"}
    )

    assert nobody_chose.refused("sms", "login_notice") is None
    assert by_mail_too.refused("sms", "login_notice") == NOT_WANTED
    assert wishes(alerts={**Preferences(account_id="li").alerts, "security": frozenset()}).refused(
        "mail", "login_notice"
    )


def notifier(database: Database, box: Box, clock: Clock, **settings: Any) -> Notifier:
    return Notifier(Settings(**settings), database, clock, {"mail": box}, Patience())


async def deliver(service: Notifier) -> None:
    while await service.deliver_due():
        pass


async def contact(database: Database, wanted: Wanted | None = None) -> None:
    async with database.begin() as connection:
        await change_contact(
            connection, "li", Contact("li@upay.example", "en", "Asia/Shanghai"), T0 - 9e5, "p" * 32
        )
        if wanted is not None:
            await change_preferences(connection, "li", wanted, "owner", T0 - 1.0)


async def test_a_letter_waits_for_the_morning_and_says_the_owners_phrase(database: Database) -> None:
    clock, box = Clock(), Box()
    await contact(database, Wanted(quiet_from=22 * 60, quiet_to=7 * 60, phrase="外婆家的<石榴>树"))
    await add(database, "e1")
    await add(database, "e2", template="deny_notice")
    service = notifier(database, box, clock)
    await deliver(service)
    night = [letter for _, letter in box.sent]
    clock.now = T0 + TO_MORNING_S
    await deliver(service)

    assert (len(night), len(box.sent)) == (1, 2)
    assert all("Your phrase: 外婆家的<石榴>树" in letter.text for _, letter in box.sent)
    assert all("外婆家的&lt;石榴&gt;树" in letter.html for _, letter in box.sent)


async def test_beyond_three_a_day_news_comes_together_next_morning_and_emergencies_do_not_count(
    database: Database,
) -> None:
    clock, box = Clock(), Box()
    await contact(database)
    await add(database, *(f"e{number}" for number in range(6)))
    await add(database, *(f"c{number}" for number in range(4)), template="deny_notice")
    service = notifier(database, box, clock)
    await deliver(service)

    assert len(box.sent) == 3 + 4
    # Shortly after midnight another day has begun, and nine o'clock is when the rest comes.
    clock.now = T0 + 2 * 3600.0
    await add(database, "e7")
    await deliver(service)
    assert len(box.sent) == 8
    clock.now = T0 + TO_MORNING_S + 2 * 3600.0
    await deliver(service)

    assert len(box.sent) == 9
    async with database.read() as connection:
        query = select(notices.c.template).where(notices.c.state == "digested")
        assert (await connection.execute(query)).scalars().all() == ["login_notice"] * 3


async def test_what_nobody_wanted_is_in_the_log_with_the_reason(database: Database) -> None:
    clock, box = Clock(), Box()
    await contact(database, Wanted(alerts={"security": frozenset()}))
    await add(database, "e1")
    await deliver(notifier(database, box, clock))

    assert box.sent == []
    async with database.read() as connection:
        found = (await connection.execute(select(messages.c.state, messages.c.why))).all()
        [notice] = (await connection.execute(select(notices.c.state))).scalars()
    assert [tuple(row) for row in found] == [("suppressed", NOT_WANTED)]
    assert notice == "suppressed"
