"""Notices that no decision asked for."""

from __future__ import annotations

from services.cases.case_service import CaseService
from services.cases.news import News, put_news
from services.platform.database import Database
from tests.notifier.delivering import LI, T0, TO_LI, Clock, Way, notifier, rows


async def test_news_that_no_decision_asked_for_reach_the_owner(database: Database) -> None:
    way, clock = Way(), Clock()
    await CaseService(database, clock).set_contact("li", LI)
    async with database.begin() as connection:
        news = News(at=T0, codes_left=9)
        await put_news(connection, "n1", "unrecorded", "li", "recovery_code_used", news)

    assert await notifier(database, way, clock).deliver_due() == 1

    ((key, letter),) = way.sent
    assert key == f"n1.{TO_LI}"
    assert letter.subject == "A recovery code of your UPay account was used"
    assert "Unused codes left: 9." in letter.text
    assert "- When: 21 September 2026, 22:13 (Asia/Shanghai, UTC+08:00)" in letter.text
    assert [row.state for row in await rows(database)] == ["delivered"]
