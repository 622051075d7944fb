"""What a help desk is not told: addresses, numbers that are somebody's, and accounts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.connect.masking import masked, masked_account


@pytest.mark.parametrize(
    "told",
    [
        "li.na@upay.example",
        "+86 138 0013 8000",
        "6222 0200 1234 5678 901",
        "203.0.113.7",
        "2001:db8::17:2f",
        "13800138000",
    ],
)
def test_an_address_or_a_number_is_hidden(told: str) -> None:
    assert masked(f"see {told}, please", "w-1") == "see •••, please"


@pytest.mark.parametrize(
    "told", ["CNY 18,000.00", "18000.00 元", "at 03:12:07 on 2026-11-30", "C-7F3K-92", "4 tries in 7 days"]
)
def test_amounts_times_and_case_numbers_stay(told: str) -> None:
    assert masked(told, "w-1") == told


@given(account=st.text(min_size=1, max_size=30), before=st.text(max_size=10))
def test_an_account_is_never_told_whole(account: str, before: str) -> None:
    assert masked_account(account) != account
    assert len(account) < 8 or masked_account(account) == f"•••{account[-4:]}"
