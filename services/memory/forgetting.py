"""What is left of an account's memory once it was erased."""

from __future__ import annotations

from contracts.profile import Profile

#: Hashes of the latest events, so that one that comes again is not taken for the new account's.
_KEPT = frozenset({"event_ids", "event_digests"})


def forget(profile: Profile) -> None:
    """Make it the profile of an account that nothing is known of; events that come again are still known by their hashes."""
    fresh = Profile()
    for name in Profile.__struct_fields__:
        if name not in _KEPT:
            setattr(profile, name, getattr(fresh, name))
