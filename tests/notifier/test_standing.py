"""A channel fails from the first message that it does not take until it takes one; one address is no channel."""

from __future__ import annotations

import pytest

from contracts.errors import Malformed, Unavailable
from notifier.channels import ADDRESS_PUT_OFF, ADDRESS_REFUSED
from notifier.standing import Standing
from services.cases.case_service import CaseService
from services.cases.preferences import Wanted
from services.platform.database import Database
from services.platform.metrics import CHANNEL_FAILING, MESSAGES, MESSAGES_SUPPRESSED
from tests.notifier.delivering import T0, Clock, Way, add, notifier


def failing(channel: str = "mail") -> bool:
    return bool(CHANNEL_FAILING.labels(channel)._value.get())


async def test_a_channel_that_is_away_fails_until_it_takes_a_message(told: Database) -> None:
    way, clock = Way(), Clock()
    service = notifier(told, way, clock)
    way.error = Unavailable("away", "mail_away")
    await service.deliver_due()
    assert failing()

    way.error, clock.now = None, T0 + 10.0
    await service.deliver_due()
    assert not failing()


@pytest.mark.parametrize(
    "error", [Unavailable("full", ADDRESS_PUT_OFF), Malformed(ADDRESS_REFUSED, "nobody there")]
)
async def test_an_address_that_is_not_taken_makes_no_channel_fail(told: Database, error: Exception) -> None:
    way = Way()
    way.error = error
    await notifier(told, way, Clock()).deliver_due()

    assert not failing()


def test_one_message_that_is_refused_is_its_own_fault_and_five_in_a_row_are_not() -> None:
    standing, seen = Standing(["sms"]), []
    for _ in range(5):
        standing.refused("sms")
        seen.append(failing("sms"))
    standing.rest()
    seen.append(failing("sms"))
    standing.took("sms")

    assert seen == [False, False, False, False, True, True]
    assert not failing("sms")


def test_what_another_notifier_sent_is_no_longer_failing_here() -> None:
    standing = Standing(["sms", "push"])
    standing.put_off("sms")
    standing.rest()

    assert not failing("sms")


async def test_a_message_that_the_owner_does_not_want_is_counted_with_its_reason(told: Database) -> None:
    before = MESSAGES_SUPPRESSED.labels("mail", "preferences")._value.get()
    ended = MESSAGES.labels("mail", "security", "suppressed")._value.get()
    wanted = Wanted(alerts={"security": frozenset({"push"})})
    await CaseService(told, lambda: T0).set_preferences("li", wanted, "test")
    await add(told, "e2")
    await notifier(told, Way(), Clock()).deliver_due()

    assert MESSAGES_SUPPRESSED.labels("mail", "preferences")._value.get() > before
    assert MESSAGES.labels("mail", "security", "suppressed")._value.get() > ended
