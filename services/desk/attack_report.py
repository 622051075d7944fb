"""The report of an attack: its accounts and its log, masked, as CSV for spreadsheets and JSON for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from msgspec import json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.attacks.keeping import note
from services.attacks.listing import Attack
from services.attacks.tables import attack_accounts
from services.audit import audit_log
from services.desk.attack_pages import AttackId, unknown
from services.desk.attack_reading import LogLine, attack_of, log_of
from services.desk.attack_view import detail_of
from services.desk.csv_answer import csv_answer
from services.desk.frame import headers
from services.desk.pack_masks import Masked
from services.desk.report import Row
from services.desk.service import desk_of
from services.http.times import utc
from services.staff.access import Reader
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)
_MOST, _LINES = 50_000, 5000


@router.get("/attacks/{attack_id:segment}/report.csv")
async def report_csv(request: Request, member: Reader, attack_id: AttackId) -> Response:
    """A line for each figure, account and entry of the log."""
    attack, accounts, log = await _taken(request, member, attack_id)
    return csv_answer(request, f"attack-{attack_id}", _rows(attack, accounts, log))


@router.get("/attacks/{attack_id:segment}/report.json")
async def report_json(request: Request, member: Reader, attack_id: AttackId) -> Response:
    """The same as one object."""
    attack, accounts, log = await _taken(request, member, attack_id)
    masks = Masked()
    told = {
        **_figures(attack),
        "accounts_touched": accounts,
        "log": [
            {"at": utc(each.at), "what": each.what, "by": each.by, **_detail(each, masks)} for each in log
        ],
    }
    disposition = f'attachment; filename="attack-{attack_id}.json"'
    return Response(
        json.format(json.encode(told), indent=1),
        media_type="application/json",
        headers={**headers(request), "Content-Disposition": disposition},
    )


async def _taken(
    request: Request, member: Member, attack_id: str
) -> tuple[Attack, list[dict[str, Any]], list[LogLine]]:
    """What the report has; that it was taken stands in the log and in the audit."""
    desk, now = desk_of(request), desk_of(request).clock()
    async with desk.database.begin() as connection:
        attack = await attack_of(connection, attack_id)
        if attack is None:
            raise unknown()
        accounts = await _accounts(connection, attack_id)
        log = [*await log_of(connection, attack_id, _LINES)]
        await note(connection, attack_id, now, "reported", member.actor)
        said = f"attack {attack_id}, {len(accounts)} accounts, masked"
        entry = audit_log.Entry(
            at=now, action="attack_report", result="taken", actor=member.actor, reason=said
        )
        await audit_log.record(connection, entry)
    return attack, accounts, log


async def _accounts(connection: AsyncConnection, attack_id: str) -> list[dict[str, Any]]:
    of, masks = attack_accounts.c, Masked()
    query = select(of.account_id, of.attempts, of.first_at, of.last_at, of.gave_way_at).where(
        of.attack_id == attack_id
    )
    rows = await connection.execute(query.order_by(of.gave_way_at.is_(None), of.first_at).limit(_MOST))
    return [
        {
            "account": masks.name(row.account_id),
            "attempts": row.attempts,
            "first_at": utc(row.first_at),
            "last_at": utc(row.last_at),
            "gave_way_at": None if row.gave_way_at is None else utc(row.gave_way_at),
        }
        for row in rows
    ]


def _figures(attack: Attack) -> dict[str, Any]:
    return {
        "attack": attack.attack_id,
        "kind": attack.kind,
        "state": attack.state,
        "begun_at": utc(attack.begun_at),
        "last_at": utc(attack.last_at),
        "recognised_at": utc(attack.recognised_at),
        "ended_at": None if attack.ended_at is None else utc(attack.ended_at),
        "attempts": attack.attempts,
        "accounts": attack.accounts,
        "addresses": attack.sources,
        "gave_way": attack.gave_way,
        "peak_per_minute": attack.peak_per_minute,
        "at_stake": attack.at_stake,
    }


def _detail(line: LogLine, masks: Masked) -> dict[str, Any]:
    told = detail_of(line)
    return {
        name: masks.text(value) if isinstance(value, str) else value
        for name, value in told.items()
        if name not in ("at", "what", "by")
    }


def _rows(attack: Attack, accounts: list[dict[str, Any]], log: list[LogLine]) -> Iterator[Row]:
    masks = Masked()
    for name, value in _figures(attack).items():
        yield "attack", name, "", json.encode(value).decode() if isinstance(value, dict) else value
    for each in accounts:
        for name in ("attempts", "first_at", "last_at", "gave_way_at"):
            if each[name] is not None:
                yield "account", each["account"], name, each[name]
    for line in log:
        said = "; ".join(f"{name} {value}" for name, value in _detail(line, masks).items())
        yield "log", utc(line.at).isoformat(), line.what, f"{line.by}: {said}" if said else line.by
