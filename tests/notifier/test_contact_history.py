"""Whoever changes the address of an account cannot silence its owner; and what is a change, and what is none."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from contracts.errors import Malformed, Unavailable
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.mail_addresses import address_key, masked, same_address
from services.cases.tables import contact_points, notices
from services.platform.database import Database
from tests.notifier.delivering import Clock, add, kill, notifier, rows
from tests.notifier.postbox import DAY_S, NEW, OLD, THIRD, Owner, Postbox, deliver_all, happened, to

LOGIN = "Sign-in not quite like yours"
CHANGED = "Your mail address at UPay was changed"


async def test_the_old_address_is_told_first_and_then_the_new_one(li: Owner) -> None:
    await li.change(NEW)
    await li.deliver()

    assert li.written_to == [OLD, NEW]
    assert li.box.got[0][1] == CHANGED
    assert masked(NEW) in li.box.sent[0][1].text
    assert NEW not in li.box.sent[0][1].text
    assert "Change your password" in li.box.sent[0][1].text


async def test_nothing_goes_to_the_new_address_while_the_old_one_cannot_be_told(li: Owner) -> None:
    li.box.errors[OLD] = Unavailable("450")
    await li.change(NEW)
    await li.log_in()
    await li.deliver()

    assert li.box.got == []

    li.box.errors.clear()
    await li.deliver()

    assert li.written_to[0] == OLD
    assert set(li.written_to) == {OLD, NEW}
    assert [row.state for row in await rows(li.database)] == ["delivered"] * 3


@pytest.mark.parametrize(
    ("error", "told_first_s"),
    [
        (Malformed("address_refused", "550"), 3600.0),
        (Unavailable("450"), 600.0),
    ],
    ids=["is gone", "stays away longer than the setting"],
)
async def test_an_old_address_that_cannot_be_told_does_not_keep_the_new_one_waiting_for_ever(
    li: Owner, error: Exception, told_first_s: float
) -> None:
    li.box.errors[OLD] = error
    await li.change(NEW)
    await li.deliver(contact_told_first_s=told_first_s)

    assert li.written_to == [NEW]


@pytest.mark.parametrize(
    ("after_s", "addresses"),
    [(0.0, {OLD, NEW}), (7 * DAY_S, {OLD, NEW}), (7 * DAY_S + 1.0, {NEW}), (-DAY_S / 2, {OLD, NEW})],
)
async def test_letters_of_the_next_seven_days_go_to_both(
    li: Owner, after_s: float, addresses: set[str]
) -> None:
    changed_at = li.clock.now
    await li.changed(NEW)
    li.clock.now = max(li.clock.now, changed_at + after_s)
    await happened(li.database, "e1", changed_at + after_s)
    await li.deliver()

    assert sorted(li.written_to) == sorted(addresses)


async def test_the_wallets_event_and_its_change_may_come_in_either_order(li: Owner) -> None:
    await li.log_in("before")
    li.clock.now += 1.0
    await li.change(NEW)
    await li.log_in("after", 1.0)
    await li.log_in("late", -DAY_S / 2)
    await li.deliver()

    assert sorted(address for address, subject in li.box.got if subject == LOGIN) == sorted([OLD, NEW] * 3)
    assert li.box.got.index((OLD, CHANGED)) < li.written_to.index(NEW)


async def test_an_event_whose_clock_is_years_off_is_told_to_the_old_address_too(li: Owner) -> None:
    await li.change(NEW)
    await li.log_in(after_s=3650 * DAY_S)
    await li.deliver()

    assert (OLD, LOGIN) in li.box.got


async def test_a_change_back_is_a_change_and_told_to_the_address_between(li: Owner) -> None:
    await li.changed(NEW)
    await li.change(OLD)
    await li.deliver()

    assert li.box.got == [
        (NEW, CHANGED),
        (OLD, "This address now gets security letters of UPay"),
    ]


async def test_after_a_change_back_the_owner_does_not_wait_until_the_thief_is_told(li: Owner) -> None:
    await li.changed(NEW)
    await li.change(OLD)
    li.box.errors[NEW] = Unavailable("450")
    await li.log_in()
    await notifier(li.database, li.box, li.clock).deliver_due()

    assert (OLD, LOGIN) in li.box.got


async def test_two_changes_in_a_row_are_both_told_to_the_owner(li: Owner) -> None:
    await li.change(NEW)
    li.clock.now += 1.0
    await li.change(THIRD)
    await li.deliver()
    changed = [address for address, subject in li.box.got if subject == CHANGED]

    assert sorted(changed) == sorted([OLD, OLD, NEW])
    assert changed[0] == OLD
    assert li.written_to[-1] == THIRD


async def test_an_owner_is_not_pushed_out_by_many_changes_and_they_are_no_flood(li: Owner) -> None:
    for number in range(40):
        li.clock.now += 1.0
        await li.change(f"x{number}@elsewhere.example")
    await li.deliver(within_s=DAY_S / 2)
    li.box.sent.clear()
    await li.log_in()
    await li.deliver()

    assert OLD in li.written_to
    assert len(li.written_to) == 5


async def test_each_reads_their_own_language(li: Owner) -> None:
    await li.change(NEW, "zh-CN")
    await li.deliver()

    assert [letter.language for _, letter in li.box.sent] == ["en", "zh-CN"]


async def test_one_address_that_fails_is_tried_again_alone(li: Owner) -> None:
    await li.changed(NEW)
    li.box.errors[NEW] = Unavailable("450")
    await li.log_in()
    await li.deliver()
    li.box.errors.clear()
    await li.deliver()

    assert li.written_to == [OLD, NEW]


async def test_a_notifier_killed_between_two_addresses_sends_the_rest_and_the_same_message_again(
    li: Owner,
) -> None:
    await li.changed(NEW)
    await li.log_in()
    li.box.both.clear()
    li.box.hangs = True
    await kill(notifier(li.database, li.box, li.clock), asyncio.wait_for(li.box.both.wait(), 60))
    li.box.hangs = False
    li.clock.now += 120.0
    await li.deliver()

    assert len(li.box.sent) == 4
    assert {key for key, _ in li.box.sent} == {key for key, _ in li.box.sent[:2]}
    assert len({key for key, _ in li.box.sent}) == 2


async def test_a_letter_goes_to_nobody_elses_address(li: Owner) -> None:
    await CaseService(li.database, li.clock).set_contact("wu", to("wu@upay.example"))
    await li.change(NEW)
    await add(li.database, "e1", account_id="wu")
    await li.deliver()

    assert [address for address, subject in li.box.got if subject == LOGIN] == ["wu@upay.example"]


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
