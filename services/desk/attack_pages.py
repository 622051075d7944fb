"""Attacks on many accounts: the list, and the page of one with its sizes, accounts, money, log and acts; who leads, and notes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from msgspec import json
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from notifier.facts import Reader as LetterReader
from notifier.words import words as letter_words
from services.attacks.keeping import BY_ITSELF, note
from services.attacks.tables import attacks
from services.audit import audit_log
from services.desk import attack_charts
from services.desk.attack_cards import cards
from services.desk.attack_fallen import MOST
from services.desk.attack_reading import AttackFile, all_attacks, attack_of, read_attack
from services.desk.attack_view import (
    currency_of,
    log_words,
    parts_of,
    rows,
    severity,
    stake,
    title,
    when,
)
from services.desk.frame import form, go_to, on_clock, page, words
from services.desk.queue_lines import unit
from services.desk.service import desk_of
from services.desk.story_parts import Telling
from services.desk.today_writer import Writer
from services.http.identifiers import plain
from services.http.problems import Problem
from services.staff.access import SENIORS, Agent, Reader, Senior
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)
_LEVELS = ("low", "medium", "high", "critical")
_MOST_NOTE = 2000
#: So many accounts that gave way are listed unless all are asked for.
_ROWS = 12


async def _attack_path(attack_id: Annotated[str, Path(min_length=1, max_length=32)]) -> str:
    return plain(attack_id)


AttackId = Annotated[str, Depends(_attack_path)]


def telling_of(member: Member) -> Telling:
    """How an attack is told to this member."""
    t = words(member.locale)
    reader = LetterReader(letter_words(member.locale), member.time_zone)
    return Telling(t=t, reader=reader, actor=member.actor)


async def read(connection: AsyncConnection, attack_id: str, now: float) -> AttackFile:
    """All that the page shows. Raises Problem 404 for an attack that there is not."""
    attack = await attack_of(connection, attack_id)
    if attack is None:
        raise unknown()
    return await read_attack(connection, attack, now)


def unknown() -> Problem:
    """There is no attack of that number."""
    return Problem(404, "unknown_attack", "there is no such attack")


@router.get("/attacks")
async def attacks_page(request: Request, member: Reader) -> Response:
    """Attacks under way first, then those that are over."""
    desk, now, tell = desk_of(request), desk_of(request).clock(), telling_of(member)
    async with desk.database.read() as connection:
        found = await all_attacks(connection)
    writer = Writer(words(member.locale), on_clock(member)["clock"], on_clock(member)["day"])
    named = tuple(
        [
            (
                each,
                severity(each),
                tell.t(f"queue_severity.{_LEVELS[severity(each) - 1]}"),
                stake(each, writer)[0],
            )
            for each in part
        ]
        for part in parts_of(found)
    )
    return await page(
        request,
        member,
        "attacks",
        "attacks",
        open_now=named[0],
        past=named[1],
        when=lambda at: when(at, tell, now),
        who=tell.who,
    )


@router.get("/attacks/{attack_id:segment}")
async def attack_page(
    request: Request, member: Reader, attack_id: AttackId, every: Annotated[bool, Query(alias="all")] = False
) -> Response:
    """One attack, as it stands; with `all`, every account that gave way and is looked at."""
    desk, now = desk_of(request), desk_of(request).clock()
    async with desk.database.read() as connection:
        file = await read(connection, attack_id, now)
    return await _shown(request, member, file, now, None if every else _ROWS)


async def _shown(
    request: Request, member: Member, file: AttackFile, now: float, most: int | None
) -> Response:
    t, tell, attack = words(member.locale), telling_of(member), file.attack
    writer = Writer(t, on_clock(member)["clock"], on_clock(member)["day"])
    may = member.role in SENIORS
    marks = {"recognised": t("attack.m_recognised"), "act_allowed": t("attack.m_act_allowed")}
    level = severity(attack)
    return await page(
        request,
        member,
        "attack",
        "attacks",
        attack=attack,
        title=title(attack, tell, now, file.lately),
        level=level,
        severity=t(f"queue_severity.{_LEVELS[level - 1]}"),
        lead=None if attack.lead is None else tell.who(attack.lead),
        leads=attack.lead == member.actor,
        chart=attack_charts.over_time(file, tell, marks),
        figures=[attack_charts.networks(file, tell), attack_charts.countries(file, tell)],
        rows=rows(file, tell, writer, now)[:most],
        hidden_rows=max(0, len(file.fallen) - (most or MOST)),
        unit=None if (currency := currency_of(file)) is None else unit(currency, member.locale),
        more=max(0, attack.gave_way - MOST),
        can_pay=file.can_pay,
        stake=stake(attack, writer),
        log=[
            (
                when(each.at, tell, now),
                log_words(each, tell),
                tell.who(None if each.by == BY_ITSELF else each.by),
            )
            for each in file.log
        ],
        cards=cards(file, tell, now, may=may, actor=member.actor),
        may=may,
        toast=_toast(file, member, now) if may else None,
    )


def _toast(file: AttackFile, member: Member, now: float) -> dict[str, Any] | None:
    """What was allowed and has not begun, with its way back."""
    leaving, t = next((each for each in file.acts if each.undoable_s(now)), None), words(member.locale)
    if leaving is None:
        return None
    said = t("attack.leaves_toast", act=t(f"attack_act.{leaving.act}"))
    undo = f"/desk/attack-acts/{leaving.act_id}/undo"
    return {"text": said, "undo": undo, "left_s": leaving.undoable_s(now)}


@router.post("/attacks/{attack_id:segment}/lead")
async def take_lead(request: Request, member: Senior, attack_id: AttackId) -> Response:
    """Lead what is done about it, or give that up."""
    await form(request)
    desk, now = desk_of(request), desk_of(request).clock()
    async with desk.database.begin() as connection:
        attack = await attack_of(connection, attack_id)
        if attack is None:
            raise unknown()
        lead = None if attack.lead == member.actor else member.actor
        await connection.execute(update(attacks).where(attacks.c.attack_id == attack_id).values(lead=lead))
        what = "no_lead" if lead is None else "lead"
        await note(connection, attack_id, now, what, member.actor)
        await audit_log.record(connection, _entry(attack_id, what, member, now))
    return go_to(request, f"/desk/attacks/{attack_id}")


@router.get("/attacks/{attack_id:segment}/note")
async def note_page(request: Request, member: Reader, attack_id: AttackId) -> Response:
    """Where a note is written."""
    async with desk_of(request).database.read() as connection:
        attack = await attack_of(connection, attack_id)
    if attack is None:
        raise unknown()
    return await page(request, member, "attack_note", "attacks", attack=attack, may=member.allows("support"))


@router.post("/attacks/{attack_id:segment}/note")
async def add_note(request: Request, member: Agent, attack_id: AttackId) -> Response:
    """Words for colleagues, in the attack's log."""
    fields, _ = await form(request)
    text = " ".join(fields.get("text", "").split())
    if not text or len(text) > _MOST_NOTE or "\0" in text:
        raise Problem(422, "invalid_form", f"a note has up to {_MOST_NOTE} characters")
    desk, now = desk_of(request), desk_of(request).clock()
    async with desk.database.begin() as connection:
        if await attack_of(connection, attack_id) is None:
            raise unknown()
        detail = json.encode({"text": text}).decode()
        await note(connection, attack_id, now, "note", member.actor, detail)
        await audit_log.record(connection, _entry(attack_id, "note", member, now))
    return go_to(request, f"/desk/attacks/{attack_id}")


def _entry(attack_id: str, what: str, member: Member, now: float) -> audit_log.Entry:
    said = f"attack {attack_id}"
    return audit_log.Entry(at=now, action=f"attack_{what}", result="done", actor=member.actor, reason=said)
