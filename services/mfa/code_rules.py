"""What an offered code means: the one place that says what it does to its factor and its challenge.

Nothing is read or written here. Failures in a row lock the factor, whoever made them. Those of strangers are counted apart,
since the last pass: with them the locks grow longer, and at STRANGER_FAILURES only known devices and recovery codes may go on.
A known device's failures are counted with the device (`limits`), so that nobody who lacks it can use up its tries.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from services.mfa import totp
from services.mfa.factor_records import PENDING_S
from services.mfa.limit_records import Admission, ClientContext, RateLimitReservation
from services.mfa.limits import Limits
from services.mfa.records import (
    RECOVERY_STEP,
    Challenge,
    Check,
    Context,
    Factor,
    Result,
    Stage,
)
from services.mfa.recovery import is_recovery_code
from services.mfa.vault import Vault
from services.mfa.verification_state import VerificationState

#: Consecutive failures that lock a factor, and for how long.
LOCK_AFTER = 5
LOCK_S = 1800.0
#: From so many failures of strangers on, each lock lasts twice as long as the one before, a day at most.
SLOWING_AFTER = 25
LONGEST_LOCK_S = 86_400.0
#: Compared when there is nothing to compare with, so that a missing factor takes as long as a wrong code.
_NOBODYS_SECRET = "A" * 32


@dataclass(frozen=True)
class FactorAttempt:
    """One code offered for an account's factor: by whom, at epoch seconds `at`, and what its network paid for it."""

    stage: Stage
    code: str
    context: Context
    visitor: ClientContext
    at: float
    booking: RateLimitReservation

    def __repr__(self) -> str:
        return "FactorAttempt(...)"


class Judgement(Struct, frozen=True):
    """What came of an attempt in the state that `was`, and factor and challenge as it leaves them.

    `compared`: with the factor's secret or a recovery code; `burnt`: that code is used up now.
    """

    check: Check
    was: VerificationState
    factor: Factor | None
    challenge: Challenge | None
    compared: bool = False
    burnt: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it changes nothing but counts, the step and the challenge: nobody is to be told of a lock, no factor is near
        its end, and no device was let in beside a lock or a limit, which takes turns."""
        shut = any(factor is not None and factor.shut for factor in (self.was.factor, self.factor))
        return self.check.locked_until is None and not self.check.known_device and not shut


def lock_s(failures: int) -> float:
    """How long a lock lasts after so many failures of strangers, in seconds."""
    doublings = max(0, (failures - SLOWING_AFTER) // LOCK_AFTER + 1)
    return min(LOCK_S * 2.0**doublings, LONGEST_LOCK_S)


class CodeRules:
    """Judges attempts. `used` says that the attempt's code is a recovery code that the caller has just used up."""

    def __init__(self, vault: Vault, limits: Limits) -> None:
        self._vault = vault
        self._limits = limits

    def of_challenge(self, attempt: FactorAttempt, was: VerificationState, used: bool = False) -> Judgement:
        """What the code means for the challenge.

        The same accepted code again is `repeated`, until the challenge expires. A closed or expired challenge has no attempts
        left and is compared with nothing, an unknown one neither. Raises SlowDown when a limit is reached, VaultClosed when
        the secret does not open.
        """
        challenge = was.challenge
        if challenge is None or not challenge.takes_codes(attempt.at):
            self._limits.admit(was.seen, attempt.booking, attempt.at)
            _compare(_NOBODYS_SECRET, attempt)
            return Judgement(Check("unknown" if challenge is None else "closed"), was, was.factor, challenge)
        if challenge.passed_step is None:
            judged = self.of_factor(attempt, was, used)
        else:
            judged = self._again(attempt, was, challenge, challenge.passed_step)
        return replace(judged, challenge=self._challenge_after(attempt, challenge, judged.check))

    def of_factor(self, attempt: FactorAttempt, was: VerificationState, used: bool = False) -> Judgement:
        """What the code means for the factor at this stage.

        A factor that is locked, or that strangers are shut out of, is compared with a recovery code, which nobody guesses, and
        for a device that is known; a lapsed one with nothing. A code that only a wrong clock explains is refused without
        counting: our own clock cannot lock everyone out. Raises SlowDown and VaultClosed.
        """
        factor = was.factor
        admission = self._limits.admit(was.seen, attempt.booking, attempt.at)
        idle = idle_result(factor, attempt)
        let_in = idle == "locked" and (admission.known_device or _is_by_paper(attempt))
        if factor is None or (idle is not None and not let_in):
            _compare(_NOBODYS_SECRET, attempt)
            check = Check(idle or "no_factor", None if factor is None else factor.id)
            return Judgement(check, was, factor, was.challenge)
        check, after = self._compared(attempt, factor, admission, let_in, used)
        by_device = (idle == "locked" and admission.known_device) or admission.barred
        return Judgement(
            replace(check, known_device=by_device),
            was,
            after,
            was.challenge,
            compared=True,
            burnt=check.result == "passed",
        )

    def _compared(
        self, attempt: FactorAttempt, factor: Factor, admission: Admission, let_in: bool, used: bool
    ) -> tuple[Check, Factor]:
        step: int | None = RECOVERY_STEP if used else None
        if not is_recovery_code(attempt.code):
            step, skewed = _compare(self._vault.open(factor.account_id, factor.sealed), attempt)
            if skewed is not None and skewed > factor.last_step:
                return _hinted(factor, skewed, attempt.at)
        if step is not None and (used or factor.takes(step)):
            last_step = factor.last_step if used else step
            after = replace(factor, last_step=last_step, failures_in_row=0, failures_total=0)
            return Check("passed", factor.id, step=step, reopens=factor.shut), after
        result: Result = "wrong" if step is None else "replayed"
        if let_in:
            return Check(result, factor.id), factor
        return _failed(factor, result, attempt.at, strange=not admission.known)

    def _again(
        self, attempt: FactorAttempt, was: VerificationState, challenge: Challenge, step: int
    ) -> Judgement:
        """Whether this is the code that was accepted before.

        No limit stands in the way of the answer that was lost. Whoever lost it may read the authenticator's next code
        meanwhile: that is judged like any, and a right one is burnt and gets the same answer.
        """
        factor = was.factor
        same = challenge.passed_code == self._limits.name(challenge.challenge_id, attempt.code)
        if factor is not None and step != RECOVERY_STEP:
            secret = self._vault.open(factor.account_id, factor.sealed)
            same = totp.matched_step(secret, attempt.code, step * totp.STEP_S, window=0) is not None
        factor_id = None if factor is None else factor.id
        if factor is not None and same:
            return Judgement(Check("repeated", factor_id, step), was, factor, challenge)
        if is_recovery_code(attempt.code):
            return Judgement(Check("closed", factor_id), was, factor, challenge)
        judged = self.of_factor(attempt, was)
        return replace(judged, check=replace(judged.check, result="repeated")) if judged.burnt else judged

    def _challenge_after(self, attempt: FactorAttempt, challenge: Challenge, check: Check) -> Challenge:
        """A right code closes it and costs no attempt; an open one without any attempt left has failed."""
        if check.result == "repeated":
            return challenge
        if check.result == "passed":
            code = None
            if check.step == RECOVERY_STEP:
                code = self._limits.name(challenge.challenge_id, attempt.code)
            return replace(
                challenge, state="passed", closed_at=attempt.at, passed_step=check.step, passed_code=code
            )
        spent = replace(challenge, attempts_left=challenge.attempts_left - 1)
        if spent.attempts_left == 0 and challenge.state == "open":
            return replace(spent, state="failed", closed_at=attempt.at)
        return spent


def idle_result(factor: Factor | None, attempt: FactorAttempt) -> Result | None:
    """Why the factor takes no code from a stranger now; None when it does."""
    if factor is None:
        return "no_factor"
    active = attempt.stage == "active"
    if factor.locked_until > attempt.at or (active and factor.shut):
        return "locked"
    return None if active or factor.created_at + PENDING_S > attempt.at else "lapsed"


def _is_by_paper(attempt: FactorAttempt) -> bool:
    return attempt.stage == "active" and is_recovery_code(attempt.code)


def _compare(secret: str, attempt: FactorAttempt) -> tuple[int | None, int | None]:
    """The step whose code this is, and else the one that a wrong clock would explain."""
    step = totp.matched_step(secret, attempt.code, attempt.at)
    return step, totp.skewed_step(secret, attempt.code, attempt.at) if step is None else None


def _hinted(factor: Factor, skewed: int, at: float) -> tuple[Check, Factor]:
    """Refuse a code of another time and say so. One whose time is still to come is void then: the hint is worth nothing to
    who guessed it."""
    away = skewed - totp.step_at(at)
    after = replace(factor, hinted_step=skewed) if away > 0 else factor
    return Check("skewed", factor.id, skew_steps=away), after


def _failed(factor: Factor, result: Result, at: float, strange: bool) -> tuple[Check, Factor]:
    """Count a failure with the factor, and lock it if that is one too many in a row."""
    in_row, total = factor.failures_in_row + 1, factor.failures_total + strange
    locks = in_row >= LOCK_AFTER
    after = replace(
        factor,
        failures_in_row=0 if locks else in_row,
        failures_total=total,
        locked_until=at + lock_s(total) if locks else factor.locked_until,
    )
    locked_until = after.locked_until if locks else None
    return Check(result, factor.id, locked_until=locked_until, shuts=after.shut and not factor.shut), after
