"""Texts that stand where a device's id should be and name no device, because every phone of some kind sends the same one."""

from __future__ import annotations

import unicodedata
from hashlib import md5, sha1, sha256

#: What programs write for "there is none", without case, spaces and punctuation.
_WORDS = frozenset(
    {
        "anonymous", "blank", "default", "deviceid", "empty", "error", "false", "missing", "na", "nan", "nil",
        "nodevice", "nodeviceid", "noid", "none", "notapplicable", "notavailable", "notfound", "notset", "null",
        "nullnull", "objectobject", "placeholder", "string", "tbd", "true", "unavailable", "undefined", "unknown",
        "unknowndevice", "unset",
    }
)  # fmt: skip
#: The id that a fault of Android 2.2 gave to phones of many makers, and the hardware address that systems show instead of
#: their own (02:00:00:00:00:00).
_SAME_EVERYWHERE = frozenset({"9774d56d682e549c", "020000000000"})
_ZERO_UUID = "0" * 32
#: Ids are often hashed by whoever sends them, the missing ones too.
_HASHED = frozenset(
    made(text.encode()).hexdigest()
    for made in (md5, sha1, sha256)
    for text in (
        "",
        "null",
        "undefined",
        "unknown",
        "none",
        "00000000-0000-0000-0000-000000000000",
        "9774d56d682e549c",
    )
)
#: An id of this many equal letters f is no chance.
_LEAST_ONES = 8
#: ASCII that is neither letter nor digit.
_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())


def names_no_device(device_id: str) -> bool:
    """Whether the text is a placeholder: all zeros, empty, "unknown" and kin, in any case, width and punctuation."""
    if device_id.isascii():
        core = device_id.encode().translate(None, _SIGNS).lower().decode()
    else:
        core = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", device_id).casefold()))
    return (
        not core.strip("0")
        or (not core.strip("f") and len(core) >= _LEAST_ONES)
        or core in _WORDS
        or core in _SAME_EVERYWHERE
        or core in _HASHED
        or _ZERO_UUID in core
        or device_id.strip() == "-1"
    )
