"""A payment that was stopped and has not ended, as the account's memory keeps it: by it a repeat is known for one."""

from __future__ import annotations

from msgspec import Struct

from contracts.sightings import Key

#: An account's payments that wait, the latest; and the latest repeats of one.
MAX_WAITING = 4
MAX_TRIES = 8


class Waiting(Struct, array_like=True, frozen=True, gc=False):
    """What a stopped payment was. `event_id` names it, or the hold that came of its repeats; `event_key` is of the first try.

    `held`: it waits for a person, and was not only asked about; `asks_owner`: for its owner alone. `coded`: a code was asked for.
    `tries` are the keys of its repeats, the latest MAX_TRIES.
    """

    event_key: Key
    event_id: str
    at: float
    kind: str
    currency: str
    value: float
    payee: Key | None
    device: Key
    held: bool
    coded: bool
    tries: tuple[Key, ...] = ()
    asks_owner: bool = False
