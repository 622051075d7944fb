"""What one person asks for and another allows; what came back to whoever opens the page, and notes that name them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.attacks.asking import ACT
from services.cases.acts.rows import mention_seen, mentions_of
from services.cases.acts.service import refusal
from services.cases.approvals import NothingLeft, SamePerson
from services.cases.hold_service import NotAllowed
from services.cases.references import case_number
from services.cases.unfreezing import StepsMissing
from services.desk.act_views import ask_of, plain, shown
from services.desk.attack_cards import about_attack
from services.desk.attack_pages import telling_of
from services.desk.attack_reading import attacks_of_acts
from services.desk.frame import form, go_to, on_clock, page, words
from services.desk.offered import off_words
from services.desk.service import desk_of
from services.help.drafts import count_waiting
from services.staff.access import SENIORS, Agent, Reader

router = APIRouter(prefix="/desk", include_in_schema=False)
_SAID = {"decided": "approvals.said", "gone": "approvals.gone"}
_MOST = 20


@router.get("/approvals")
async def approvals_page(
    request: Request, member: Reader, said: Annotated[str, Query(max_length=16)] = ""
) -> Response:
    """Everything that waits for a second person, oldest first."""
    return await _page(request, member, said)


@router.post("/approvals/{approval_id}/{decision}")
async def decide(
    request: Request, member: Agent, approval_id: str, decision: Literal["approve", "refuse"]
) -> Response:
    """Allow it, or refuse it; whoever asked may take it back alone."""
    fields, _ = await form(request)
    try:
        verdict: Literal["approved", "refused"] = "approved" if decision == "approve" else "refused"
        done = await desk_of(request).holds.decide(approval_id, member, verdict)
    except (NotAllowed, NothingLeft, SamePerson, StepsMissing) as error:
        why = off_words(refusal(error), words(member.locale), on_clock(member)["clock"])
        return await _page(request, member, "", why, 409)
    if done is not None and fields.get("next"):
        return go_to(request, fields["next"])
    return go_to(request, f"/desk/approvals?said={'gone' if done is None else 'decided'}")


@router.post("/mentions/{act_id}/seen")
async def seen(request: Request, member: Agent, act_id: str) -> Response:
    """A note that names one is seen."""
    await form(request)
    desk = desk_of(request)
    async with desk.database.begin() as connection:
        await mention_seen(connection, act_id, member.name, desk.clock())
    return go_to(request, "/desk/approvals")


async def _page(request: Request, member: Reader, said: str, why: str = "", status: int = 200) -> Response:
    desk = desk_of(request)
    t, moment = words(member.locale), on_clock(member)["moment"]
    now = desk.clock()
    waiting = await desk.holds.approvals()
    own = (await desk.holds.approvals(member.actor))[:_MOST]
    back = await desk.acts.returned(member.actor)
    async with desk.database.read() as connection:
        named = await mentions_of(connection, member.name)
        drafts = await count_waiting(connection) if member.role in SENIORS else 0
        about = await attacks_of_acts(connection, [each.subject for each in waiting if each.act == ACT])
    asked = [
        about_attack(ask_of(each, member, None), about.get(each.subject), telling_of(member))
        for each in waiting
    ]
    return await page(
        request,
        member,
        "approvals",
        "approvals",
        status,
        asked=asked,
        own=[
            (ask_of(each, member, None), each.decision, plain(each.decided_by or ""))
            for each in own
            if each.decision is not None
        ],
        back=[(shown(each, t, now, member), case_number(each.case_id), each.case_id) for each in back],
        named=[
            (each.act_id, plain(each.by), moment(each.at), case_number(each.case_id), each.case_id)
            for each in named
        ],
        drafts=drafts,
        said=why or (t(_SAID[said]) if said in _SAID else ""),
    )
