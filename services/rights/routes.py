"""HTTP of an owner's rights: all that is kept of an account, and its erasure. Scope `admin`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self, cast

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.cases.approvals import Approval, StillStanding
from services.cases.hold_routes import Why
from services.cases.hold_views import ApprovalShown
from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc, utc_if
from services.rights.erasure import AccountRights, Erased

router = APIRouter(prefix="/v1/accounts", tags=["rights"], responses=RESPONSES)
_STANDING: dict[int | str, dict[str, Any]] = {
    409: problem_answer("Something about the account must end before it can be erased.")
}
_NEVER: dict[int | str, dict[str, Any]] = {404: problem_answer("The account was never erased.")}


class KeptShown(BaseModel):
    """What an erasure leaves: where, why, how many rows if they can be counted, and until when (null: always)."""

    where: str
    why: str
    rows: int | None
    until: datetime | None


class ErasedShown(BaseModel):
    """An erasure: how many rows of each table went (nothing when it is looked up later), and what is left."""

    account_id: str
    erased_at: datetime
    erased_by: str
    rows: dict[str, int]
    kept: list[KeptShown]

    @classmethod
    def of(cls, erased: Erased) -> Self:
        """The erasure as shown."""
        return cls(
            account_id=erased.account_id,
            erased_at=utc(erased.at),
            erased_by=erased.by,
            rows=erased.rows,
            kept=[
                KeptShown(where=each.where, why=each.why, rows=each.rows, until=utc_if(each.until))
                for each in erased.kept
            ],
        )


async def _rights(request: Request) -> AccountRights:
    return cast("AccountRights", request.app.state.rights)


Service = Annotated[AccountRights, Depends(_rights)]
Administrator = Annotated[ApiKey, Depends(require("admin"))]


@router.get("/{account_id:segment}/export", response_model=dict[str, Any])
async def export_account(service: Service, key: Administrator, account_id: AccountId) -> Response:
    """All that is kept about an account, for its owner: decisions, alerts, cases, holds, contacts, notices, activity, factors
    without their secrets, links, actions and what is remembered. The audit says who asked."""
    told = msgspec.json.encode(await service.export(account_id, key.actor))
    return Response(told, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.post(
    "/{account_id:segment}/erase",
    responses=_STANDING | {202: {"model": ApprovalShown, "description": "It waits for a second person."}},
)
async def erase_account(
    service: Service, key: Administrator, account_id: AccountId, body: Why, response: Response
) -> ErasedShown | ApprovalShown:
    """Erase an account: what is kept about it goes at once, what workers remember as soon as they hear of it.

    Where the policy asks for a second person, 202: it waits under `approvals` until another key allows it. `kept` lists
    what stays and until when.
    """
    try:
        done = await service.erase(account_id, key.actor, body.why)
    except StillStanding as error:
        raise Problem(409, "still_standing", str(error)) from None
    if isinstance(done, Approval):
        response.status_code = 202
        return ApprovalShown.of(done)
    return ErasedShown.of(done)


@router.get("/{account_id:segment}/erasure", responses=_NEVER)
async def show_erasure(service: Service, _key: Administrator, account_id: AccountId) -> ErasedShown:
    """The account's last erasure, and what is still left of it."""
    erased = await service.last(account_id)
    if erased is None:
        raise Problem(404, "not_erased", "the account was never erased")
    return ErasedShown.of(erased)
