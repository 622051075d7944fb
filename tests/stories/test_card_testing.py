"""Stolen card numbers are tried with small payments, many of them refused, and one that works is used."""

from __future__ import annotations

from tests.stories.tale import ASKED, lived


async def test_refusals_in_a_row_and_the_success_after_them_are_named() -> None:
    tale, lin = lived(30, "04:00")
    refused = [lin.pays(1 + number / 10, f"shop-{number}", refused=True) for number in range(12)]
    success = lin.pays(900, "electronics")
    told = await tale.told()

    assert "payment_failures" in told.reasons(refused[-1])
    assert told.action(success) in ASKED
    assert "payment_failures" in told.reasons(success)


async def test_a_burst_of_small_payments_that_go_through_is_named() -> None:
    tale, lin = lived(30, "14:00")
    burst = [lin.pays(2, f"shop-{number}") for number in range(25)]
    told = await tale.told()

    assert told.action(burst[0]) == "allow"
    assert told.action(burst[-1]) in ("notify", "challenge", "hold")
    assert "velocity_count" in told.reasons(burst[-1])
