"""A profile as bytes: one byte of schema version, then MessagePack.

`contracts.profile` only grows at the end of its arrays without a new version. Any other change raises `VERSION` and
adds the way up to `UPGRADES`, so memory written by any earlier release is read by this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import msgpack

from contracts.profile import Profile
from services.memory.upgrades import from_1, from_2

#: Version n to what turns its payload into the payload of version n + 1, or straight into a Profile.
Upgrades = Mapping[int, Callable[[bytes], "bytes | Profile"]]

VERSION = 3
UPGRADES: Upgrades = {1: from_1, 2: from_2}

_PREFIX = bytes([VERSION])
_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(Profile).decode


class UnknownSchema(Exception):
    """Stored memory has a schema version that this release cannot read."""


def pack(profile: Profile) -> bytes:
    """The profile as bytes of the present version."""
    return _PREFIX + _encode(profile)


def unpack(packed: bytes) -> Profile:
    """The profile that `pack` of this or an earlier release wrote.

    Raises UnknownSchema for a newer version or one without a way up, msgspec.DecodeError for damaged bytes.
    """
    if packed[:1] == _PREFIX:
        return _decode(packed[1:])
    return upgraded(packed, VERSION, UPGRADES)


def upgraded(packed: bytes, present: int, upgrades: Upgrades) -> Profile:
    """The profile of an older version, taken up step by step to `present`. Raises as `unpack` does."""
    if not packed:
        raise UnknownSchema("stored profile is empty")
    version, payload = packed[0], packed[1:]
    if version > present:
        raise UnknownSchema(f"stored profile has schema {version}, this release reads up to {present}")
    while version < present:
        if version not in upgrades:
            raise UnknownSchema(f"no way up from profile schema {version} to {present}")
        step = upgrades[version](payload)
        if isinstance(step, Profile):
            return step
        payload, version = step, version + 1
    return _decode(payload)
