"""HTTP of resets: administrators take a factor away from an owner who cannot give a code. Scope `admin`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId, plain
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc_if
from services.mfa.factor_records import Reset, ResetState
from services.mfa.factor_routes import Resets
from services.mfa.http import no_store
from services.mfa.resets import NoFactor, NoReset, NotWaiting, ResetOpen, SameAdministrator

router = APIRouter(
    prefix="/v1", tags=["second factor"], dependencies=[Depends(no_store)], responses=RESPONSES
)
Administrator = Annotated[ApiKey, Depends(require("admin"))]


async def _reset_path(reset_id: Annotated[str, Path(min_length=1, max_length=32)]) -> str:
    return plain(reset_id)


ResetId = Annotated[str, Depends(_reset_path)]


class ResetWanted(BaseModel):
    """Why the factor must go; for the audit, so no secrets."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class ResetShown(BaseModel):
    """A reset. States: requested, approved (carried out once `due_at` has come), done, cancelled, lapsed.

    `requested_by`, `approved_by` and `ended_by` are ids of API keys or of members of staff; `ended_by` may be `owner` or
    `payguard`.
    """

    reset_id: str
    account_id: str
    state: ResetState
    reason: str
    requested_by: str
    requested_at: datetime
    due_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None


class ResetList(BaseModel):
    """Resets, last requested first."""

    resets: list[ResetShown]


@router.post(
    "/accounts/{account_id:segment}/totp/reset",
    status_code=201,
    responses={
        404: problem_answer("The account has no factor."),
        409: problem_answer("The account has an open reset already."),
    },
)
async def request_reset(
    account_id: AccountId, body: ResetWanted, admin: Administrator, resets: Resets
) -> ResetShown:
    """Ask that the account's factor be taken away. A notice to the owner is due at once; another administrator must approve,
    here or under `/v1/approvals`, unless the policy's `[second_person]` leaves it to one.
    """
    try:
        return _shown(await resets.request(account_id, admin, body.reason))
    except NoFactor:
        raise Problem(404, "no_factor", "the account has no factor to take away") from None
    except ResetOpen:
        raise Problem(409, "reset_open", "the account has an open reset already") from None


@router.get("/accounts/{account_id:segment}/totp/reset")
async def list_resets_of(
    account_id: AccountId,
    _admin: Administrator,
    resets: Resets,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ResetList:
    """The account's resets, last requested first."""
    return ResetList(resets=[_shown(each) for each in await resets.newest(account_id, False, limit)])


@router.get("/totp/resets")
async def list_open_resets(
    _admin: Administrator, resets: Resets, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> ResetList:
    """The open resets of all accounts, last requested first."""
    return ResetList(resets=[_shown(each) for each in await resets.newest(None, True, limit)])


@router.post(
    "/totp/resets/{reset_id:segment}/approve",
    responses={
        403: problem_answer("The key lacks the scope, or is the one that asked."),
        404: problem_answer("There is no such reset."),
        409: problem_answer("It was approved before, or is over."),
    },
)
async def approve_reset(reset_id: ResetId, admin: Administrator, resets: Resets) -> ResetShown:
    """Approve another administrator's request. It is carried out when it is due."""
    try:
        return _shown(await resets.approve(reset_id, admin))
    except NoReset:
        raise _unknown() from None
    except SameAdministrator:
        detail = "another administrator must approve than the one who asked"
        raise Problem(403, "same_administrator", detail) from None
    except NotWaiting:
        raise Problem(409, "not_waiting", "the reset was approved before, or is over") from None


@router.post(
    "/totp/resets/{reset_id:segment}/cancel",
    responses={404: problem_answer("There is no such reset."), 409: problem_answer("It is over.")},
)
async def cancel_as_administrator(reset_id: ResetId, admin: Administrator, resets: Resets) -> ResetShown:
    """Cancel an open reset. A notice to the owner is due."""
    try:
        return _shown(await resets.cancel(reset_id, admin.key_id))
    except NoReset:
        raise _unknown() from None
    except NotWaiting:
        raise Problem(409, "not_waiting", "the reset is over") from None


def _unknown() -> Problem:
    return Problem(404, "unknown_reset", "there is no such reset")


def _shown(reset: Reset) -> ResetShown:
    shown = {name: getattr(reset, name) for name in ResetShown.model_fields}
    times = {name: utc_if(at) for name, at in shown.items() if name.endswith("_at")}
    return ResetShown(**shown | times)
