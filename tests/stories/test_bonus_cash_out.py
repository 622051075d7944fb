"""Accounts opened on one phone take the welcome bonus and cash it out."""

from __future__ import annotations

from tests.stories.tale import ASKED, Tale, hosting, lived, stranger


async def test_the_farm_is_named_by_its_phone_and_by_the_payee_all_of_it_ends_at() -> None:
    tale = Tale()
    farm = stranger(hosting("Shanghai", 6), "farm")
    tale.on(3, "10:00")
    logins, paid_out = [], []
    for number in range(20):
        straw = tale.account(f"straw-{number}")
        logins.append(straw.logs_in(farm))
        straw.pays(188, None, farm, kind="top_up", balance=0)
        tale.after(minutes=2)
        paid_out.append(straw.pays(188, "collector", farm, kind="cash_out", balance=188))
    told = await tale.told()

    assert told.action(logins[1]) == "allow"
    assert "shared_device" in told.reasons(logins[9])
    assert told.action(logins[9]) in ("notify", *ASKED)
    assert "payee_fan_in" in told.reasons(paid_out[-1])
    assert told.action(paid_out[-1]) in ("notify", *ASKED)


async def test_money_that_comes_in_and_leaves_at_once_is_named() -> None:
    tale, lin = lived(30, "10:00")
    lin.logs_in()
    lin.pays(4000, None, kind="top_up", balance=100)
    tale.after(minutes=3)
    out = lin.pays(4000, "bank-of-a-stranger", kind="cash_out", balance=4100)
    told = await tale.told()

    assert "top_up_then_cash_out" in told.reasons(out)
    assert told.action(out) in ("notify", "challenge", "hold")
