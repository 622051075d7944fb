"""To whom a planned letter goes: the owner's addresses at the time of what it tells, with a grace, and nobody else's."""

from __future__ import annotations

from typing import get_args

import pytest

from notifier.planner import PRIORITIES, Priority
from notifier.queue import Message
from notifier.rates import Rates
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.platform.database import Database
from tests.notifier.delivering import T0, add, rows
from tests.notifier.postbox import DAY_S, happened
from tests.notifier.test_queue import GRACE_S, claim, end, plan, take

OLD = Contact("old@upay.example", "en", "UTC")
NEW = Contact("new@upay.example", "zh-CN", "Asia/Shanghai")


async def contact(database: Database, known: Contact, at: float, account_id: str = "li") -> None:
    await CaseService(database, lambda: at).set_contact(account_id, known)


def addresses(taken: list[Message], notice_id: str | None = None) -> list[str]:
    return sorted(each.route.to for each in taken if notice_id in (None, each.notice.notice_id))


@pytest.mark.parametrize(
    ("happened_at", "recorded_at", "changed_at", "old_too"),
    [
        (T0, T0, T0 - GRACE_S, True),
        (T0, T0, T0 - GRACE_S - 1, False),
        (T0 - 2 * GRACE_S, T0, T0 - 1.5 * GRACE_S, True),
        (T0 - 2 * GRACE_S, T0, T0 - 3 * GRACE_S, True),
        (T0 - 2 * GRACE_S, T0, T0 - 3 * GRACE_S - 1, False),
        (T0 + 2 * GRACE_S, T0, T0 - GRACE_S, True),
        (T0 + 2 * GRACE_S, T0, T0 - GRACE_S - 1, False),
    ],
    ids=[
        "closed an hour before",
        "closed longer ago",
        "changed between the event and its record",
        "closed an hour before the event and longer before its record",
        "closed longer before both",
        "the event's clock is fast, closed an hour before its record",
        "the event's clock is fast, closed longer ago",
    ],
)
async def test_the_address_before_gets_the_letter_when_it_closed_up_to_the_grace_before_either_time(
    database: Database, happened_at: float, recorded_at: float, changed_at: float, old_too: bool
) -> None:
    await contact(database, OLD, T0 - DAY_S)
    await contact(database, NEW, changed_at)
    await happened(database, "e1", happened_at, recorded_at)

    taken = await take(database)

    assert {each.notice.told[0].moments for each in taken} == {(happened_at, recorded_at)}
    assert addresses(taken) == ([NEW.address, OLD.address] if old_too else [NEW.address])


async def test_the_earliest_of_several_letters_shortens_no_other_s_grace(database: Database) -> None:
    """They are looked up together."""
    await contact(database, OLD, T0 - DAY_S)
    await contact(database, NEW, T0 - GRACE_S)
    for event_id, at in (("e1", T0), ("e2", T0 - DAY_S / 2), ("e3", T0 + 1)):
        await happened(database, event_id, at)

    taken = await take(database, T0 + 1)
    found = {each.notice.told[0].moments[0]: addresses(taken, each.notice.notice_id) for each in taken}

    both = [NEW.address, OLD.address]
    assert found == {T0: both, T0 - DAY_S / 2: both, T0 + 1: [NEW.address]}


async def test_each_account_s_letter_goes_to_its_own_owner_and_nowhere_when_none_is_known(
    database: Database,
) -> None:
    await contact(database, OLD, T0 - DAY_S, "li")
    await contact(database, NEW, T0 - DAY_S, "wang")
    for account_id in ("li", "wang", "zhao"):
        await add(database, f"e-{account_id}", account_id=account_id)

    found = {each.notice.account_id: each.route.to for each in await take(database)}

    assert found == {"li": OLD.address, "wang": NEW.address}
    assert sorted(row.account_id for row in await rows(database) if row.state == "undeliverable") == ["zhao"]


async def test_a_change_of_address_is_told_to_the_old_one_and_a_welcome_to_the_new_one(
    database: Database,
) -> None:
    await contact(database, OLD, T0 - DAY_S)
    await contact(database, NEW, T0)

    (changed,) = await take(database, priority="critical")
    await end(database, changed)
    (added,) = await claim(database, priority="critical")

    assert [(each.notice.template, each.route.to) for each in (changed, added)] == [
        ("contact_changed", OLD.address),
        ("contact_added", NEW.address),
    ]
    (told,) = changed.notice.told
    assert told.news is not None
    assert (told.decision, told.news.at, told.moments) == (None, T0, (T0, T0))


async def test_a_digest_goes_to_whoever_any_of_its_letters_would_go_to(database: Database) -> None:
    await contact(database, OLD, T0 - DAY_S)
    await contact(database, NEW, T0 - 2 * GRACE_S)
    few = Rates(per_hour=1, digest_after_s=10.0)
    await add(database, "another", account_id="wang")
    assert (await plan(database, allowed=few)).undeliverable == 1
    await happened(database, "e1", T0)
    await happened(database, "e2", T0 - 3 * GRACE_S, T0)
    assert (await plan(database, allowed=few)).digested == {"login_notice": 2}

    await plan(database, T0 + 10, allowed=few)
    digests = await claim(database, T0 + 10)

    assert {each.notice.template for each in digests} == {"digest"}
    assert addresses(digests) == [NEW.address, OLD.address]


async def test_of_a_storm_two_hundred_are_looked_at_at_a_time(database: Database) -> None:
    await add(database, *(f"e{number}" for number in range(202)))

    found = await plan(database, allowed=Rates(per_hour=1))

    assert (found.undeliverable, found.digested) == (1, {"login_notice": 199})


def test_every_priority_has_its_turn() -> None:
    assert sorted(PRIORITIES) == sorted(get_args(Priority))
