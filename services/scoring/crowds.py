"""A device id that a crowd of accounts presents names no device: broken apps send one id from every phone. Pure.

The count is the one of `shared_device`, which remembers its answers for redelivery. It is asked of logins and of money that goes
to people; for an account's other events its memory says which ids were met as a crowd's.
"""

from __future__ import annotations

from msgspec.structs import force_setattr

from contracts.events import AnyEvent
from contracts.findings import Tallies
from contracts.profile import Profile
from contracts.sightings import row_of
from detectors.shared_device import TALLY

#: Accounts on one id within one to two weeks. People who share a device, and those who hire phones out, have fewer.
CROWD_COUNT = 25
#: The state of a decision that left a device out.
DEVICE_OF_A_CROWD = "device_of_a_crowd"
#: Where a profile keeps the latest such ids, beside the memories of detectors.
SLOT = "crowds"
_VERSION, _KEY_BYTES, _MOST = 1, 8, 4


def leave_out_device(event: AnyEvent, profile: Profile, tallies: Tallies) -> tuple[str, ...]:
    """Take the device from an event whose id is a crowd's, and remember the id in the profile; the state that says so.

    There is nothing to do where neither CROWD_COUNT is reached nor the profile has the SLOT.
    """
    key: bytes | None = getattr(event, "device_key", None)
    if key is None:
        return ()
    _, known = profile.slots.get(SLOT, (_VERSION, b""))
    is_known = row_of(bytearray(known), key, _KEY_BYTES) >= 0
    if not is_known and tallies.get(TALLY, 0) < CROWD_COUNT:
        return ()
    if not is_known:
        profile.slots[SLOT] = _VERSION, (known + key)[-_MOST * _KEY_BYTES :]
    force_setattr(event, "device_key", None)
    return (DEVICE_OF_A_CROWD,)
