"""Accounts opened on one phone take the welcome bonus and cash it out."""

from __future__ import annotations

from tests.stories.tale import Tale, hosting, needs, stranger


@needs("shared_device")
async def test_the_farm_is_named_before_its_last_account_is_paid_out() -> None:
    tale = Tale()
    farm = stranger(hosting("Shanghai", 6), "farm")
    tale.on(3, "10:00")
    paid_out = []
    for number in range(10):
        straw = tale.account(f"straw-{number}")
        straw.logs_in(farm)
        straw.pays(188, None, farm, kind="top_up", balance=0)
        tale.after(minutes=2)
        paid_out.append(straw.pays(188, "collector", farm, kind="cash_out", balance=188))
    told = await tale.told()

    assert told.action(paid_out[-1]) in ("notify", "challenge", "hold", "deny")
    assert "shared_device" in told.reasons(paid_out[-1])


async def test_money_that_comes_in_and_leaves_at_once_is_named() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    tale.on(30, "10:00")
    lin.logs_in()
    lin.pays(4000, None, kind="top_up", balance=100)
    tale.after(minutes=3)
    out = lin.pays(4000, "bank-of-a-stranger", kind="cash_out", balance=4100)
    told = await tale.told()

    assert "top_up_then_cash_out" in told.reasons(out)
    assert told.action(out) in ("notify", "challenge", "hold")
