"""An owner's browsers each get their push; one that has gone is forgotten, and the others stay."""

from __future__ import annotations

import pytest

from contracts.errors import Malformed
from notifier.channels import ADDRESS_GONE, Letter, Sent
from notifier.service import Notifier
from services.cases.case_service import CaseService
from services.cases.contact_points import MOST_SEVERAL, Contact, points_of
from services.platform.database import Database
from services.platform.settings import Settings
from tests.notifier.delivering import T0, Clock, add, sendings
from tests.notifier.test_channels_apart import CRITICAL, SMS, Outside, reached_by


def browser(name: str) -> Contact:
    return Contact(name, "zh-CN", "Asia/Shanghai", "web_push")


class Pushes(Outside):
    """A push service that knows some browsers no more."""

    def __init__(self, *gone: str) -> None:
        super().__init__("web_push")
        self.gone = set(gone)
        self.asked: list[str] = []

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        self.asked.append(letter.to)
        if letter.to in self.gone:
            raise Malformed(ADDRESS_GONE, "the browser has gone")
        return await super().send(letter, key, at)


async def open_browsers(database: Database) -> list[str]:
    async with database.read() as connection:
        found = await points_of(connection, ["li"], T0 - 86_400.0 * 30)
    return [point.address for point in found.get("li", []) if point.channel == "web_push"]


async def pushed(database: Database, pushes: Pushes, event_id: str, *others: Outside) -> None:
    await add(database, event_id, template=CRITICAL)
    ways = {way.name: way for way in (pushes, *others)}
    service = Notifier(Settings(), database, Clock(), ways)
    while await service.deliver_due():
        pass


async def test_each_browser_gets_its_push_under_a_key_of_its_own(database: Database) -> None:
    await reached_by(database, "li", browser("b1"), browser("b2"), browser("b3"))
    pushes = Pushes()
    await pushed(database, pushes, "e1")

    assert sorted(pushes.asked) == ["b1", "b2", "b3"]
    assert len(pushes.taken) == 3


async def test_a_browser_that_has_gone_is_forgotten_at_once_and_the_others_are_told(
    database: Database,
) -> None:
    await reached_by(database, "li", browser("b1"), browser("b2"))
    pushes = Pushes("b1")
    await pushed(database, pushes, "e1")
    await pushed(database, pushes, "e2")

    assert pushes.asked.count("b1") == 1
    assert pushes.asked.count("b2") == 2
    assert await open_browsers(database) == ["b2"]
    states = {row.why: row.state for row in await sendings(database) if row.channel == "web_push"}
    assert states == {"address_gone": "failed", None: "handed_over"}


async def test_a_text_message_goes_at_once_when_every_browser_has_gone(database: Database) -> None:
    await reached_by(database, "li", SMS, browser("b1"), browser("b2"))
    pushes, sms = Pushes("b1", "b2"), Outside("sms")
    await pushed(database, pushes, "e1", sms)

    assert len(pushes.asked) == 2
    assert len(sms.taken) == 1


async def test_a_browser_subscribed_again_is_one_and_the_oldest_of_nine_makes_room(
    database: Database,
) -> None:
    await reached_by(database, "li", browser("b0"), browser("b0"))
    assert await open_browsers(database) == ["b0"]

    desk = CaseService(database, lambda: T0)
    for number in range(1, MOST_SEVERAL + 1):
        await desk.set_contact("li", browser(f"b{number}"))
    assert sorted(await open_browsers(database)) == [f"b{number}" for number in range(1, MOST_SEVERAL + 1)]


@pytest.mark.parametrize(("kind", "left"), [("web_push", 0), ("push", 1)])
async def test_ending_browsers_forgets_all_of_them_and_nothing_else(
    database: Database, kind: str, left: int
) -> None:
    await reached_by(database, "li", browser("b1"), Contact("t1", "en", "UTC", "push"))
    assert await CaseService(database, lambda: T0).end_contact("li", kind)  # type: ignore[arg-type]

    assert len(await open_browsers(database)) == left
