"""What attempts, what is known of accounts, and waves look like to those who recognise them. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from services.attacks.kinds import AttackKind, Tried

#: Of an address: as `contracts.profile.Key`.
Source = bytes


class Tries(Struct, frozen=True, gc=False):
    """Attempts of one minute that failed: `count` of them on one account from one address and device."""

    tried: Tried
    source: Source
    account_id: str
    device: bytes | None
    network: bytes | None
    network_kind: str
    country: str | None
    first_at: float
    last_at: float
    count: int = 1


class Use(Struct, frozen=True, gc=False):
    """That an account was used with success from an address on a device: between when and when.

    `what`: `login`, `code` (a challenge that was passed) or `payment` (one that was completed).
    """

    what: Literal["login", "code", "payment"]
    source: Source | None
    device: bytes | None
    first_at: float
    last_at: float


class Passed(Struct, frozen=True, gc=False):
    """An attempt that went through: a login, a challenge that was passed, a small payment that was completed."""

    tried: Tried
    source: Source
    account_id: str
    device: bytes | None
    network_kind: str
    country: str | None
    at: float
    event_id: str


#: By account.
Known = Mapping[str, Sequence[Use]]


class SourceSize(Struct, frozen=True):
    """What an address did in a wave."""

    source: Source
    network_kind: str
    country: str | None
    attempts: int
    accounts: int
    first_at: float
    last_at: float


class AccountSize(Struct, frozen=True):
    """What befell an account in a wave."""

    account_id: str
    attempts: int
    first_at: float
    last_at: float
    gave_way_at: float | None = None
    gave_way_event_id: str | None = None


class Minute(Struct, frozen=True):
    """Attempts, and accounts that gave way, in a minute of the epoch."""

    minute: int
    attempts: int
    gave_way: int


class Wave(Struct, frozen=True):
    """One attack with all that belongs to it; sources and accounts by their names, minutes in order.

    `over`: nothing was tried for a while. `usual_per_minute`: what of the kind fails otherwise.
    """

    kind: AttackKind
    begun_at: float
    last_at: float
    over: bool
    usual_per_minute: float
    sources: tuple[SourceSize, ...]
    accounts: tuple[AccountSize, ...]
    minutes: tuple[Minute, ...]

    @property
    def attempts(self) -> int:
        """How many attempts it made."""
        return sum(source.attempts for source in self.sources)

    @property
    def gave_way(self) -> int:
        """How many accounts gave way."""
        return sum(account.gave_way_at is not None for account in self.accounts)

    @property
    def peak(self) -> Minute:
        """Its busiest minute, the first of equals."""
        return max(self.minutes, key=lambda each: (each.attempts, -each.minute))
