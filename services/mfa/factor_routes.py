"""HTTP of a factor's life, for the wallet's backend (scope `verify`). Every answer is no-store.

A refused code looks the same whatever its cause: wrong, used, locked, or no factor at all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from services.http.api_keys import require
from services.http.identifiers import AccountId
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc, utc_if
from services.mfa import qr
from services.mfa.body import read_body
from services.mfa.enrol_body import ENROL_BODY, Application, application_in, malformed
from services.mfa.factor_records import FactorState, Refused
from services.mfa.hints import hinted
from services.mfa.http import CODE_BODY, Code, count_malformed, no_store
from services.mfa.lifecycle import CodeRefused, FactorInUse, FactorLifecycle
from services.mfa.proof import PROOF_S, ProofTooOld
from services.mfa.proved import ApiWarning
from services.mfa.records import Hint
from services.mfa.resets import FactorResets, NoReset


async def _lifecycle(request: Request) -> FactorLifecycle:
    lifecycle: FactorLifecycle = request.app.state.lifecycle
    return lifecycle


async def _resets(request: Request) -> FactorResets:
    return (await _lifecycle(request)).resets


async def _application(request: Request) -> Application:
    offered = application_in(await read_body(request.stream()))
    if offered.proved_at is None:
        await count_malformed(request, offered.context)
        raise malformed()
    return offered


Enrolling = Annotated[Application, Depends(_application)]
Lifecycle = Annotated[FactorLifecycle, Depends(_lifecycle)]
Resets = Annotated[FactorResets, Depends(_resets)]


router = APIRouter(
    prefix="/v1/accounts/{account_id:segment}/totp",
    tags=["second factor"],
    dependencies=[Depends(require("verify")), Depends(no_store)],
    responses=RESPONSES,
)


class NewFactor(BaseModel):
    """A pending factor. Secret and URI are shown this once; `qr_url` answers the URI as a QR code (SVG), once."""

    account_id: str
    secret: str
    otpauth_uri: str
    qr_url: str
    expires_at: datetime
    warnings: list[ApiWarning] = []


class Hinted(BaseModel):
    """`hint` and `detail` stand in a refusal whose code is right for another time: the phone's clock is wrong."""

    hint: Hint | None = None
    detail: str | None = None


class Confirmation(Hinted):
    """Whether the first code activated the factor, and then its recovery codes, shown this once.

    They may be missing when a part of PayGuard was away right then: ask for new ones.
    """

    result: Literal["confirmed", "refused"]
    recovery_codes: list[str]


class FactorShown(BaseModel):
    """Whether the account has a second factor, and what stands in its way.

    `locked_until` while wrong codes keep it locked, `pending_until` while an enrolment waits for its first code, which may be
    beside an active factor, `reset_due_at` while administrators are about to take the factor away. `known_devices_only` is
    there while strangers' wrong codes leave it to devices that passed before, and to recovery codes.
    """

    account_id: str
    state: FactorState
    confirmed_at: datetime | None
    locked_until: datetime | None
    pending_until: datetime | None
    recovery_codes_left: int
    reset_due_at: datetime | None
    known_devices_only: bool = False


class Removal(Hinted):
    """Whether the factor is gone."""

    result: Literal["removed", "refused"]


class RecoveryCodes(Hinted):
    """New recovery codes, shown this once; none when the code was refused."""

    result: Literal["made", "refused"]
    recovery_codes: list[str]


class Cancellation(Hinted):
    """Whether the reset is cancelled."""

    result: Literal["cancelled", "refused"]


@router.post(
    "",
    status_code=201,
    openapi_extra=ENROL_BODY,
    responses={
        403: problem_answer(
            "The key lacks the scope, the password proof is too old, or the factor's code was refused."
        ),
        409: problem_answer("The account has a factor: send its present code, or a recovery code."),
    },
)
async def enrol(account_id: AccountId, offered: Enrolling, lifecycle: Lifecycle) -> NewFactor:
    """Start an enrolment. An earlier one that was not confirmed is void; a factor in use stays until the confirmation."""
    try:
        made = await lifecycle.enrol(account_id, offered.proved_at or 0.0, offered.context, offered.code)
    except ProofTooOld:
        detail = f"the password must have been proved within the last {PROOF_S:.0f} s"
        raise Problem(403, "proof_too_old", detail) from None
    except FactorInUse:
        detail = "the account has a second factor: send its present code, or a recovery code"
        raise Problem(409, "factor_in_use", detail) from None
    except CodeRefused as refused:
        more = hinted(refused.hint)
        detail = more.pop("detail", "the code was not accepted")
        raise Problem(403, "code_refused", detail, **more) from None
    return NewFactor(
        account_id=made.account_id,
        secret=made.secret,
        otpauth_uri=made.uri,
        qr_url=f"/v1/accounts/{quote(account_id, safe='')}/totp/qr/{made.ticket}",
        expires_at=utc(made.expires_at),
        warnings=offered.warnings,
    )


@router.get(
    "/qr/{ticket:segment}",
    response_class=Response,
    responses={
        200: {"description": "The QR code.", "content": {qr.MEDIA_TYPE: {"schema": {"type": "string"}}}},
        404: problem_answer("The ticket was used, is unknown, or its enrolment is over."),
    },
)
async def show_qr(
    account_id: AccountId, ticket: Annotated[str, Path(min_length=1, max_length=64)], lifecycle: Lifecycle
) -> Response:
    """The QR code of an enrolment, once."""
    drawn = await lifecycle.qr(account_id, ticket)
    if drawn is None:
        raise Problem(404, "unknown_ticket", "this ticket shows nothing (any more)")
    return Response(drawn, media_type=qr.MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@router.post("/confirm", openapi_extra=CODE_BODY, response_model_exclude_none=True)
async def confirm(account_id: AccountId, code: Code, lifecycle: Lifecycle) -> Confirmation:
    """Activate the pending factor with the first code of the user's authenticator; the one it replaces is gone then."""
    made = await lifecycle.confirm(account_id, code.code, code.context)
    return Confirmation(
        result="confirmed" if made.confirmed else "refused",
        recovery_codes=list(made.recovery_codes),
        **hinted(made.hint),
    )


@router.get("", response_model_exclude_unset=True)
async def status(account_id: AccountId, lifecycle: Lifecycle) -> FactorShown:
    """The state of the account's factor; never its secret."""
    known = await lifecycle.status(account_id)
    return FactorShown(
        account_id=known.account_id,
        state=known.state,
        confirmed_at=utc_if(known.confirmed_at),
        locked_until=utc_if(known.locked_until),
        pending_until=utc_if(known.pending_until),
        recovery_codes_left=known.recovery_codes_left,
        reset_due_at=utc_if(known.reset_due_at),
        **({"known_devices_only": True} if known.shut else {}),
    )


@router.delete("", openapi_extra=CODE_BODY, response_model_exclude_none=True)
async def remove(account_id: AccountId, code: Code, lifecycle: Lifecycle) -> Removal:
    """Remove the factor and its recovery codes with one of its codes."""
    gone = await lifecycle.remove(account_id, code.code, code.context)
    return Removal(result="removed" if gone else "refused", **_told(gone))


@router.post("/recovery-codes", openapi_extra=CODE_BODY, response_model_exclude_none=True)
async def regenerate(account_id: AccountId, code: Code, lifecycle: Lifecycle) -> RecoveryCodes:
    """Make new recovery codes in place of the old ones."""
    made = await lifecycle.regenerate(account_id, code.code, code.context)
    if isinstance(made, Refused):
        return RecoveryCodes(result="refused", recovery_codes=[], **hinted(made.hint))
    return RecoveryCodes(result="made", recovery_codes=list(made))


@router.post(
    "/reset/cancel",
    openapi_extra=CODE_BODY,
    response_model_exclude_none=True,
    responses={404: problem_answer("The account has no open reset.")},
)
async def cancel_reset(account_id: AccountId, code: Code, resets: Resets) -> Cancellation:
    """Cancel the account's open reset, as its owner, with a code of the factor."""
    try:
        cancelled = await resets.cancel_own(account_id, code.code, code.context)
    except NoReset:
        raise Problem(404, "no_reset", "the account has no open reset") from None
    return Cancellation(result="cancelled" if cancelled else "refused", **_told(cancelled))


def _told(done: Refused | Literal[True]) -> dict[str, Any]:
    """The fields of `Hinted`."""
    return hinted(done.hint) if isinstance(done, Refused) else {}
