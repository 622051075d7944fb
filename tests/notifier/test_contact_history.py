"""Whoever changes the address of an account cannot silence its owner."""

from __future__ import annotations

import asyncio

import pytest

from contracts.errors import Malformed, Unavailable
from notifier.deliver import Patience
from services.cases.case_service import CaseService
from services.cases.mail_addresses import masked
from services.platform.database import Database
from tests.notifier.delivering import Clock, add, notifier, rows
from tests.notifier.postbox import DAY_S, NEW, OLD, THIRD, Postbox, deliver_all, happened, to


async def test_the_old_address_is_told_first_and_then_the_new_one(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await desk.set_contact("li", to(NEW))
    await deliver_all(database, box, clock)

    assert [address for address, _ in box.got] == [OLD, NEW]
    assert box.got[0][1] == "The mail address of your UPay account was changed"
    assert masked(NEW) in box.sent[0][1].text
    assert NEW not in box.sent[0][1].text
    assert "change your password" in box.sent[0][1].text


async def test_nothing_goes_to_the_new_address_while_the_old_one_cannot_be_told(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    box.errors[OLD] = Unavailable("450")
    await desk.set_contact("li", to(NEW))
    await happened(database, "e1", clock.now)
    await deliver_all(database, box, clock)

    assert box.got == []

    box.errors.clear()
    await deliver_all(database, box, clock)

    assert box.got[0][0] == OLD
    assert {address for address, _ in box.got} == {OLD, NEW}
    assert [row.state for row in await rows(database)] == ["delivered"] * 3


async def test_an_old_address_that_is_gone_does_not_keep_the_new_one_waiting(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    box.errors[OLD] = Malformed("address_refused", "550")
    await desk.set_contact("li", to(NEW))
    await deliver_all(database, box, clock)

    assert [address for address, _ in box.got] == [NEW]


async def test_an_old_address_that_stays_away_delays_the_new_one_no_longer_than_the_setting(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    box.errors[OLD] = Unavailable("450")
    await desk.set_contact("li", to(NEW))
    await deliver_all(database, box, clock, Patience(told_first_s=600.0))

    assert [address for address, _ in box.got] == [NEW]


@pytest.mark.parametrize(
    ("after_s", "addresses"),
    [(0.0, {OLD, NEW}), (7 * DAY_S, {OLD, NEW}), (7 * DAY_S + 1.0, {NEW}), (-DAY_S / 2, {OLD, NEW})],
)
async def test_letters_of_the_next_seven_days_go_to_both(
    database: Database, desk: CaseService, box: Postbox, clock: Clock, after_s: float, addresses: set[str]
) -> None:
    await desk.set_contact("li", to(NEW))
    changed_at = clock.now
    await deliver_all(database, box, clock)
    box.sent.clear()
    clock.now = max(clock.now, changed_at + after_s)
    await happened(database, "e1", changed_at + after_s)
    await deliver_all(database, box, clock)

    assert {address for address, _ in box.got} == addresses
    assert len(box.sent) == len(addresses)


async def test_the_wallets_event_and_its_change_may_come_in_either_order(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await happened(database, "before", clock.now)
    clock.now += 1.0
    await desk.set_contact("li", to(NEW))
    await happened(database, "after", clock.now + 1.0, clock.now)
    await happened(database, "late", clock.now - DAY_S / 2, clock.now)
    await deliver_all(database, box, clock)
    about = [address for address, subject in box.got if "login" in subject]

    assert sorted(about) == sorted([OLD, NEW] * 3)
    assert box.got.index((OLD, "The mail address of your UPay account was changed")) < [
        address for address, _ in box.got
    ].index(NEW)


async def test_an_event_whose_clock_is_years_off_is_told_to_the_old_address_too(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await desk.set_contact("li", to(NEW))
    await happened(database, "e1", clock.now + 3650 * DAY_S, clock.now)
    await deliver_all(database, box, clock)

    assert (OLD, "A login to your UPay account was unlike the ones before") in box.got


async def test_a_change_back_is_a_change_and_told_to_the_address_between(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await desk.set_contact("li", to(NEW))
    await deliver_all(database, box, clock)
    box.sent.clear()
    await desk.set_contact("li", to(OLD))
    await deliver_all(database, box, clock)

    assert box.got[0] == (NEW, "The mail address of your UPay account was changed")
    assert box.got[1:] == [(OLD, "This address now gets the security letters of a UPay account")]


async def test_after_a_change_back_the_owner_does_not_wait_until_the_thief_is_told(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await desk.set_contact("li", to(NEW))
    await deliver_all(database, box, clock)
    box.sent.clear()
    await desk.set_contact("li", to(OLD))
    box.errors[NEW] = Unavailable("450")
    await happened(database, "e1", clock.now)
    await notifier(database, box, clock).deliver_due()

    assert (OLD, "A login to your UPay account was unlike the ones before") in box.got


async def test_two_changes_in_a_row_are_both_told_to_the_owner(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await desk.set_contact("li", to(NEW))
    clock.now += 1.0
    await desk.set_contact("li", to(THIRD))
    await deliver_all(database, box, clock)
    changed = [address for address, subject in box.got if "changed" in subject]

    assert sorted(changed) == sorted([OLD, OLD, NEW])
    assert changed[0] == OLD
    assert box.got[-1][0] == THIRD


async def test_an_owner_is_not_pushed_out_by_many_changes_and_they_are_no_flood(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    for number in range(40):
        clock.now += 1.0
        await desk.set_contact("li", to(f"x{number}@elsewhere.example"))
    await deliver_all(database, box, clock, within_s=DAY_S / 2)
    box.sent.clear()
    await happened(database, "e1", clock.now)
    await deliver_all(database, box, clock)

    assert OLD in {address for address, _ in box.got}
    assert len(box.got) == 5


async def test_each_reads_their_own_language(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await desk.set_contact("li", to(NEW, "zh-CN"))
    await deliver_all(database, box, clock)

    assert [letter.language for _, letter in box.sent] == ["en", "zh-CN"]


async def test_one_address_that_fails_is_tried_again_alone(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await desk.set_contact("li", to(NEW))
    await deliver_all(database, box, clock)
    box.sent.clear()
    box.errors[NEW] = Unavailable("450")
    await happened(database, "e1", clock.now)
    await deliver_all(database, box, clock)
    box.errors.clear()
    await deliver_all(database, box, clock)

    assert [address for address, _ in box.got] == [OLD, NEW]


async def test_a_notifier_killed_between_two_addresses_sends_the_rest_and_the_same_message_again(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await desk.set_contact("li", to(NEW))
    await deliver_all(database, box, clock)
    box.sent.clear()
    await happened(database, "e1", clock.now)
    box.both.clear()
    box.hangs = True
    killed = asyncio.create_task(notifier(database, box, clock).deliver_due())
    await asyncio.wait_for(box.both.wait(), 10)
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    box.hangs = False
    clock.now += 120.0
    await deliver_all(database, box, clock)

    assert len(box.sent) == 4
    assert {key for key, _ in box.sent} == {key for key, _ in box.sent[:2]}
    assert len({key for key, _ in box.sent}) == 2


async def test_a_letter_goes_to_nobody_elses_address(
    database: Database, desk: CaseService, box: Postbox, clock: Clock
) -> None:
    await CaseService(database, clock).set_contact("wu", to("wu@upay.example"))
    await desk.set_contact("li", to(NEW))
    await add(database, "e1", account_id="wu")
    await deliver_all(database, box, clock)

    assert [address for address, subject in box.got if "login" in subject] == ["wu@upay.example"]
