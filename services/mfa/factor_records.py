"""A factor's life as plain data, the same for SQL, service and routes. Times are epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from services.mfa.records import STRANGER_FAILURES, Hint

FactorState = Literal["none", "pending", "active", "disabled"]
#: How long an enrolment waits for its first code, in seconds.
PENDING_S = 900.0
ResetState = Literal["requested", "approved", "done", "cancelled", "lapsed"]


@dataclass(frozen=True)
class Enrolment:
    """A new secret, its otpauth URI and the ticket that shows its QR code, all shown once. Its text form shows none."""

    account_id: str
    secret: str
    uri: str
    expires_at: float
    ticket: str

    def __repr__(self) -> str:
        return "Enrolment(...)"


@dataclass(frozen=True)
class Confirmed:
    """Whether the first code activated the factor, and then its recovery codes, shown once; else what may be told of it."""

    confirmed: bool
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)
    hint: Hint | None = None


@dataclass(frozen=True)
class Refused:
    """The false answer of a step whose code was refused, and what may be told of that."""

    hint: Hint | None = None

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class FactorStatus:
    """What anyone with the scope may know of an account's factor.

    `locked_until` only while it is locked; `pending_until` while an enrolment waits for its first code, which may be beside
    an active factor; `reset_due_at` while administrators are about to take the factor away. `shut` when codes are taken from
    known devices alone, and recovery codes.
    """

    account_id: str
    state: FactorState
    confirmed_at: float | None = None
    locked_until: float | None = None
    pending_until: float | None = None
    recovery_codes_left: int = 0
    reset_due_at: float | None = None
    shut: bool = False


@dataclass(frozen=True)
class Reset:
    """A request of administrators to take an account's factor away, due at `due_at` once another has approved it.

    `requested_by`, `approved_by` and `ended_by` are ids of API keys or of members of staff; `ended_by` may be `owner` or
    `payguard`.
    """

    reset_id: str
    account_id: str
    state: ResetState
    reason: str
    requested_by: str
    requested_at: float
    due_at: float
    approved_by: str | None = None
    approved_at: float | None = None
    ended_by: str | None = None
    ended_at: float | None = None


@dataclass(frozen=True)
class Done:
    """What is recorded of a step that no code decided."""

    result: str
    factor_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class NewFactor:
    """A factor to be kept as pending: its secret sealed, of the ticket only the hash. Its text form shows neither."""

    id: str
    account_id: str
    sealed: bytes = field(repr=False)
    ticket_hash: str = field(repr=False)
    replaces: str | None
    at: float


@dataclass(frozen=True)
class Kept:
    """A factor's row as its life sees it. `replaces` is the factor that a pending one may replace."""

    id: str
    state: FactorState
    created_at: float
    confirmed_at: float | None
    locked_until: float
    failures_total: int
    replaces: str | None

    def waits_until(self, at: float) -> float | None:
        """When the enrolment will be void; None when it does not wait for a code at `at`."""
        until = self.created_at + PENDING_S
        return until if self.state == "pending" and until > at else None


@dataclass(frozen=True)
class AccountFactors:
    """An account's factor in use and the one that waits to be confirmed, each if there is one."""

    in_use: Kept | None = None
    pending: Kept | None = None


def status_of(
    account_id: str, standing: AccountFactors, codes_left: int, reset: Reset | None, at: float
) -> FactorStatus:
    """What these come to at epoch seconds `at`."""
    in_use, pending = standing.in_use, standing.pending
    until = None if pending is None else pending.waits_until(at)
    state: FactorState = "none" if until is None else "pending"
    return FactorStatus(
        account_id=account_id,
        state=state if in_use is None else in_use.state,
        confirmed_at=None if in_use is None else in_use.confirmed_at,
        locked_until=in_use.locked_until if in_use is not None and in_use.locked_until > at else None,
        pending_until=until,
        recovery_codes_left=codes_left,
        reset_due_at=None if reset is None else reset.due_at,
        shut=in_use is not None and in_use.state == "active" and in_use.failures_total >= STRANGER_FAILURES,
    )
