"""To whom a claimed letter goes: the owner's addresses at the time of what it tells, with a grace, and nobody else's."""

from __future__ import annotations

from typing import get_args

import pytest

from notifier.claims import PRIORITIES, Claim, Priority
from notifier.rates import Rates
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.platform.database import Database
from tests.notifier.delivering import T0, add
from tests.notifier.postbox import DAY_S, happened
from tests.notifier.test_claims import GRACE_S, take

OLD = Contact("old@upay.example", "en", "UTC")
NEW = Contact("new@upay.example", "zh-CN", "Asia/Shanghai")


async def contact(database: Database, known: Contact, at: float, account_id: str = "li") -> None:
    await CaseService(database, lambda: at).set_contact(account_id, known)


def addresses(claim: Claim) -> list[str]:
    return sorted(point.address for point in claim.points)


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

    (claim,) = (await take(database)).claims

    assert claim.told[0].moments == (happened_at, recorded_at)
    assert addresses(claim) == ([NEW.address, OLD.address] if old_too else [NEW.address])


async def test_the_earliest_of_several_letters_shortens_no_other_s_grace(database: Database) -> None:
    """They are looked up together."""
    await contact(database, OLD, T0 - DAY_S)
    await contact(database, NEW, T0 - GRACE_S)
    for event_id, at in (("e1", T0), ("e2", T0 - DAY_S / 2), ("e3", T0 + 1)):
        await happened(database, event_id, at)

    found = {each.told[0].moments[0]: addresses(each) for each in (await take(database, T0 + 1)).claims}

    both = [NEW.address, OLD.address]
    assert found == {T0: both, T0 - DAY_S / 2: both, T0 + 1: [NEW.address]}


async def test_each_account_s_letter_goes_to_its_own_owner_and_nowhere_when_none_is_known(
    database: Database,
) -> None:
    await contact(database, OLD, T0 - DAY_S, "li")
    await contact(database, NEW, T0 - DAY_S, "wang")
    for account_id in ("li", "wang", "zhao"):
        await add(database, f"e-{account_id}", account_id=account_id)

    found = {
        told.decision.account_id: addresses(each)
        for each in (await take(database)).claims
        for told in each.told
        if told.decision
    }

    assert found == {"li": [OLD.address], "wang": [NEW.address], "zhao": []}


async def test_a_change_of_address_is_told_to_the_old_one_and_a_welcome_to_the_new_one(
    database: Database,
) -> None:
    await contact(database, OLD, T0 - DAY_S)
    await contact(database, NEW, T0)

    found = {each.template: each for each in (await take(database, priority="critical")).claims}

    assert {name: addresses(each) for name, each in found.items()} == {
        "contact_changed": [OLD.address],
        "contact_added": [NEW.address],
    }
    (told,) = found["contact_changed"].told
    assert told.news is not None
    assert (told.decision, told.news.at, told.moments) == (None, T0, (T0, T0))


async def test_a_digest_goes_to_whoever_any_of_its_letters_would_go_to(database: Database) -> None:
    await contact(database, OLD, T0 - DAY_S)
    await contact(database, NEW, T0 - 2 * GRACE_S)
    few = Rates(per_hour=1, digest_after_s=10.0)
    await add(database, "another", account_id="wang")
    assert len((await take(database, allowed=few)).claims) == 1
    await happened(database, "e1", T0)
    await happened(database, "e2", T0 - 3 * GRACE_S, T0)
    assert (await take(database, allowed=few)).digested == {"login_notice": 2}

    (digest,) = (await take(database, T0 + 10, allowed=few)).claims

    assert digest.template == "digest"
    assert addresses(digest) == [NEW.address, OLD.address]


async def test_of_a_storm_two_hundred_are_looked_at_at_a_time(database: Database) -> None:
    await add(database, *(f"e{number}" for number in range(202)))

    found = await take(database, allowed=Rates(per_hour=1))

    assert (len(found.claims), found.digested) == (1, {"login_notice": 199})


def test_every_priority_has_its_turn() -> None:
    assert sorted(PRIORITIES) == sorted(get_args(Priority))
