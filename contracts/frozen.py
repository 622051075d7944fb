"""What memory keeps of a freeze of the account. Times are those of events, in epoch seconds."""

from __future__ import annotations

from msgspec import Struct

from contracts.sightings import Key


class Frozen(Struct, array_like=True, frozen=True, gc=False):
    """A freeze by the event `by`, at `since`. What would have frozen it again while it stood is `again_by`, at `again_at`.

    A `since` of 0 is no freeze: the end of the one that `by` led to came before it.
    """

    since: float
    by: Key
    again_at: float = 0.0
    again_by: Key = b""
