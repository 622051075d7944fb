"""An act on all accounts of an attack: what it will do, asked of a second person, and taken back."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from notifier.body import body
from notifier.facts import Reader as LetterReader
from notifier.told import Told
from notifier.words import LOCALES
from notifier.words import words as letter_words
from services.attacks import deeds
from services.attacks.acts import ACT_NAMES, HOURS, SCOPES, ActName, AttackAct, act_of, acts_of, wanted
from services.attacks.asking import AskedAlready, ask, undo
from services.cases.approvals import NothingLeft
from services.cases.hold_tables import account_holds
from services.cases.news import News
from services.desk.attack_pages import AttackId, telling_of, unknown
from services.desk.attack_reading import attack_of
from services.desk.attack_view import when
from services.desk.frame import form, go_to, page, words
from services.desk.service import desk_of
from services.http.problems import Problem
from services.mfa.tables import factors
from services.staff.access import SENIORS, Reader, Senior
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)
_ACT_ID = re.compile(r"[0-9a-f]{32}")
_MOST_WHY = 500
_LETTERS = {"require_factor": deeds.CHECK, "hold_money": deeds.HELD, "tell_owners": deeds.TOLD}
_ZONE = {"en": "UTC", "zh-CN": "Asia/Shanghai"}
#: What is said before each act, in its order; what ends with "_stays" says what does not change.
_WILL: dict[ActName, tuple[str, ...]] = {
    "require_factor": ("", "_where", "_without", "_stays"),
    "end_sessions": ("", "_stays"),
    "hold_money": ("", "_told", "_without", "_undo", "_stays"),
    "tell_owners": ("", "_stays"),
}


@router.get("/attacks/{attack_id:segment}/acts/{act}")
async def ask_page(
    request: Request,
    member: Reader,
    attack_id: AttackId,
    act: str,
    hours: Annotated[int, Query()] = HOURS[1],
) -> Response:
    """What the act will do, for how many accounts, and what owners read."""
    return await _page(request, member, attack_id, act, hours)


@router.post("/attacks/{attack_id:segment}/acts/{act}")
async def ask_for(request: Request, member: Senior, attack_id: AttackId, act: str) -> Response:
    """Ask a second person for it, for as many accounts as the page showed."""
    fields, _ = await form(request)
    desk, now = desk_of(request), desk_of(request).clock()
    act_id, hours, why = fields.get("act_id", ""), fields.get("hours", ""), _plain(fields.get("why", ""))
    if not _ACT_ID.fullmatch(act_id) or (act == "hold_money" and hours not in map(str, HOURS)):
        raise Problem(422, "invalid_form", "the form was not made by the act's page")
    for_s = int(hours) if act == "hold_money" else None
    if not why:
        return await _page(request, member, attack_id, act, for_s or HOURS[1], "no_why", 422)
    name = _named(act)
    asked = AttackAct(
        act_id=act_id,
        attack_id=attack_id,
        act=name,
        scope=SCOPES[name],
        hours=for_s,
        accounts=0,
        why=why,
        asked_by=member.actor,
        asked_at=now,
    )
    try:
        async with desk.database.begin() as connection:
            if await attack_of(connection, attack_id) is None:
                raise unknown()
            known = await act_of(connection, act_id)
            if known is None and str(await _count(connection, attack_id, name)) != fields.get("accounts"):
                raise _Changed
            await ask(connection, asked, now)
    except _Changed:
        return await _page(request, member, attack_id, act, for_s or HOURS[1], "changed", 409)
    except NothingLeft:
        return await _page(request, member, attack_id, act, for_s or HOURS[1], "nothing_left", 409)
    except AskedAlready:
        return await _page(request, member, attack_id, act, for_s or HOURS[1], "", 409)
    return go_to(request, f"/desk/attacks/{attack_id}")


@router.post("/attack-acts/{act_id}/undo")
async def undo_act(request: Request, member: Senior, act_id: str) -> Response:
    """Withdraw it, take it back before it begins, or let go early what it holds."""
    await form(request)
    desk = desk_of(request)
    async with desk.database.begin() as connection:
        found = await undo(connection, act_id, member.actor, desk.clock())
    if found is None:
        raise Problem(409, "too_late", words(member.locale)("attack.too_late"))
    return go_to(request, f"/desk/attacks/{found.attack_id}")


class _Changed(Exception):
    """The number of accounts is not that which was shown."""


async def _page(
    request: Request,
    member: Member,
    attack_id: str,
    act: str,
    hours: int,
    wrong: str = "",
    status: int = 200,
) -> Response:
    desk, now, name = desk_of(request), desk_of(request).clock(), _named(act)
    if hours not in HOURS:
        raise Problem(422, "invalid_form", "there is no such time")
    async with desk.database.read() as connection:
        attack = await attack_of(connection, attack_id)
        if attack is None:
            raise unknown()
        accounts = await _count(connection, attack_id, name)
        skip = await _left_out(connection, attack_id, name)
        standing = [each for each in await acts_of(connection, attack_id) if each.act == name]
    t, tell = words(member.locale), telling_of(member)
    under_way = next(
        (each for each in standing if each.waits(now) or each.state in ("leaving", "undoing")), None
    )
    already = ""
    if under_way is not None:
        at = when(under_way.asked_at, tell, now)
        already = t("attack.asked_already", who=tell.who(under_way.asked_by), at=at)
    return await page(
        request,
        member,
        "attack_act",
        "attacks",
        status,
        attack=attack,
        act=name,
        act_id=secrets.token_hex(16),
        accounts=accounts,
        will=_will(name, member, accounts, skip, hours),
        hours=hours if name == "hold_money" else None,
        all_hours=HOURS,
        already=already,
        wrong=t(f"attack.{wrong}") if wrong else "",
        letters=_letters(name, now, hours, desk.service),
        may=member.role in SENIORS,
    )


def _will(act: ActName, member: Member, accounts: int, skip: int, hours: int) -> list[tuple[str, bool]]:
    """What will happen, each with whether it says what stays."""
    t = words(member.locale)
    said = {"n": f"{accounts:,}", "skip": f"{skip:,}", "hours": hours}
    parts = [part for part in _WILL[act] if part != "_without" or skip]
    found = [(t(f"attack_will.{act}{part}", **said), part == "_stays") for part in parts]
    return [*found[:1], (t("attack_will.two"), False), *found[1:]]


def _letters(act: ActName, now: float, hours: int, service: str) -> list[tuple[str, str, str]]:
    """Language, subject and text of what owners read."""
    template = _LETTERS.get(act)
    if template is None:
        return []
    until = now + 3600.0 * hours if act == "hold_money" else None
    news = News(at=now, due_at=until, by="support")
    told = Told(template=template, recorded_at=now, decision=None, news=news)
    found = []
    for locale in LOCALES:
        shown = body(told, LetterReader(letter_words(locale), _ZONE[locale]))
        gaps: dict[str, Any] = {**shown.gaps, "service": service}
        said = [str(shown.said[part]).format_map(gaps) for part in ("subject", "lead", "yes")]
        found.append((locale, said[0], f"{said[1]}\n{said[2]}"))
    return found


async def _count(connection: AsyncConnection, attack_id: str, act: ActName) -> int:
    these = wanted(attack_id, act).order_by(None).subquery()
    return int((await connection.execute(select(func.count()).select_from(these))).scalar_one())


async def _left_out(connection: AsyncConnection, attack_id: str, act: ActName) -> int:
    """How many of those would be left out now: frozen already, or without an authenticator."""
    these = wanted(attack_id, act).order_by(None).subquery()
    query = select(func.count()).select_from(these)
    if act == "hold_money":
        of = account_holds.c
        query = query.where(exists().where(of.account_id == these.c.account_id, of.released_at.is_(None)))
    elif act == "require_factor":
        own = factors.c.account_id == these.c.account_id, factors.c.state.in_(("active", "disabled"))
        query = query.where(~exists().where(*own))
    else:
        return 0
    return int((await connection.execute(query)).scalar_one())


def _named(act: str) -> ActName:
    found = next((each for each in ACT_NAMES if each == act), None)
    if found is None:
        raise Problem(404, "unknown_act", "there is no such act")
    return found


def _plain(said: str) -> str:
    return " ".join(said.replace("\0", "").split())[:_MOST_WHY]
