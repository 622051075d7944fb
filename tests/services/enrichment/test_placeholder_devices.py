"""A text that every phone of some kind sends names no device; a real id does."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrichment.clients import names_no_device


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", "0", "0000", "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}",
        "00000000000000000000000000000000", "000000000000000", "unknown", "Unknown", " UNKNOWN ", "null", "(null)",
        "<null>", "undefined", "None", "n/a", "N/A", "NA", "nil", "NaN", "not set", "not-available", "[object Object]",
        "9774d56d682e549c", "9774D56D682E549C", "02:00:00:00:00:00", "ffffffff-ffff-ffff-ffff-ffffffffffff", "-1",
        "ios-00000000-0000-0000-0000-000000000000", "\u200b", "ｎｕｌｌ", "d41d8cd98f00b204e9800998ecf8427e",
        "2BE88CA4242C76E8253AC62474851065032D6833", sha256(b"00000000-0000-0000-0000-000000000000").hexdigest(),
    ],
)  # fmt: skip
def test_a_placeholder_names_no_device(text: str) -> None:
    assert names_no_device(text)


@pytest.mark.parametrize(
    "text",
    [
        "d",
        "1",
        "phone-1",
        "null-7",
        "00000000-0000-0000-0000-000000000001",
        "a0",
        "unknown-4711",
        "nano",
        "ff",
        "设备",
    ],
)
def test_an_id_names_a_device(text: str) -> None:
    assert not names_no_device(text)


@given(st.uuids(version=4))
def test_a_random_id_names_a_device_however_it_is_written(made: UUID) -> None:
    assert not any(map(names_no_device, (str(made), made.hex, str(made).upper(), f"{{{made}}}")))


@given(st.text(max_size=100))
def test_no_text_raises(text: str) -> None:
    assert names_no_device(text) in (True, False)
