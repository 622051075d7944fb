"""Thieves who change the currency, the kind or the name of a sum are decided as strictly as those who do not."""

from __future__ import annotations

from typing import Any

import pytest

from services.platform.currency_files import read_rates
from tests.stories.tale import ASKED, Tale, broadband, lived, stranger

SHANGHAI = stranger(broadband("Shanghai", 9))


def told_in(currency: str, yuan: float) -> str:
    """The sum of this many yuan in another currency, in plain digits."""
    ratio = read_rates(None).ratio("CNY", currency)
    assert ratio is not None
    return f"{yuan * ratio:.12f}"


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("100000", "USD"),
        ("30000.000", "KWD"),
        ("5", "BTC"),
        ("15000000", "JPY"),
        ("100000", "USDT"),
        ("30", "ETH"),
        ("50", "XAU"),
        ("9000000000", "SHIB"),
    ],
)
async def test_a_first_currency_is_held_like_the_usual_one(amount: str, currency: str) -> None:
    tale = Tale()
    usual, other = (tale.account(name).lives(days=25, paying=40.0) for name in ("usual", "other"))
    tale.on(25, "15:00")
    yuan = [usual.sends(700_000, "mule") for _ in range(2)]
    first = [other.sends(amount, "mule", currency=currency) for _ in range(2)]
    told = await tale.told()

    assert told.action(yuan[0]) == "hold"
    assert [told.action(each) for each in first] == [told.action(each) for each in yuan], told.why(first)


@pytest.mark.parametrize("kind", ["transfer", "withdrawal", "cash_out"])
async def test_a_first_way_out_is_as_strict_as_the_usual_one(kind: Any) -> None:
    tale = Tale()
    usual, other = (tale.account(name).lives(days=25, paying=40.0) for name in ("usual", "other"))
    tale.on(25, "15:00")
    payments = [usual.pays(60_000, "mule") for _ in range(2)]
    first = [other.pays(60_000, "mule", kind=kind) for _ in range(2)]
    told = await tale.told()

    assert [told.action(each) for each in first] == [told.action(each) for each in payments]
    assert told.action(first[0]) in ("hold", "deny")


@pytest.mark.parametrize("kind", ["refund", "top_up"])
async def test_a_refund_or_top_up_from_a_strangers_device_is_decided_like_a_payment(kind: Any) -> None:
    tale = Tale()
    usual, other = (tale.account(name).lives(days=25, paying=40.0) for name in ("usual", "other"))
    tale.on(25, "15:00")
    payment = usual.pays(60_000, "mule", SHANGHAI)
    renamed = other.pays(60_000, "mule", SHANGHAI, kind=kind)
    told = await tale.told()

    assert told.action(payment) in ("hold", "deny")
    assert told.action(renamed) == told.action(payment), told.why([payment, renamed])


async def test_the_owner_tops_up_and_gets_refunds_as_ever() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=25, paying=40.0)
    tale.on(25, "15:00")
    come_in = [lin.pays(20_000, None, kind="top_up"), lin.pays(900, "shop", kind="refund")]
    told = await tale.told()

    assert not [each for each in come_in if told.action(each) in ASKED]


@pytest.mark.parametrize("currency", ["CNY", "USDT", "EUR", "BTC", "IDR"])
async def test_a_new_accounts_first_large_sum_is_asked_about_and_an_ordinary_one_is_not(
    currency: str,
) -> None:
    tale = Tale()
    small, large = tale.account("small"), tale.account("large")
    for account in (small, large):
        account.changes("totp_enrolled")
        account.logs_in()
    ordinary = small.pays(told_in(currency, 450.0), "grocer", currency=currency)
    huge = large.pays(told_in(currency, 49_000.0), "broker", currency=currency)
    told = await tale.told()

    assert told.action(ordinary) == "allow"
    assert told.action(huge) in ASKED
    assert told.codes(huge) == {"large_first_amount"}


async def test_many_currencies_do_not_hide_a_burst() -> None:
    tale = Tale()
    lin, wang = (tale.account(name).lives(days=30) for name in ("lin", "wang"))
    tale.on(30, "15:00")
    one = [lin.pays(75, "grocer") for _ in range(12)]
    currencies = ("USD", "EUR", "HKD", "USDT", "JPY", "SGD", "GBP", "KRW", "THB", "AED", "USDC", "CHF")
    many = [wang.pays(told_in(each, 75.0), "grocer", currency=each) for each in currencies]
    told = await tale.told()

    bursts = {"velocity_amount", "velocity_count"}
    assert bursts & told.reasons(one[-1])
    assert bursts & told.reasons(many[-1]), told.why(many)


async def test_a_top_up_in_one_currency_and_a_cash_out_in_another_are_one_passage() -> None:
    tale, lin = lived(25, "15:00")
    lin.pays("300", None, kind="top_up", currency="USDT")
    out = lin.pays(2000, "mule", kind="cash_out")
    told = await tale.told()

    assert "top_up_then_cash_out" in told.reasons(out)


async def test_a_currency_without_a_rate_is_said_and_asked_about() -> None:
    tale, lin = lived(25, "15:00")
    strange = lin.pays("90000", "mule", currency="GOLDX")
    told = await tale.told()

    assert told.action(strange) in ASKED
    assert "amount_of_unknown_worth" in told.codes(strange)
