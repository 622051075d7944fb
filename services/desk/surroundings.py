"""What stands around a case besides its story: earlier cases of the account, payments, devices, linked accounts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import newest, of_types
from services.activity.tables import activity
from services.cases.tables import cases
from services.centre.devices import DeviceUsed, all_devices
from services.desk.case_file import CaseFile
from services.desk.linked import Linked, keys_of, linked_to

_MOST_EARLIER, _MOST_UNRESOLVED, _MOST_PAYMENTS = 6, 20, 60
_BACK_S = 400 * 86_400.0
_OUTGOING = ("transfer", "payment", "withdrawal", "cash_out")


class Earlier(Struct, frozen=True):
    """Another case of the account."""

    case_id: str
    kind: str
    state: str
    verdict: str | None
    opened_at: float


class Surroundings(Struct, frozen=True, kw_only=True):
    """What stands around a case. `unresolved` are other cases of the account, oldest first. `past` are payments before it in the
    currency of its decision, in major units, newest first; `more_past`: there are more."""

    earlier: Sequence[Earlier]
    unresolved: Sequence[Earlier]
    past: Sequence[float]
    more_past: bool
    devices: Sequence[DeviceUsed]
    linked: Sequence[Linked]


async def read_surroundings(connection: AsyncConnection, file: CaseFile, now: float) -> Surroundings:
    """All of it, in a bounded number of queries; which devices are trusted is not in SQL."""
    past = await _past(connection, file)
    others = await _others(connection, file)
    unresolved = [each for each in others if each.state != "resolved"]
    return Surroundings(
        earlier=sorted(others, key=lambda each: (-each.opened_at, each.case_id))[:_MOST_EARLIER],
        unresolved=sorted(unresolved, key=lambda each: each.opened_at)[:_MOST_UNRESOLVED],
        past=past[:_MOST_PAYMENTS],
        more_past=len(past) > _MOST_PAYMENTS,
        devices=await all_devices(connection, file.case.account_id, {}, now),
        linked=await linked_to(connection, file.case.account_id, keys_of(file), file.until),
    )


async def _others(connection: AsyncConnection, file: CaseFile) -> list[Earlier]:
    """Other cases of the account: those that are not resolved, and the newest."""
    columns = [cases.c[name] for name in Earlier.__struct_fields__]
    query = (
        select(*columns)
        .where(cases.c.account_id == file.case.account_id, cases.c.case_id != file.case.case_id)
        .order_by(cases.c.state == "resolved", cases.c.opened_at.desc(), cases.c.case_id)
        .limit(_MOST_UNRESOLVED + _MOST_EARLIER)
    )
    return [Earlier(**row) for row in (await connection.execute(query)).mappings()]


async def _past(connection: AsyncConnection, file: CaseFile) -> list[float]:
    """What the account paid before, in the currency of the decision that the page explains."""
    decision = file.decided
    shown = None if decision is None else decision.shown
    if decision is None or shown is None or shown.currency is None:
        return []
    own = file.event_ids
    which = and_(
        activity.c.account_id == file.case.account_id,
        of_types(["transaction"]),
        activity.c.currency == shown.currency,
        activity.c.kind.in_(_OUTGOING),
        or_(activity.c.outcome.is_(None), func.coalesce(activity.c.outcome, "") != "failed"),
    )
    rows = await newest(
        connection,
        which,
        _MOST_PAYMENTS + 1,
        now=decision.at,
        since_s=decision.at - _BACK_S,
        before=(decision.at, ""),
    )
    amounts = []
    for row in rows:
        if row.event_id in own or row.amount is None:
            continue
        try:
            amounts.append(float(row.amount))
        except ValueError:
            continue
    return amounts
