"""The other side of a disputed payment: how often it is paid and by how many, and how much of that is disputed."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import and_, case, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import since
from services.activity.rows import Row
from services.activity.tables import activity
from services.cases.tables import cases
from services.desk.story_parts import Telling, one_line

BACK_DAYS = 90
_BACK_S, _MOST = BACK_DAYS * 86_400.0, 1000
#: Kinds of cases in which an owner says that a payment was not right.
_DISPUTES = ("dispute", "unauthorised")


class Counterparty(Struct, frozen=True, kw_only=True):
    """A payee's newest events of BACK_DAYS, all accounts together: `paid` of them, `failed` of them, of how many `accounts`.

    `disputed` counts the cases about them. `more`: there were so many that older ones were not counted.
    """

    payee_id: str
    paid: int
    failed: int
    accounts: int
    disputed: int
    more: bool


async def counterparty_of(
    connection: AsyncConnection, subject: Row, until: float, most: int = _MOST
) -> Counterparty | None:
    """Whom the event's money went to, as it stood at `until` (epoch seconds); None where nobody is named. Two queries."""
    this = activity.c
    if subject.payee_id is None:
        return None
    if subject.payee_key is None:
        whom = and_(this.account_id == subject.account_id, this.payee_id == subject.payee_id)
    else:
        whom = this.payee_key == subject.payee_key
    newest = (
        select(this.account_id, this.event_id, this.outcome)
        .where(whom, this.section == "money", since(until - _BACK_S), this.at <= until)
        .order_by(this.at.desc())
        .limit(most)
        .cte("newest")
    )
    c = newest.c
    failed = c.outcome == "failed"
    counts = select(
        func.count(), func.count(case((failed, 1))), func.count(distinct(c.account_id))
    ).select_from(newest)
    all_of_them, wrong, accounts = (await connection.execute(counts)).one()
    about = and_(cases.c.subject_event_id == c.event_id, cases.c.account_id == c.account_id)
    disputes = (
        select(func.count(distinct(cases.c.case_id)))
        .select_from(newest.join(cases, about))
        .where(cases.c.kind.in_(_DISPUTES), cases.c.opened_at <= until)
    )
    return Counterparty(
        payee_id=subject.payee_id,
        paid=int(all_of_them) - int(wrong),
        failed=int(wrong),
        accounts=int(accounts),
        disputed=int((await connection.execute(disputes)).scalar_one()),
        more=int(all_of_them) >= most,
    )


def counterparty_facts(found: Counterparty, named: str, contact: str, tell: Telling) -> list[tuple[str, str]]:
    """The card: a name and a value a line; `named` is what support calls the other side, `contact` how it was last asked."""
    t, plus = tell.t, "+" if found.more else ""
    events = found.paid + found.failed
    disputed = t("counterparty.disputed_of", n=found.disputed, all=f"{events:,}{plus}")
    if events and not found.more:
        disputed = t(
            "counterparty.disputed_share",
            n=found.disputed,
            all=f"{events:,}",
            share=f"{100 * found.disputed / events:.1f}",
        )
    facts = [
        (t("counterparty.name"), one_line(named) if named else t("counterparty.unnamed")),
        (t("counterparty.number"), one_line(found.payee_id)),
        (t("counterparty.accounts", days=BACK_DAYS), f"{found.accounts:,}{plus}"),
        (t("counterparty.disputes", days=BACK_DAYS), disputed),
        (t("counterparty.failed", days=BACK_DAYS), f"{found.failed:,}{plus}"),
    ]
    return [*facts, (t("counterparty.contact"), one_line(contact))] if contact else facts
