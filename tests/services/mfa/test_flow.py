"""What a pass is for: one challenge, of one account, about one amount, currency and payee, while it lives."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.decisions import IssueChallenge, approval_digest
from contracts.events import ChallengeOutcome, Transaction
from services.mfa.grants import Grants
from services.mfa.records import Answer
from services.mfa.repository import record_issued
from services.mfa.service import ChallengesService
from services.mfa.tables import challenges
from services.platform.keyring import Keyring
from services.scoring.effects import effects_for
from tests.services.mfa.world import KEY, World, asked
from tests.services.scoring.events import transaction
from tests.services.scoring.policies import plain

TRANSFER: dict[str, Any] = {
    "event_id": "e1",
    "purpose": "transaction",
    "amount": "412.00",
    "currency": "CNY",
    "payee_id": "payee-9",
}


@pytest.fixture
def granting(world: World) -> ChallengesService:
    """A service whose passes are worth a grant."""
    grants = Grants(Keyring({1: KEY}, 1))
    return ChallengesService(world.database, world.intake, world.checker, world.clock, grants)


def claims(answer: Answer) -> dict[str, Any]:
    assert answer.grant is not None
    body = answer.grant.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    return read


def asks(event: Transaction) -> IssueChallenge:
    """The challenge that a decision about the event asks for."""
    effect, *_ = effects_for(event, "challenge", plain(), True)
    assert isinstance(effect, IssueChallenge)
    return effect


async def test_whoever_skips_the_step_has_no_pass_and_no_grant(
    world: World, granting: ChallengesService
) -> None:
    await world.enrolled()
    await world.issue("c1")
    shown = await granting.challenge("c1")

    assert shown is not None
    assert (shown.state, shown.closed_at) == ("open", None)
    assert not any(isinstance(event, ChallengeOutcome) for event in await world.sent())


async def test_an_enrolment_that_was_never_confirmed_passes_nothing(world: World) -> None:
    made = await world.enrol()
    await world.issue("c1")

    assert not (await world.service.verify("c1", world.code(made.secret))).passed


async def test_nobody_confirms_another_s_challenge(world: World) -> None:
    await world.enrolled("li")
    mine = await world.enrolled("mallory")
    await world.issue("c1", "li")

    assert not (await world.service.verify("c1", world.code(mine))).passed


async def test_a_pass_is_worth_a_grant_of_its_own_event_amount_and_payee(
    world: World, granting: ChallengesService
) -> None:
    secret = await world.enrolled()
    await world.issue("a")
    await world.issue("b")

    granted = claims(await granting.verify("a", world.code(secret)))

    said = {name: granted[name] for name in ("sub", "event_id", "amount", "currency", "payee_id")}
    assert said == {
        "sub": "li",
        "event_id": "event-a",
        "amount": "412.00",
        "currency": "CNY",
        "payee_id": "payee-9",
    }
    _, other = asked("b")
    assert granted["digest"] != other.digest


async def test_a_refusal_is_worth_nothing(world: World, granting: ChallengesService) -> None:
    secret = await world.enrolled()
    await world.issue("c1")

    assert (await granting.verify("c1", world.wrong(secret))).grant is None


async def test_an_accepted_verify_retried_gives_the_same_result_and_the_same_grant(
    world: World, granting: ChallengesService
) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    code = world.code(secret)
    first = await granting.verify("c1", code)
    world.clock.at += 100

    assert first.grant is not None
    assert first == await granting.verify("c1", code)


CHANGES = [
    {"amount": "412.01"},
    {"amount": "411.99"},
    {"amount": "4120.0"},
    {"currency": "CNH"},
    {"payee_id": "pаyee-9"},
    {"payee_id": "payee-９"},
    {"payee_id": "payee‐9"},
    {"payee_id": "payee-9 "},
    {"payee_id": "payee-9\u200b"},
    {"payee_id": "Payee-9"},
    {"payee_id": None},
    {"event_id": "e2"},
    {"purpose": "change"},
]


@pytest.mark.parametrize("changed", CHANGES, ids=str)
def test_one_cent_or_one_homoglyph_makes_another_digest(changed: dict[str, Any]) -> None:
    assert approval_digest(**TRANSFER) != approval_digest(**TRANSFER | changed)


@given(
    st.lists(
        st.tuples(*[st.text(max_size=4)] * 2, *[st.none() | st.text(max_size=4)] * 3), min_size=2, unique=True
    )
)
def test_no_two_approvals_share_a_digest(approvals: list[tuple[str, str, str, str, str]]) -> None:
    assert len({approval_digest(*each) for each in approvals}) == len(approvals)


@pytest.mark.parametrize("written", ["412", "412.0", "412.00", "0412.00"])
def test_the_same_amount_written_otherwise_is_the_same_approval(written: str) -> None:
    assert asks(transaction(amount=written)).digest == asks(transaction(amount="412.00")).digest


def test_a_changed_transfer_asks_for_a_challenge_of_its_own() -> None:
    first = asks(transaction(event_id="t1", payee_id="payee-9"))
    second = asks(transaction(event_id="t2", payee_id="payee-9", amount="412.01"))

    assert first.challenge_id != second.challenge_id
    assert first.digest != second.digest


async def test_what_the_wallet_is_shown_stays_what_was_asked_first(world: World) -> None:
    """A second record of the same challenge, or of another about the same event, changes nothing."""
    await world.issue("c1")
    decision, effect = asked("c1")
    forged = replace(effect, amount="9999.00", digest="f" * 64)
    async with world.database.begin() as connection:
        await record_issued(connection, decision, forged, world.clock.at)
        await record_issued(connection, decision, replace(forged, challenge_id="c2"), world.clock.at)

    (row,) = await world.rows(challenges)
    assert (row["challenge_id"], row["amount"], row["digest"]) == ("c1", "412.00", effect.digest)
    assert await world.service.challenge("c2") is None


async def test_an_event_has_one_live_challenge_and_another_once_that_is_over(world: World) -> None:
    await world.issue("c1")
    decision, effect = asked("c1")
    later = replace(effect, challenge_id="c2")
    world.clock.at += 300
    await world.service.expire_due()
    async with world.database.begin() as connection:
        await record_issued(connection, decision, later, world.clock.at)

    assert {row["challenge_id"]: row["state"] for row in await world.rows(challenges)} == {
        "c1": "expired",
        "c2": "open",
    }
