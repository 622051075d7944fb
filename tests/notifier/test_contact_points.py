"""What is a change of an address, and what is none."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.mail_addresses import address_key, masked, same_address
from services.cases.tables import contact_points, notices
from services.platform.database import Database
from tests.notifier.delivering import Clock
from tests.notifier.postbox import OLD, Postbox, deliver_all, to


@pytest.mark.parametrize("same", ["li@upay.example", "LI@upay.example", "li@UPAY.example"])
async def test_the_same_address_is_no_change(
    database: Database, desk: CaseService, box: Postbox, clock: Clock, same: str
) -> None:
    await desk.set_contact("li", Contact(same, "zh-CN", "UTC"))
    await deliver_all(database, box, clock)

    assert (box.got, await opened(database)) == ([], [("li@upay.example", "zh-CN", None)])


@pytest.mark.parametrize("other", ["1i@upay.example", "li@upay.example.example", "li+1@upay.example"])
async def test_a_neighbour_of_the_address_is_a_change(
    database: Database, desk: CaseService, other: str
) -> None:
    await desk.set_contact("li", to(other))

    assert [row[0] for row in await opened(database) if row[2] is None] == [other]
    assert not same_address(other, OLD)


async def test_a_first_contact_is_no_change(database: Database, box: Postbox, clock: Clock) -> None:
    await CaseService(database, clock).set_contact("wu", to("wu@upay.example"))
    await deliver_all(database, box, clock)

    assert box.got == []


async def test_changes_at_the_same_moment_are_one_after_the_other(
    database: Database, desk: CaseService
) -> None:
    wanted = [f"x{number}@elsewhere.example" for number in range(8)]
    await asyncio.gather(*(desk.set_contact("li", to(address)) for address in wanted))
    found = await opened(database)

    assert len(found) == 9
    assert sum(row[2] is None for row in found) == 1
    async with database.read() as connection:
        changed = select(notices.c.notice_id).where(notices.c.template == "contact_changed")
        assert len((await connection.execute(changed)).all()) == 8


async def test_first_contacts_at_the_same_moment_are_one_after_the_other(
    database: Database, clock: Clock
) -> None:
    made = CaseService(database, clock)
    wanted = [f"x{number}@upay.example" for number in range(4)]
    await asyncio.gather(*(made.set_contact("wu", to(address)) for address in wanted))

    async with database.read() as connection:
        query = select(contact_points.c.until).where(contact_points.c.account_id == "wu")
        assert sorted(until is None for until in (await connection.execute(query)).scalars()) == [
            False,
            False,
            False,
            True,
        ]


def test_a_mask_gives_no_address_away() -> None:
    assert masked("li.wei.1990@upay.example") == "l•••@upay.example"


def test_keys_tell_addresses_apart_and_not_their_spelling() -> None:
    assert address_key("Li@UPay.Example") == address_key(OLD)
    assert len({address_key(f"x{number}@upay.example") for number in range(2000)}) == 2000


async def opened(database: Database) -> list[tuple[str, str, float | None]]:
    async with database.read() as connection:
        query = select(contact_points.c.address, contact_points.c.locale, contact_points.c.until)
        found = await connection.execute(query.where(contact_points.c.account_id == "li"))
        return [(row[0], row[1], row[2]) for row in found]
