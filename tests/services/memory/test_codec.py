"""The profile's bytes and their way up from earlier schemas."""

from __future__ import annotations

import math
import struct

import msgspec
import pytest

from contracts.profile import VISIT, AmountStatistics, Facts, Fix, Profile, Quarantined, Seen, Velocity
from services.memory.codec import UPGRADES, VERSION, UnknownSchema, pack, unpack, upgraded
from tests.detectors.build import profile_of


def full_profile() -> Profile:
    return profile_of(
        first_at=1,
        last_at=2,
        events=3,
        devices={b"device!!": Seen(1, 2, 3)},
        networks={b"ASN:\x00\x00\x10&": Seen(1, 2)},
        countries={"CN": Seen(1, 2)},
        fixes=[Fix(10.5, 31.2, 121.5, 20.0, b"ipipipip", "CN")],
        amounts={("payment", "CNY"): AmountStatistics(2, 4.0, 0.5)},
        velocity={"CNY": Velocity(at=2.0, count_1h=1.0)},
        quarantined=[
            Quarantined(
                b"an-key", Facts("login", 2.0, country="CN", fix=(31.2, 121.5, 20.0, b"ipipipip")), True
            )
        ],
        passed_challenge_at=7,
        reported_at=8,
        visit=VISIT.pack(b"device!!", b"ipipipip", 1, b"CN", b"ASN:\x00\x00\x10&", b""),
        visit_at=2.5,
        visit_count=4,
        event_ids=bytearray(b"123456" * 2),
        slots={"unusual_hour": (1, b"\x00\xff")},
    )


def test_a_profile_comes_back_as_it_was() -> None:
    profile = full_profile()

    assert unpack(pack(profile)) == profile


def test_the_first_byte_is_the_schema_version() -> None:
    assert pack(Profile())[0] == VERSION


def test_a_profile_written_before_a_field_was_added_gets_its_default() -> None:
    fields = msgspec.to_builtins(full_profile(), builtin_types=(bytes, bytearray))
    fields = fields[: Profile.__struct_fields__.index("slots")]

    found = unpack(bytes([VERSION]) + msgspec.msgpack.encode(fields))

    assert found.slots == {}
    assert found.event_ids == full_profile().event_ids


def test_unpacked_profiles_share_nothing() -> None:
    packed = pack(Profile())
    first, second = unpack(packed), unpack(packed)
    first.devices.see(b"device!!", 1.0, 12)

    assert len(second.devices) == 0


def test_an_older_schema_is_taken_up_step_by_step() -> None:
    """A made-up past: version 1 held only a count as text, version 2 the same as an array."""
    ways_up = {
        1: lambda payload: msgspec.msgpack.encode([int(payload)]),
        2: lambda payload: msgspec.msgpack.encode([0, 0, *msgspec.msgpack.decode(payload)]),
    }

    assert upgraded(b"\x0141", 3, ways_up) == Profile(events=41)


def test_a_step_may_give_the_profile_itself() -> None:
    assert upgraded(b"\x0141", 9, {1: lambda payload: Profile(events=int(payload))}) == Profile(events=41)


def test_a_newer_schema_is_an_error_that_names_both_versions() -> None:
    with pytest.raises(UnknownSchema, match=f"schema {VERSION + 1}, this release reads up to {VERSION}"):
        unpack(bytes([VERSION + 1]) + b"whatever")


def test_an_older_schema_without_a_way_up_is_an_error() -> None:
    with pytest.raises(UnknownSchema, match="no way up from profile schema 2 to 3"):
        upgraded(b"\x02", 3, {1: lambda payload: payload})


def test_nothing_stored_is_an_error() -> None:
    with pytest.raises(UnknownSchema, match="empty"):
        unpack(b"")


def test_the_first_schema_keeps_its_counts_its_places_its_visit_its_held_facts_and_its_event_ids() -> None:
    """Version 1 held doubles where whole numbers do, longer counts, a visit of nine fields, and eight bytes of an event id."""
    old = msgspec.to_builtins(full_profile(), builtin_types=(bytes, bytearray))
    names = Profile.__struct_fields__
    old[:2] = [1.5, 2.5]
    old[names.index("fix_rows")] = struct.pack("<d8sddd2s", 10.5, b"ipipipip", 31.2, 121.5, 20.0, b"CN")
    for table, count in (("device_rows", 3), ("network_rows", 1), ("country_rows", 1)):
        key = old[names.index(table)][:8]
        old[names.index(table)] = struct.pack("<8sIII", key, 1, 2, count)
    old[names.index("event_ids")] = b"123456xx" * 2
    held = [
        "login",
        2.0,
        None,
        None,
        "CN",
        [2.0, 31.2, 121.5, 20.0, b"ipipipip", "CN"],
        None,
        None,
        None,
        0.0,
    ]
    old[names.index("quarantined")] = [[b"an-keyxx", 604802.0, held, 259202.0]]
    old[names.index("passed_challenge_at")], old[names.index("reported_at")] = 7.5, 8.5
    old[names.index("amount_rows")] = struct.pack("<4sIdd", b"\x01CNY", 2, 4.0, 0.5)
    old[names.index("velocity_rows")] = struct.pack("<4s9d", b"CNY\0", 2.0, 1.0, *[0.0] * 7)
    visit = names.index("visit")
    old[visit : visit + 1] = [b"device!!", b"ipipipip", b"ASN:\x00\x00\x10&", "CN", 31.2, 121.5, 20.0]
    old = old[: names.index("visit_count") + 7]

    assert unpack(b"\x01" + msgspec.msgpack.encode(old)) == full_profile()


def test_the_second_schema_keeps_its_money_and_counts_coins_anew_in_millionths() -> None:
    old = msgspec.to_builtins(Profile(), builtin_types=(bytes, bytearray))
    names = Profile.__struct_fields__
    old[names.index("amount_rows")] = struct.pack("<4sIdd", b"\x01CNY", 2, 4.0, 0.5) + struct.pack(
        "<4sIdd", b"\0BTC", 9, math.log1p(0.002), 0.0
    )
    old[names.index("velocity_rows")] = struct.pack("<4s9d", b"CNY\0", *range(9))
    old[names.index("till_kind")], old[names.index("till_currency")] = "payment", "XAU"
    old[names.index("till_amount")] = [5, math.log1p(0.1), 0.0001]
    profile = unpack(b"\x02" + msgspec.msgpack.encode(old))

    assert profile.amounts.get("payment", "CNY") == AmountStatistics(2, 4.0, 0.5)
    assert profile.velocity.get("CNY") == Velocity(*map(float, range(9)))
    coins = profile.amounts.get("transfer", "BTC")
    assert coins is not None
    assert coins.mean == pytest.approx(math.log1p(2000.0))
    gold = profile.amounts.get("payment", "XAU")
    assert gold is not None
    assert gold.mean == pytest.approx(math.log1p(1e5))
    assert gold.variance == pytest.approx(0.0001 * (1.1 / 0.1) ** 2, rel=1e-3)


def test_every_version_before_the_present_has_a_way_up() -> None:
    assert set(UPGRADES) == set(range(1, VERSION))


def test_a_profile_of_the_present_version_needs_no_way_up() -> None:
    assert upgraded(pack(full_profile()), VERSION, {}) == full_profile()


def test_a_way_up_is_looked_for_from_the_very_version_that_was_stored() -> None:
    """Not from one before it, and not past the present one."""
    ways_up = {version: lambda payload: payload + b"x" for version in range(9)}

    with pytest.raises(msgspec.DecodeError):
        upgraded(b"\x02" + pack(Profile())[1:], 3, ways_up)
    assert upgraded(b"\x03" + pack(Profile())[1:], 3, ways_up) == Profile()
