"""Whether we are under attack, as today says it, once attacks are recognised."""

from __future__ import annotations

from services.attacks.tables import attacks
from services.desk.pack_words import pack_words
from services.desk.today import Todays, rows_of_today
from services.desk.today_view import Panel, panels_of
from services.desk.today_writer import Writer
from services.platform.database import Database
from services.platform.progress import Consumers
from tests.services.desk.written_cases import DAY_S, HOUR_S, NOW, Clock, put

_SINCE = NOW - 6 * HOUR_S


async def recognised(database: Database, attack_id: str, **changes: object) -> None:
    row: dict[str, object] = {
        "attack_id": attack_id, "kind": "password_spraying", "state": "open", "begun_at": _SINCE, "last_at": NOW - 60.0,
        "recognised_at": NOW - 5 * HOUR_S, "attempts": 2000, "accounts": 2000, "sources": 50, "gave_way": 8,
        "usual_per_minute": 0.1, "peak_per_minute": 9, "peak_at": NOW - HOUR_S, "version": 1, "told_size": 0,
    }  # fmt: skip
    await put(database, attacks, **(row | changes))


async def panel(database: Database, locale: str = "en") -> Panel:
    today = await Todays(database, Clock(), Consumers()).of(1)
    return panels_of(today, Writer(pack_words(locale), lambda at: f"at {at:.0f}", str))[0]


async def test_a_slow_attack_that_raises_no_alert_is_answered_with_yes(database: Database) -> None:
    await recognised(database, "W-7")
    shown = await panel(database)

    said = f"Yes: password spraying since at {_SINCE:.0f}, 2,000 accounts touched, 8 gave way."
    assert (shown.answer, shown.tone, shown.to) == (said, "bad", "/desk/attacks/W-7")
    assert "密码喷洒，波及 2,000 个账户，失守 8 个" in (await panel(database, "zh-CN")).answer


async def test_several_attacks_are_told_together_and_lead_to_their_list(database: Database) -> None:
    await recognised(database, "W-7")
    await recognised(database, "W-8", kind="card_testing", accounts=1, gave_way=0)
    shown = await panel(database)

    assert shown.answer == "Yes: 2 attacks at once, 2,001 accounts touched, 8 gave way."
    assert shown.to == "/desk/attacks"


async def test_an_attack_that_is_over_counts_among_those_that_gave_way_for_as_long_as_the_page_looks_back(
    database: Database,
) -> None:
    await recognised(database, "W-7", state="over", last_at=NOW - HOUR_S, ended_at=NOW)
    await recognised(
        database, "W-6", state="over", last_at=NOW - 2 * DAY_S, ended_at=NOW - DAY_S, gave_way=90
    )
    shown = await panel(database)

    assert (shown.tone, shown.to) == ("", "/desk?kind=risk")
    assert [(each.value, each.tone) for each in shown.figures if each.name == "Gave way"] == [("8", "bad")]


async def test_the_csv_of_today_has_each_attack_under_way(database: Database) -> None:
    await recognised(database, "W-7")
    rows = list(rows_of_today(await Todays(database, Clock(), Consumers()).of(1)))

    assert ("attack", "W-7", "accounts", 2000) in rows
    assert ("attack", "all", "gave_way", 8) in rows
