"""One offered code, judged inside one SQL transaction: attempt, step, challenge, audit and outcome together."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.challenges import factor_check, repository
from services.challenges.records import Challenge, Check, Verdict
from services.challenges.vault import Vault


async def judge(
    connection: AsyncConnection, vault: Vault, challenge_id: str, code: str, at: float
) -> Verdict:
    """The verdict on `code` (six ASCII digits) for the challenge at epoch seconds `at`.

    The same accepted code again is `repeated`, until the challenge expires. A closed challenge has no attempts left and
    is compared with nothing, an unknown one neither, which is left to the caller to audit. Raises VaultClosed when the
    secret does not open.
    """
    claimed = await repository.claim_attempt(connection, challenge_id, at)
    known = claimed or await repository.find(connection, challenge_id)
    if known is None:
        return Verdict(Check(result="unknown"), attempts_left=0)
    if claimed is None:
        verdict = Verdict(Check(result="closed"), attempts_left=0, challenge=known)
    elif claimed.passed_step is not None:
        verdict = await _again(connection, vault, claimed, code, claimed.passed_step)
    else:
        verdict = await _first(connection, vault, claimed, code, at)
    await repository.audit(connection, known.account_id, challenge_id, verdict.check, at)
    return verdict


async def _first(
    connection: AsyncConnection, vault: Vault, claimed: Challenge, code: str, at: float
) -> Verdict:
    check = await factor_check.check_code(connection, vault, claimed.account_id, "active", code, at)
    if check.result == "passed":
        await repository.give_back_attempt(connection, claimed.challenge_id)
        await repository.close(connection, claimed, "passed", at, check.step)
        return Verdict(check, claimed.attempts_left + 1, claimed, closed_as="passed")
    if claimed.attempts_left == 0:
        await repository.close(connection, claimed, "failed", at)
        return Verdict(check, 0, claimed, closed_as="failed")
    return Verdict(check, claimed.attempts_left, claimed)


async def _again(
    connection: AsyncConnection, vault: Vault, claimed: Challenge, code: str, step: int
) -> Verdict:
    check = await factor_check.is_code_of_step(connection, vault, claimed.account_id, code, step)
    if check.result != "repeated":
        return Verdict(check, claimed.attempts_left, claimed)
    await repository.give_back_attempt(connection, claimed.challenge_id)
    return Verdict(check, claimed.attempts_left + 1, claimed)
