"""Letters about cases: that a report has arrived, that support wrote, and how it ended."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from services.cases.news import CaseNews, News, put_news
from services.cases.references import case_number
from services.cases.states import Case


async def tell_received(connection: AsyncConnection, case: Case) -> None:
    """The owner's report is here, or the appeal, and when it gets its first answer."""
    await _tell(connection, case, "case_received", case.first_response_due_at)


async def tell_written(connection: AsyncConnection, case: Case, notice_id: str | None = None) -> None:
    """Support wrote something that stands in the case. The letter does not repeat it."""
    await _tell(connection, case, "case_message", None, notice_id)


async def tell_closed(connection: AsyncConnection, case: Case) -> None:
    """How the case ended."""
    await _tell(connection, case, "case_closed", None)


async def _tell(
    connection: AsyncConnection,
    case: Case,
    template: str,
    due_at: float | None,
    notice_id: str | None = None,
) -> None:
    """One letter a version of the case, or a `notice_id`; its event is the case."""
    about = CaseNews(number=case_number(case.case_id), kind=case.kind, outcome=case.verdict)
    news = News(at=case.changed_at, due_at=due_at, case=about)
    notice_id = notice_id or derived_id(f"{case.case_id}:{case.version}", template)
    await put_news(connection, notice_id, case.case_id, case.account_id, template, news)
