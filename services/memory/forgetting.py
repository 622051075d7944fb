"""What is left of an account's memory once it was erased, or once its owner gave up a device; and a device that they trust."""

from __future__ import annotations

from contracts.profile import MAX_DEVICES, Key, Profile
from contracts.sightings import SEEN_BYTES, row_of, see
from services.memory.glance import end_visit

#: Hashes of the latest events, so that one that comes again is not taken for the new account's.
_KEPT = frozenset({"event_ids", "event_digests"})


def forget(profile: Profile) -> None:
    """Make it the profile of an account that nothing is known of; events that come again are still known by their hashes."""
    fresh = Profile()
    for name in Profile.__struct_fields__:
        if name not in _KEPT:
            setattr(profile, name, getattr(fresh, name))


def forget_device(profile: Profile, device: Key) -> None:
    """Make the device one that the account was never seen on; what waits of its doing is not learned."""
    end_visit(profile)
    row = row_of(profile.device_rows, device, SEEN_BYTES)
    if row >= 0:
        del profile.device_rows[row : row + SEEN_BYTES]
    profile.quarantined = [each for each in profile.quarantined if each.facts.device != device]


def trust_device(profile: Profile, device: Key, at: float) -> None:
    """Make the device one that the account was seen on at epoch seconds `at`: it is trusted for TRUSTED_S from then on."""
    end_visit(profile)
    see(profile.device_rows, device, at, MAX_DEVICES)
