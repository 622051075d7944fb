"""What every ChallengeIntake holds to."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.decisions import Decision, IssueChallenge
from services.memory.challenge_record import ChallengeRecord
from tests.contracts.conftest import NOW_S, Ports
from tests.services.cases.decided import challenge, decision


def requested(challenge_id: str, digest: str = "d1") -> tuple[Decision, IssueChallenge]:
    effect = replace(challenge("e1", "ann"), challenge_id=challenge_id, digest=digest)
    return decision("e1", "ann"), effect


async def test_a_challenge_is_written_with_all_it_binds(ports: Ports) -> None:
    intake = ports.intake()
    await intake.open([requested("c1"), requested("c2")])

    assert await intake.get("c2") == ChallengeRecord(
        challenge_id="c2",
        account_id="ann",
        event_id="e1",
        purpose="transaction",
        digest="d1",
        amount="412.00",
        currency="CNY",
        payee_id="shop-7",
        lifetime_s=300,
        created_at=NOW_S,
    )


async def test_a_challenge_never_written_is_none(ports: Ports) -> None:
    assert await ports.intake().get("c1") is None


async def test_a_repeated_request_leaves_the_first_record(ports: Ports) -> None:
    intake = ports.intake()
    await intake.open([requested("c1", "first")])
    await intake.open([requested("c1", "second"), requested("c2")])
    found = await intake.get("c1")

    assert found is not None
    assert found.digest == "first"


async def test_no_challenges_are_no_work(ports: Ports) -> None:
    await ports.intake().open([])
