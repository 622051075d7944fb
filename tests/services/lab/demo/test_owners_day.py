"""What happens to the people whose place a visitor takes is decided as the page says, whatever the time of day."""

from __future__ import annotations

import pytest

from contracts.changes import OwnChange
from contracts.decisions import Decision, HoldPayment, IssueChallenge, Notify
from contracts.events import AccountChange
from services.lab.demo.demo import PAST_DAYS
from services.lab.demo.owners import LOCALES, Owner, owners
from services.lab.demo.owners_day import asked_payment, stolen_payment
from services.lab.demo.player import past_of
from services.lab.people.behaviour import DAY_S, World
from services.lab.people.events import Played
from tests.services.lab.simulate.test_stories import decided

MIDNIGHT = 1_764_460_800
CHANGES: tuple[OwnChange, ...] = ("totp_enrolment_started", "totp_enrolled")


def of(key: str, locale: str = "en") -> Owner:
    return next(owner for owner in owners() if (owner.key, owner.locale) == (key, locale))


async def decision_of(owner: Owner, played: list[Played], now: float) -> Decision:
    """The decision on the last event, of an owner with two weeks behind them and an authenticator."""
    hour = now % DAY_S / 3600
    world = World(7, MIDNIGHT - PAST_DAYS * DAY_S, "t", afternoon_h=hour)
    past = past_of(world, [], [owner.person], PAST_DAYS, now)
    enrolled = [
        AccountChange(
            event_id=f"factor-{change}",
            account_id=owner.account_id,
            occurred_at=world.start_at * 1000,
            change=change,
        )
        for change in CHANGES
    ]
    decisions = await decided([*map(Played, enrolled), *past, *played])
    return decisions[played[-1].event.event_id]


@pytest.mark.parametrize("hour", [0.1, 5.0, 11.5, 17.0, 23.5])
@pytest.mark.parametrize("locale", LOCALES)
async def test_the_first_payment_is_held_and_its_owner_told(locale: str, hour: float) -> None:
    owner, now = of("lin", locale), MIDNIGHT + hour * 3600
    decision = await decision_of(owner, stolen_payment(owner, "t", now), now)

    assert decision.action == "hold"
    assert {HoldPayment, Notify} <= {type(effect) for effect in decision.effects}


@pytest.mark.parametrize("hour", [0.1, 11.5, 23.5])
async def test_a_code_is_asked_for_and_no_more(hour: float) -> None:
    owner, now = of("zhao"), MIDNIGHT + hour * 3600
    decision = await decision_of(owner, asked_payment(owner, "t", now), now)

    assert decision.action == "challenge"
    assert IssueChallenge in {type(effect) for effect in decision.effects}


def test_everybody_is_there_once_for_each_language() -> None:
    everybody = owners()

    assert len({owner.account_id for owner in everybody}) == len(everybody) == 4 * len(LOCALES)
    assert {owner.key for owner in everybody if owner.locale == "zh-CN"} == {owner.key for owner in everybody}
