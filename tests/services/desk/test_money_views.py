"""What the pages of payment failures and disputes show beside their checks: a channel's hours, the other side, and offers."""

from __future__ import annotations

from typing import Any

import pytest

from services.desk.channel_charts import charts_of, refused_words
from services.desk.channel_past import HOURS, ChannelPast, past_of
from services.desk.counterparty import Counterparty, counterparty_facts, counterparty_of
from services.platform.database import Database
from tests.services.desk.browser import DeskClients
from tests.services.desk.reported import NOW, disputed, failing, happened, money, reported
from tests.services.desk.telling import reader_in

HOUR_S, SHOP = 3600.0, b"s" * 16


def refused(event_id: str, ago_s: float, reason: str = "61", **more: Any) -> Any:
    return money(event_id, event_id, ago_s, kind="payment", status="failed", reason=reason, **more)


async def _past(database: Database, most: int = 100) -> ChannelPast:
    async with database.read() as connection:
        return await past_of(connection, "unionpay-quick", "61", NOW, most)


async def test_a_channels_failures_are_counted_by_the_hour_and_those_with_the_same_answer_apart(
    database: Database,
) -> None:
    await happened(
        database,
        refused("a", 60),
        refused("b", 1800, "91"),
        refused("c", 2.5 * HOUR_S),
        refused("d", 25 * HOUR_S),
        refused("e", 60, channel="other"),
        money("f", "f", 60, kind="payment", status="completed"),
        money("g", "g", 60, kind="payment", status="requested"),
        money("h", "h", 60, status="failed"),
    )

    past = await _past(database)

    assert ([0] * 21 + [1, 0, 2], [0] * 21 + [1, 0, 1]) == (past.failed, past.same)
    assert (3, 4, None) == (sum(past.failed), sum(past.ended), past.since)


async def test_a_channel_with_too_much_to_count_says_since_when_it_was_counted(database: Database) -> None:
    await happened(database, *(refused(f"p{n}", 600.0 * n) for n in range(1, 9)))

    past = await _past(database, most=5)

    assert (5, NOW - 3000.0) == (sum(past.failed), past.since)
    assert "counted since" in refused_words(past, reader_in("en"))


@pytest.mark.parametrize(
    ("locale", "says"),
    [
        ("en", "3 in the last hour, usually 1; most 7 in the hour from"),
        ("zh-CN", "最近一小时 3 笔，平时 1 笔"),
    ],
)
def test_the_charts_have_their_figures_as_text(locale: str, says: str) -> None:
    failed = [1] * 20 + [7, 1, 1, 3]
    past = ChannelPast(
        name="<b>", until=NOW, reason="61", failed=failed, same=[0] * HOURS, ended=[10] * HOURS
    )

    every, same = charts_of(past, reader_in(locale))

    assert says in every.says
    assert every.svg.count('class="acc"') == HOURS
    assert "&lt;b&gt;" in every.svg
    assert "61" in same.caption
    assert "13.3" in refused_words(past, reader_in(locale))


async def test_the_other_side_is_counted_over_all_accounts_with_the_disputes_about_it(
    database: Database,
) -> None:
    paid = [
        money(f"d{n}", "li" if n == 1 else f"acct-{n}", kind="payment", payee_id="shop", payee_key=SHOP, status="completed")
        for n in (1, 2, 3)
    ]  # fmt: skip
    other = money("x", "li", kind="payment", payee_id="cafe", payee_key=b"c" * 16, status="completed")
    await happened(database, *paid, other, refused("f", 60, payee_id="shop", payee_key=SHOP))
    await reported(database, "dispute", "d1")
    await reported(database, "unauthorised", "x")
    async with database.read() as connection:
        row = (await _rows(connection, "d1"))[0]
        found = await counterparty_of(connection, row, NOW)
        few = await counterparty_of(connection, row, NOW, most=2)

    assert found == Counterparty(payee_id="shop", paid=3, failed=1, accounts=4, disputed=1, more=False)
    assert few is not None
    assert few.more
    facts = dict(counterparty_facts(found, "Haiyue", "", reader_in("en")))
    assert ("1 of 4 payments (25.0 %)", "Haiyue") == (facts["Disputes, 90 days"], facts["Name"])


async def _rows(connection: Any, event_id: str) -> list[Any]:
    from services.activity.recent import newest
    from services.activity.tables import activity

    return await newest(connection, activity.c.event_id == event_id, 1, now=NOW)


async def test_a_payment_failures_page_draws_its_channel_and_says_the_figures(
    desk_client: DeskClients,
) -> None:
    case_id = await failing(desk_client.desk.database)
    page = await (await desk_client("agent")).page(f"/desk/cases/{case_id}")

    for said in (
        "unionpay-quick: failures an hour",
        "Of them with the answer 61",
        "4 in the last hour",
        "100.0 %",
    ):
        assert said in page.text, said
    answer = await (await desk_client("agent", "b")).get(f"/desk/cases/{case_id}")
    assert answer.text.count('<svg class="fig"') == 2
    assert " style=" not in answer.text


async def test_offers_stand_in_a_table_with_what_became_of_each(desk_client: DeskClients) -> None:
    case_id = await disputed(desk_client.desk.database)
    agent, path = await desk_client("agent"), f"/desk/cases/{case_id}"

    async def fill(**fields: str) -> str:
        assert (await agent.send(await agent.page(path), f"{path}/fields", **fields)).status_code == 303
        return (await agent.page(path)).text

    first = await fill(counterparty_asked="by mail", offer="half back", offer_amount="1000.00")
    desk_client.desk.clock.at += 60.0  # type: ignore[attr-defined]
    second = await fill(offer="all back", offer_amount="2000.00")
    answered = await fill(offer_answer="accepted")

    assert ("draft" in first, "replaced" in first) == (True, False)
    assert ("draft" in second, "replaced" in second) == (True, True)
    assert "both accept" in answered
    for said in ("Asked: by mail", "Money back", "The other side", "haiyue"):
        assert said in answered, said
