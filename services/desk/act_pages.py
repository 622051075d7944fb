"""An act's page says what will happen and asks once; `desk.js` brings it to the case as a dialog, and it works without."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from msgspec.structs import replace
from starlette.responses import Response

from services.cases.acts.asked import Asked, Malasked
from services.cases.acts.registry import ACTS, Act
from services.cases.acts.service import REFUSALS, refusal
from services.cases.acts.situation import Situation
from services.cases.case_rows import Conflict
from services.cases.references import case_number
from services.desk.act_forms import (
    EMPTY,
    Reached,
    asked_of,
    choices_of,
    composed,
    defaults,
    reached,
)
from services.desk.act_views import change_words, plain, will_lines
from services.desk.advice_answers import KIND as ADVICE
from services.desk.advice_answers import offer, picked_text
from services.desk.case_paths import CaseId
from services.desk.composer import Pick, check_of, picked, picks, shown_at
from services.desk.frame import form, go_to, on_clock, page, words
from services.desk.kind_choices import closing_refused
from services.desk.offered import off_words
from services.desk.ready_messages import closing_message
from services.desk.service import Desk, desk_of
from services.help.drafts import take_back
from services.http.problems import Problem
from services.staff.access import Agent, Reader
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)
_ACT_ID = re.compile(r"[0-9a-f]{32}")
#: Acts whose letter is put together here.
_WORDED = ("message", "factor_check")
_Text = Annotated[str, Query(max_length=128)]


@router.get("/cases/{case_id:segment}/acts/{act}")
async def act_page(
    request: Request,
    member: Reader,
    case_id: CaseId,
    act: str,
    v: Annotated[int | None, Query()] = None,
    choice: _Text = "",
    event: _Text = "",
    other: _Text = "",
    template: _Text = "",
    answer: _Text = "",
) -> Response:
    """What the act will do, and its form; why it cannot be done, where it cannot."""
    known, situation = await found_act(request, case_id, act, member)
    asked = Asked(choice=choice, event=event, other=other)
    version = situation.case.version if v is None else v
    return await show_act(request, member, known, situation, asked, version, template=template, answer=answer)


@router.post("/cases/{case_id:segment}/acts/{act}")
async def do_act(request: Request, member: Agent, case_id: CaseId, act: str) -> Response:
    """Ask for the act; what cannot be done shows its page again with what was typed."""
    fields, _ = await form(request)
    known, situation = await found_act(request, case_id, act, member)
    act_id, version = fields.get("act_id", ""), fields.get("version", "")
    if not _ACT_ID.fullmatch(act_id) or not version.isdigit():
        raise Problem(422, "invalid_act", "the form was not made by the act's page")
    shown: dict[str, Any] = {"draft": fields, "act_id": act_id, "template": fields.get("template", "")}
    try:
        asked = asked_of(fields, member)
        if known.name in _WORDED:
            asked = await _with_text(desk_of(request), situation, known, asked, fields, act_id, member)
    except Malasked as error:
        empty = Asked()
        return await show_act(
            request, member, known, situation, empty, int(version), 422, wrong=error.field, **shown
        )
    if known.name == "close":
        why = closing_refused(situation.case.kind, asked.choice, member, words(member.locale))
        if why is not None:
            return await show_act(
                request, member, known, situation, asked, int(version), 409, off=why, **shown
            )
    try:
        acts = desk_of(request).acts
        await acts.ask(case_id, known.name, asked, member, int(version), act_id)
        await _offer_draft(desk_of(request), situation, known, asked, fields, member)
    except Conflict:
        current = situation.case.version
        changed = await _changes(request, case_id, int(version), member)
        return await show_act(
            request, member, known, situation, asked, current, 409, changed=changed, **shown
        )
    except Malasked as error:
        return await show_act(
            request, member, known, situation, asked, int(version), 422, wrong=error.field, **shown
        )
    except REFUSALS as error:
        why = off_words(refusal(error), words(member.locale), on_clock(member)["clock"])
        return await show_act(request, member, known, situation, asked, int(version), 409, off=why, **shown)
    where = "/desk/approvals?said=decided" if fields.get("from") == "approvals" else case_page(case_id)
    return go_to(request, where)


@router.post("/acts/{act_id}/undo")
async def undo_act(request: Request, member: Agent, act_id: str) -> Response:
    """Take an act back."""
    await form(request)
    acts = desk_of(request).acts
    kept = await acts.act(act_id)
    if kept is None:
        raise Problem(404, "unknown_act", "there is no such act")
    undone = await acts.undo(act_id, member.actor)
    if undone and kept.kind == "close":
        async with desk_of(request).database.begin() as connection:
            await take_back(connection, kept.case_id)
    if not undone and kept.undone_at is None:
        return await page(
            request, member, "act_late", "queue", 409, case_id=kept.case_id, title=f"act_title.{kept.kind}"
        )
    return go_to(request, case_page(kept.case_id))


@router.post("/acts/{act_id}/seen")
async def act_seen(request: Request, member: Agent, act_id: str) -> Response:
    """An act that came back is seen to."""
    fields, _ = await form(request)
    acts = desk_of(request).acts
    kept = await acts.act(act_id)
    await acts.seen(act_id, member.actor)
    back = kept is None or fields.get("from") == "approvals"
    return go_to(request, "/desk/approvals" if back or kept is None else case_page(kept.case_id))


async def found_act(request: Request, case_id: str, name: str, member: Member) -> tuple[Act, Situation]:
    """The act of that name and how it stands with the case. Raises Problem 404."""
    act = ACTS.get(name)
    if act is None:
        raise Problem(404, "unknown_act", "there is no such act")
    situation = await desk_of(request).acts.situation(case_id, member.actor)
    if situation is None:
        raise Problem(404, "unknown_case", "there is no such case")
    return act, situation


async def show_act(
    request: Request,
    member: Member,
    act: Act,
    situation: Situation,
    asked: Asked,
    version: int,
    status: int = 200,
    *,
    draft: Mapping[str, str] | None = None,
    act_id: str | None = None,
    template: str = "",
    answer: str = "",
    wrong: str = "",
    off: str = "",
    changed: tuple[str, list[str]] | None = None,
) -> Response:
    """The act's page: what it will do, why it is off, what was `wrong` with the form, and the `draft` that was typed."""
    # long because it names all that the page shows
    desk, t = desk_of(request), words(member.locale)
    act_id = act_id or secrets.token_hex(16)
    found = act.off(situation, asked)
    why = off or (t("off.role") if not member.allows("support") else "")
    why = why or ("" if found is None else off_words(found, t, on_clock(member)["clock"]))
    message, pick, now = None, None, desk.clock()
    found_picks: list[Pick] = []
    if act.name in _WORDED:
        owner = await _owner(desk, situation)
        found_picks, pick = await _picks(desk, situation, owner, act, template, member, now)
        message = composed(situation, owner, pick.text, pick.locale, "", desk.service, act_id)
    fields = {**EMPTY, **defaults(act, situation, member), "choice": asked.choice, "event": asked.event}
    ready = None
    if act.name == "close" and not why and draft is None:
        answered = await picked_text(request, situation.case, answer)
        ready = await closing_message(desk, situation.case, asked.choice, member, answered)
        fields["text"] = "" if ready is None else ready.text
    # An ending that came with its key stays, since the message is its own.
    chosen = asked.choice if draft is None else draft.get("chosen", "")
    choices = choices_of(act, situation, member)
    return await page(
        request,
        member,
        "message" if act.name == "message" else "act",
        "queue",
        status,
        act=act,
        case_id=situation.case.case_id,
        number=case_number(situation.case.case_id),
        version=version,
        act_id=act_id,
        will=list(will_lines(situation, act.name, asked, member)),
        off=why,
        choices=choices,
        chosen=next((each for each in choices if act.name == "close" and each.name == chosen), None),
        ready=ready,
        drafts=act.name == "close" and situation.case.kind == ADVICE and not answer,
        fields={**fields, "other": asked.other, **(draft or {})},
        wrong=wrong,
        changed=changed,
        message=message,
        picked="" if pick is None else pick.name,
        picks=found_picks,
        at=repr(now),
        back=case_page(situation.case.case_id),
    )


async def _with_text(
    desk: Desk,
    situation: Situation,
    act: Act,
    asked: Asked,
    fields: Mapping[str, str],
    act_id: str,
    member: Member,
) -> Asked:
    owner, now = await _owner(desk, situation), desk.clock()
    at = shown_at(fields.get("at", ""), now)
    _, pick = await _picks(desk, situation, owner, act, fields.get("template", ""), member, at)
    own = fields.get("own", "")
    message = composed(situation, owner, pick.text, pick.locale, own, desk.service, act_id)
    return replace(asked, text=message.text)


async def _picks(
    desk: Desk, situation: Situation, owner: Reached, act: Act, name: str, member: Member, now: float
) -> tuple[list[Pick], Pick]:
    """What the act's letter may say, and what it says."""
    case = situation.case
    if act.name == "factor_check":
        return [], check_of(case, owner.locale, desk.service)
    found = await picks(desk, case, member, now, owner.locale)
    return found, picked(found, name, case.kind)


async def _offer_draft(
    desk: Desk, situation: Situation, act: Act, asked: Asked, fields: Mapping[str, str], member: Member
) -> None:
    """Offer the answer for the help, where whoever closed the case ticked that."""
    if act.name == "close" and fields.get("draft") == "yes":
        async with desk.database.begin() as connection:
            await offer(connection, situation.case, asked.text, member.actor, desk.clock())


async def _owner(desk: Desk, situation: Situation) -> Reached:
    async with desk.database.read() as connection:
        return await reached(connection, situation.case.account_id)


async def _changes(request: Request, case_id: str, version: int, member: Member) -> tuple[str, list[str]]:
    """Who changed the case last and when, as a sentence, and what has changed since that version."""
    t, clock = words(member.locale), on_clock(member)["clock"]
    entries = await desk_of(request).acts.changes(case_id, version)
    if not entries:
        return t("conflict.title"), []
    last = entries[-1]
    who = t("conflict.somebody") if last.actor is None else plain(last.actor)
    return t("conflict.by", who=who, at=clock(last.at)), [change_words(each, t) for each in entries]


def case_page(case_id: str) -> str:
    """The path of the case's page."""
    return f"/desk/cases/{quote(case_id, safe='')}"
