"""After an owner's "not me", by the policy: the wallet is asked to trust no more the device that the event came from.

Whoever hears of the report first asks, under an id that follows from it: over HTTP, on a page or in a letter at once, from the
topic when the decision on it comes. The other is a repeat.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import RaiseAlert, effect_id
from contracts.events import UserReport
from services.activity.repository import rows_of
from services.cases import outbox
from services.cases.repository import Recorded
from services.cases.subjects import known_event
from services.wallet.actions import WalletAction

#: The policy's word for it.
ACT = "forget_device"


async def forget_of(
    connection: AsyncConnection, account_id: str, report_id: str, about_event_id: str, at: float, now: float
) -> None:
    """Ask the wallet to trust the device of the event no more, because of that report, whose time is `at`; once."""
    action = WalletAction(
        action_id=effect_id(account_id, report_id, ACT),
        kind="forget_device",
        account_id=account_id,
        event_id=about_event_id,
        at=at,
    )
    await outbox.put(connection, [outbox.action(action)], now)


async def forget_after(connection: AsyncConnection, report: UserReport, now: float) -> None:
    """The same because of a report that is being told, where its event is known to have come from a device."""
    account_id, about = report.account_id, report.about_event_id
    if await came_from_device(connection, account_id, about):
        await forget_of(connection, account_id, report.event_id, about, report.at, now)


async def came_from_device(connection: AsyncConnection, account_id: str, event_id: str) -> bool:
    """Whether the event is known to have come from a device: what PayGuard itself made known, of a contact or factor, did not."""
    rows = await rows_of(connection, {(account_id, event_id)})
    if any(row.device_key is not None for row in rows):
        return True
    shown = (await known_event(connection, account_id, event_id)).shown
    return shown is not None and shown.device is not None


async def forget_by_decisions(connection: AsyncConnection, records: Sequence[Recorded]) -> None:
    """The same for the reports among these decisions: what their events came from may not have been known before."""
    reports = [
        record
        for record in records
        if record.decision.type == "user_report"
        and record.decision.about_event_id is not None
        and any(isinstance(effect, RaiseAlert) for effect in record.decision.effects)
    ]
    for record in reports:
        account_id, about = record.decision.account_id, record.decision.about_event_id
        if about is not None and await came_from_device(connection, account_id, about):
            report_id, at = record.decision.event_id, record.decision.at
            await forget_of(connection, account_id, report_id, about, at, record.recorded_at)
