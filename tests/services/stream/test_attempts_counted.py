"""What the worker decides is counted by stage, reason and worth of money, once an event."""

from __future__ import annotations

from services.platform.currency_files import read_rates
from services.platform.metrics import FUNNEL, MONEY, MONEY_UNPRICED, REASONS
from tests.services.scoring.accounts import frozen_account


def _refused() -> float:
    return sum(
        sample.value
        for family in FUNNEL.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and sample.labels["stage"] == "refused"
    )


async def test_a_payment_of_a_frozen_account_is_refused_for_its_reason_and_worth_what_the_rates_say() -> None:
    account = await frozen_account()
    money, reason = MONEY.labels("refused"), REASONS.labels("account_frozen")
    before = money._value.get(), reason._value.get(), _refused()

    await account.pay(amount="20.00", currency="CNY")

    worth = 20.0 * (read_rates(None).ratio("CNY", "USD") or 0.0)
    after = money._value.get(), reason._value.get(), _refused()
    assert worth > 0.0
    assert after == (before[0] + worth, before[1] + 1, before[2] + 1)


async def test_a_currency_without_a_rate_is_counted_and_not_guessed() -> None:
    account = await frozen_account()
    money, unpriced = MONEY.labels("refused"), MONEY_UNPRICED.labels("refused")
    before = money._value.get(), unpriced._value.get()

    await account.pay(amount="20.00", currency="ZWL")

    assert (money._value.get(), unpriced._value.get()) == (before[0], before[1] + 1)
