"""An act on one account of an attack: as the same act on a case is, under ids that are the same on every try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id, effect_id
from contracts.events import OwnerAct, to_wire
from services.attacks.acts import ActName, AttackAct
from services.attacks.tables import attack_accounts
from services.audit import audit_log
from services.cases import holds, outbox
from services.cases.acts.situation import Ground
from services.cases.hold_tables import owner_words
from services.cases.news import News, put_news
from services.cases.tables import alerts
from services.wallet.actions import WalletAction

#: The letters of each act; ending sessions alone needs none.
HELD, CHECK, TOLD = "attack_held", "attack_check", "attack_told"
#: Why an account is left out.
Skipped = Literal["frozen", "no_factor", "check_open"]
Deed = Callable[[AsyncConnection, Ground, AttackAct, str, float], Awaitable[Skipped | None]]


async def do(
    connection: AsyncConnection, ground: Ground, act: AttackAct, account_id: str, now: float
) -> Skipped | None:
    """Do it inside the caller's transaction, with its entry in the audit; why it was not done, None where it was."""
    skipped = await _DEEDS[act.act](connection, ground, act, account_id, now)
    entry = audit_log.Entry(
        at=now,
        action=f"attack_{act.act}",
        result=f"skipped_{skipped}" if skipped else "done",
        actor=act.asked_by,
        account_id=account_id,
        reason=f"attack {act.attack_id}, act {act.act_id}",
    )
    await audit_log.record(connection, entry)
    return skipped


async def let_go(
    connection: AsyncConnection, act: AttackAct, account_id: str, by: str, now: float
) -> Literal["over", "kept", "undone"]:
    """End the hold of this act; "kept" where something else spoke against the account since: support ends it, as any freeze."""
    hold_id = effect_id(account_id, act.event_of(account_id), "freeze")
    hold = await holds.freeze_of(connection, hold_id)
    if hold is None or hold.released_at is not None:
        return "over"
    if await _spoken_against(connection, account_id, hold.placed_at):
        return "kept"
    ended = await holds.unfreeze(connection, hold_id, by, f"attack {act.attack_id}", now)
    if ended is not None:
        await audit_log.record(connection, holds.end_of_freeze(ended, by, now))
    return "over" if by == holds.DEADLINE else "undone"


async def _hold_money(
    connection: AsyncConnection, _ground: Ground, act: AttackAct, account_id: str, now: float
) -> Skipped | None:
    event_id = act.event_of(account_id)
    if await holds.standing(connection, account_id) is not None:
        return "frozen"
    if not await holds.freeze(connection, account_id, event_id, act.asked_by, now, now):
        return "frozen"
    event = OwnerAct(
        event_id=event_id, account_id=account_id, occurred_at=int(now * 1000), act="lock", by="support"
    )
    await outbox.put(connection, [outbox.Outgoing(event_id, "event", account_id, to_wire(event))], now)
    news = News(at=now, due_at=act.until, by="support", acts=("freeze",))
    await _tell(connection, act, account_id, HELD, news)
    return None


async def _end_sessions(
    connection: AsyncConnection, _ground: Ground, act: AttackAct, account_id: str, now: float
) -> Skipped | None:
    event_id = act.event_of(account_id)
    action = WalletAction(
        action_id=derived_id(event_id, "revoke_sessions"),
        kind="revoke_sessions",
        account_id=account_id,
        event_id=await _gave_way(connection, act.attack_id, account_id) or event_id,
        at=now,
    )
    await outbox.put(connection, [outbox.action(action)], now)
    return None


async def _require_factor(
    connection: AsyncConnection, ground: Ground, act: AttackAct, account_id: str, now: float
) -> Skipped | None:
    if ground.issue_check is None or ground.has_factor is None:
        return "no_factor"
    if not await ground.has_factor(connection, account_id):
        return "no_factor"
    if ground.check_open is not None and await ground.check_open(connection, account_id, now):
        return "check_open"
    event_id = act.event_of(account_id)
    await ground.issue_check(connection, account_id, event_id, derived_id(event_id, "check"), now)
    await _tell(connection, act, account_id, CHECK, News(at=now))
    return None


async def _tell_owners(
    connection: AsyncConnection, _ground: Ground, act: AttackAct, account_id: str, now: float
) -> Skipped | None:
    await _tell(connection, act, account_id, TOLD, News(at=now))
    return None


_DEEDS: Mapping[ActName, Deed] = {
    "require_factor": _require_factor,
    "end_sessions": _end_sessions,
    "hold_money": _hold_money,
    "tell_owners": _tell_owners,
}


async def _tell(
    connection: AsyncConnection, act: AttackAct, account_id: str, template: str, news: News
) -> None:
    event_id = act.event_of(account_id)
    await put_news(connection, derived_id(event_id, template), event_id, account_id, template, news)


async def _gave_way(connection: AsyncConnection, attack_id: str, account_id: str) -> str | None:
    query = select(attack_accounts.c.gave_way_event_id).where(
        attack_accounts.c.attack_id == attack_id, attack_accounts.c.account_id == account_id
    )
    found: str | None = await connection.scalar(query)
    return found


async def _spoken_against(connection: AsyncConnection, account_id: str, since: float) -> bool:
    """Whether an owner's "not me" or a severe alert came while the money was held, which alone would have stopped it."""
    denied = exists().where(
        owner_words.c.account_id == account_id,
        owner_words.c.verdict == "not_me",
        owner_words.c.undone_at.is_(None),
        owner_words.c.told_at >= since,
    )
    severe = exists().where(
        alerts.c.account_id == account_id, alerts.c.raised_at >= since, alerts.c.severity == "critical"
    )
    return bool(await connection.scalar(select(denied | severe)))
