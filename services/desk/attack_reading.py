"""What the page of an attack shows, read in few statements, each bounded however many accounts the attack has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Integer, cast, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attacks.act_tables import attack_acts
from services.attacks.acts import ActName, AttackAct, acts_of, counts_of, progress_of
from services.attacks.asking import ACT
from services.attacks.listing import Attack, of_row
from services.attacks.parts import networks
from services.attacks.tables import attack_accounts, attack_log, attack_minutes, attack_sources, attacks
from services.cases.hold_tables import account_holds, approvals
from services.desk.attack_fallen import Fallen, fallen_of

#: So many lines of the log.
_LINES = 100
#: Into so many columns the time of an attack is cut, each of whole minutes.
SLOTS = 24
#: The rate is what it was in the last so many whole minutes.
LATELY = 5


class LogLine(Struct, frozen=True):
    """A line of the log; `detail` is JSON."""

    at: float
    what: str
    by: str
    detail: str | None


class AttackFile(Struct, frozen=True, kw_only=True):
    """All of it. `slots` are (attempts, accounts that gave way) from `slots_from` on, `slot_s` seconds each.

    `lately` are attempts a minute in the last whole minutes. `can_pay` of the accounts that gave way are not frozen. `new_for`:
    for how many accounts each act would be now. `approval_ids` are those of acts that wait.
    """

    attack: Attack
    slots: Sequence[tuple[int, int]]
    slots_from: float
    slot_s: float
    lately: float
    networks: Sequence[tuple[str, int]]
    countries: Sequence[tuple[str | None, int]]
    fallen: Sequence[Fallen]
    can_pay: int
    log: Sequence[LogLine]
    acts: Sequence[AttackAct]
    progress: Mapping[str, Mapping[tuple[str, str], int]]
    new_for: Mapping[ActName, int]
    approval_ids: Mapping[str, str]


async def attack_of(connection: AsyncConnection, attack_id: str) -> Attack | None:
    """The attack of that id."""
    found = await connection.execute(select(attacks).where(attacks.c.attack_id == attack_id))
    row = found.mappings().first()
    return None if row is None else of_row(row)


async def all_attacks(connection: AsyncConnection, limit: int = 100) -> Sequence[Attack]:
    """Those under way first, then those that are over; the newest first."""
    query = select(attacks).order_by((attacks.c.state == "open").desc(), attacks.c.begun_at.desc())
    return [of_row(row) for row in (await connection.execute(query.limit(limit))).mappings()]


async def read_attack(connection: AsyncConnection, attack: Attack, now: float) -> AttackFile:
    """What its page shows."""
    name = attack.attack_id
    first, minutes = _cut(attack)
    acts = await acts_of(connection, name)
    return AttackFile(
        attack=attack,
        slots=await _slots(connection, name, first, minutes),
        slots_from=first * 60.0,
        slot_s=minutes * 60.0,
        lately=await _lately(connection, name, now),
        networks=(await networks(connection, name)).most_common(),
        countries=await _countries(connection, name),
        fallen=await fallen_of(connection, name),
        can_pay=await _can_pay(connection, name),
        log=await log_of(connection, name),
        acts=acts,
        progress=await progress_of(connection, name),
        new_for=await counts_of(connection, name),
        approval_ids=await _approval_ids(
            connection, [each.act_id for each in acts if each.state == "waiting"]
        ),
    )


async def log_of(connection: AsyncConnection, attack_id: str, limit: int = _LINES) -> Sequence[LogLine]:
    """The newest lines of the log, oldest first."""
    of = attack_log.c
    query = select(of.at, of.what, of.by, of.detail).where(of.attack_id == attack_id)
    rows = await connection.execute(query.order_by(of.at.desc(), of.sequence.desc()).limit(limit))
    return [LogLine(*row) for row in rows][::-1]


async def attacks_of_acts(connection: AsyncConnection, act_ids: Sequence[str]) -> Mapping[str, AttackAct]:
    """The acts that approvals are about, by their id."""
    if not act_ids:
        return {}
    query = select(attack_acts).where(attack_acts.c.act_id.in_(act_ids))
    return {row["act_id"]: AttackAct(**row) for row in (await connection.execute(query)).mappings()}


def _cut(attack: Attack) -> tuple[int, int]:
    """The first minute of the chart, and how many minutes a column has."""
    first, last = int(attack.begun_at // 60), int(attack.last_at // 60)
    return first, -(-(last - first + 1) // SLOTS)


async def _slots(
    connection: AsyncConnection, attack_id: str, first: int, minutes: int
) -> list[tuple[int, int]]:
    of = attack_minutes.c
    slot = cast((of.minute - first) // minutes, Integer).label("slot")
    query = select(slot, func.sum(of.attempts), func.sum(of.gave_way)).where(of.attack_id == attack_id)
    rows = (await connection.execute(query.group_by(slot))).all()
    found = {int(row[0]): (int(row[1]), int(row[2])) for row in rows}
    return [found.get(at, (0, 0)) for at in range(max(found, default=0) + 1)]


async def _lately(connection: AsyncConnection, attack_id: str, now: float) -> float:
    of, this = attack_minutes.c, int(now // 60)
    query = select(func.coalesce(func.sum(of.attempts), 0)).where(
        of.attack_id == attack_id, of.minute >= this - LATELY, of.minute < this
    )
    return float((await connection.execute(query)).scalar_one()) / LATELY


async def _countries(connection: AsyncConnection, attack_id: str) -> list[tuple[str | None, int]]:
    of = attack_sources.c
    query = select(of.country, func.sum(of.attempts)).where(of.attack_id == attack_id).group_by(of.country)
    return sorted(
        ((row[0], int(row[1])) for row in await connection.execute(query)), key=lambda each: -each[1]
    )


async def _can_pay(connection: AsyncConnection, attack_id: str) -> int:
    of = attack_accounts.c
    held = exists().where(account_holds.c.account_id == of.account_id, account_holds.c.released_at.is_(None))
    query = select(func.count()).where(of.attack_id == attack_id, of.gave_way_at.is_not(None), ~held)
    return int((await connection.execute(query)).scalar_one())


async def _approval_ids(connection: AsyncConnection, act_ids: Sequence[str]) -> dict[str, str]:
    if not act_ids:
        return {}
    of = approvals.c
    query = select(of.subject, of.approval_id).where(
        of.act == ACT, of.subject.in_(act_ids), of.decision.is_(None)
    )
    return {row.subject: row.approval_id for row in await connection.execute(query)}
