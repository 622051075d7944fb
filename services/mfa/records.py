"""Challenges, verdicts and enrolments as plain data, the same for SQL, service and routes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from contracts.events import Purpose
from services.memory.challenge_record import ChallengeRecord

ChallengeState = Literal["open", "passed", "failed", "expired"]
Result = Literal[
    "passed", "repeated", "wrong", "replayed", "skewed", "locked", "lapsed", "no_factor", "closed", "unknown"
]
Stage = Literal["pending", "active"]
#: Failures of strangers since the last pass after which they may not go on. With the ten that each of four known devices
#: has, these are the hundred after which NIST SP 800-63B-4 section 3.2.2 wants an end.
STRANGER_FAILURES = 60
#: What a refusal may say: `clock` when the code is right for another time.
Hint = Literal["clock"]
#: Tries a challenge allows before it has failed.
ATTEMPTS = 5
#: Stands for the step where a recovery code passed instead of an authenticator's.
RECOVERY_STEP = -1


class Challenge(Struct, frozen=True, kw_only=True):
    """A challenge as PayGuard stored it, which is what the wallet must show. Times are epoch seconds.

    `passed_code` is a keyed hash of the recovery code that passed it, if one did.
    """

    challenge_id: str
    account_id: str
    event_id: str
    purpose: Purpose
    digest: str
    state: ChallengeState
    issued_at: float
    expires_at: float
    attempts_left: int
    amount: str | None = None
    currency: str | None = None
    payee_id: str | None = None
    passed_step: int | None = None
    passed_code: str | None = None
    closed_at: float | None = None

    def takes_codes(self, at: float) -> bool:
        """Whether a code may be offered at epoch seconds `at`.

        A passed challenge takes codes too: the answer to its accepted code may have been lost on the way.
        """
        return self.state in ("open", "passed") and self.attempts_left > 0 and self.expires_at > at

    def as_of(self, at: float) -> Challenge:
        """As its reader should see it at epoch seconds `at`: expired when its time is over, no attempts once closed."""
        if self.state == "open" and self.expires_at > at:
            return self
        state: ChallengeState = "expired" if self.state == "open" else self.state
        return replace(self, state=state, attempts_left=0)


def issued(record: ChallengeRecord) -> Challenge:
    """The open challenge that the worker wrote down."""
    return Challenge(
        challenge_id=record.challenge_id,
        account_id=record.account_id,
        event_id=record.event_id,
        purpose=record.purpose,
        digest=record.digest,
        state="open",
        issued_at=record.created_at,
        expires_at=record.created_at + record.lifetime_s,
        attempts_left=ATTEMPTS,
        amount=record.amount,
        currency=record.currency,
        payee_id=record.payee_id,
    )


class Factor(Struct, frozen=True):
    """What checking a code needs of a factor; its secret is still sealed.

    `last_step` is the newest step that was burnt, `hinted_step` a coming one whose code is void, because it was offered early
    and the answer told so; -1 when there is none.
    """

    id: str
    account_id: str
    sealed: bytes
    last_step: int
    hinted_step: int
    failures_in_row: int
    failures_total: int
    locked_until: float
    created_at: float

    @property
    def shut(self) -> bool:
        """Whether it takes no authenticator's code from strangers, until a known device or a recovery code passes."""
        return self.failures_total >= STRANGER_FAILURES

    def takes(self, step: int) -> bool:
        """Whether the code of this step may still pass: neither it nor a later one was burnt, and it is not void."""
        return step > self.last_step and step != self.hinted_step


class Check(Struct, frozen=True):
    """What came of one code against one account's factor; `skew_steps` when a wrong clock would explain it.

    `locked_until`, `shuts` and `disables` say what the failure did to the factor; `known_device` that only its device let the
    code in, `reopens` that the pass lets strangers offer codes again.
    """

    result: Result
    factor_id: str | None = None
    step: int | None = None
    skew_steps: int | None = None
    locked_until: float | None = None
    shuts: bool = False
    disables: bool = False
    known_device: bool = False
    reopens: bool = False

    @property
    def hint(self) -> Hint | None:
        """What its owner may be told of a refusal."""
        return None if self.skew_steps is None else "clock"

    @property
    def reason(self) -> str | None:
        """What the result does not say, in words for people."""
        if self.skew_steps is not None:
            return f"the code of {self.skew_steps} steps away"
        said = {
            "a recovery code": self.step == RECOVERY_STEP,
            "the factor is locked now": self.locked_until is not None and not (self.shuts or self.disables),
            "strangers are shut out now": self.shuts and not self.disables,
            "the factor is disabled now": self.disables,
            "let in for a known device": self.known_device,
            "strangers may try again": self.reopens,
        }
        return ", ".join(words for words, true in said.items() if true) or None


@dataclass(frozen=True)
class Verdict:
    """What came of one code against one challenge, and how that closed it (None: it did not)."""

    check: Check
    attempts_left: int
    challenge: Challenge | None = None
    closed_as: ChallengeState | None = None

    @property
    def passed(self) -> bool:
        """Whether the caller may go on: a first pass, or the same accepted code again."""
        return self.check.result in ("passed", "repeated")


class Context(Struct, frozen=True, kw_only=True):
    """Who offers a code, as the caller says: the user's address and device where it knows them."""

    ip: str | None = None
    device_id: str | None = None
    actor: str = "wallet"

    def __repr__(self) -> str:
        return f"Context(actor={self.actor!r})"


@dataclass(frozen=True)
class Answer:
    """What the caller of verify is told: nothing tells a wrong code from a used one, a lock or a missing factor.

    `hint` is there when the code is right for another time.
    `grant` is what a pass is worth to the wallet's backend: a signed token, None where no grants are made.
    """

    passed: bool
    attempts_left: int
    grant: str | None = field(default=None, repr=False)
    hint: Hint | None = None
