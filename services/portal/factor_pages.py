"""Pages of an authenticator: setting it up, its recovery codes, removing it. A secret is in one answer and no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import segno
from fastapi import APIRouter, Request
from starlette.responses import Response

from services.mfa.factor_records import Enrolment, FactorStatus, Refused
from services.mfa.lifecycle import CodeRefused, FactorInUse, FactorLifecycle
from services.mfa.proof import ProofTooOld
from services.portal.figures import in_fours, visible
from services.portal.pages import PREFIX, page
from services.portal.problem_pages import outcome, refusal
from services.portal.sessions import (
    PageRoute,
    Session,
    code_of,
    context_of,
    form_of,
    go_to,
    session_for,
)

router = APIRouter(prefix=PREFIX, route_class=PageRoute, include_in_schema=False)

#: Makes a page that says why the code of one of its forms was refused.
Show = Callable[[Request, Session, str, str], Awaitable[Response]]
#: The quiet zone that ISO/IEC 18004 asks for, in modules.
_QUIET_ZONE = 4


@router.get("/factor")
async def factor_page(request: Request) -> Response:
    """What will happen, before anything does."""
    return await _start(request, await session_for(request, "enrol"))


@router.post("/factor/start")
async def start(request: Request) -> Response:
    """Make a secret and show it, this once. Sending the form again makes another and voids this one."""
    session, fields = await form_of(request, "enrol")
    visit = session.visit
    code = None
    if fields.get("code", "").strip() and (code := await code_of(request, session, fields)) is None:
        return await _start(request, session, error="approve.wrong_form")
    try:
        made = await _lifecycle(request).enrol(
            visit.account_id, visit.proved_at or 0.0, context_of(request, visit), code
        )
    except ProofTooOld:
        return outcome(request, "stale", wanted=visit.locale)
    except FactorInUse:
        return await _start(request, session, error="factor.present_next")
    except CodeRefused as refused:
        return await _start(request, session, error=refusal("approve.wrong_", refused.hint))
    return _setup(request, session, made)


@router.post("/factor/confirm")
async def confirm(request: Request) -> Response:
    """Take the first code; the recovery codes are in this answer and no other."""
    session, fields = await form_of(request, "enrol")
    confirmed = None
    if (code := await code_of(request, session, fields)) is not None:
        context = context_of(request, session.visit)
        confirmed = await _lifecycle(request).confirm(session.visit.account_id, code, context)
    if confirmed is None or not confirmed.confirmed:
        error = refusal("setup.wrong_", None if confirmed is None else confirmed.hint)
        return page(request, "confirm", wanted=session.visit.locale, token=session.form_token, error=error)
    if not confirmed.recovery_codes:
        return outcome(request, "codeless", wanted=session.visit.locale)
    return _codes(request, session, confirmed.recovery_codes, f"{PREFIX}/factor/kept", renewed=False)


@router.post("/factor/kept")
async def kept(request: Request) -> Response:
    """The user kept the codes: nothing is left to do."""
    await form_of(request, "enrol", "factor")
    return go_to(request, "factor/done")


@router.get("/factor/done")
async def done(request: Request) -> Response:
    """That it works from now on."""
    session = await session_for(request, "enrol", "factor")
    return outcome(request, "done", wanted=session.visit.locale)


@router.get("/authenticator")
async def authenticator_page(request: Request) -> Response:
    """The state of the authenticator, and what can be done with it."""
    return await _authenticator(request, await session_for(request, "factor"))


@router.post("/authenticator/codes")
async def renew(request: Request) -> Response:
    """New recovery codes for a code."""
    session, fields = await form_of(request, "factor")
    return await renew_codes(request, session, fields, _authenticator, f"{PREFIX}/factor/kept")


@router.post("/authenticator/remove")
async def remove(request: Request) -> Response:
    """Remove the authenticator for a code."""
    session, fields = await form_of(request, "factor")
    return await remove_factor(request, session, fields, _authenticator)


async def renew_codes(
    request: Request, session: Session, fields: Mapping[str, str], show: Show, kept: str
) -> Response:
    """The page of new recovery codes, which leads to `kept`; or the page that `show` makes, with why the code was refused."""
    if (code := await code_of(request, session, fields)) is None:
        return await show(request, session, "approve.wrong_form", "codes")
    codes = await _lifecycle(request).regenerate(
        session.visit.account_id, code, context_of(request, session.visit)
    )
    if isinstance(codes, Refused):
        return await show(request, session, refusal("approve.wrong_", codes.hint), "codes")
    return _codes(request, session, codes, kept, renewed=True)


async def remove_factor(
    request: Request, session: Session, fields: Mapping[str, str], show: Show
) -> Response:
    """The page of the removal; or the page that `show` makes, with why the code was refused."""
    if (code := await code_of(request, session, fields)) is None:
        return await show(request, session, "approve.wrong_form", "remove")
    gone = await _lifecycle(request).remove(
        session.visit.account_id, code, context_of(request, session.visit)
    )
    if isinstance(gone, Refused):
        return await show(request, session, refusal("approve.wrong_", gone.hint), "remove")
    return outcome(request, "removed", wanted=session.visit.locale)


def _lifecycle(request: Request) -> FactorLifecycle:
    lifecycle: FactorLifecycle = request.app.state.lifecycle
    return lifecycle


async def _start(request: Request, session: Session, error: str = "") -> Response:
    known = await _lifecycle(request).status(session.visit.account_id)
    if known.state == "disabled":
        return outcome(request, "disabled", wanted=session.visit.locale)
    return page(
        request,
        "factor",
        wanted=session.visit.locale,
        token=session.form_token,
        has_factor=known.state == "active",
        error=_said(error, known),
    )


def _said(error: str, known: FactorStatus) -> str:
    """The sentence, or what it means while strangers are shut out."""
    return "approve.wrong_shut" if error == "approve.wrong_next" and known.shut else error


def _setup(request: Request, session: Session, made: Enrolment) -> Response:
    drawn = segno.make(made.uri, error="m", micro=False).svg_inline(omitsize=True, border=_QUIET_ZONE)
    return page(
        request,
        "setup",
        wanted=session.visit.locale,
        token=session.form_token,
        qr=drawn,
        uri=made.uri,
        account=visible(made.account_id),
        groups=in_fours(made.secret),
    )


def _codes(
    request: Request, session: Session, codes: tuple[str, ...], kept: str, *, renewed: bool
) -> Response:
    return page(
        request,
        "codes",
        wanted=session.visit.locale,
        token=session.form_token,
        codes=codes,
        kept=kept,
        renewed=renewed,
    )


async def authenticator_values(
    request: Request, session: Session, error: str = "", form: str = ""
) -> dict[str, Any]:
    """What the page of the authenticator shows; `error` is why the code of the `form` (codes, remove) was refused."""
    known = await _lifecycle(request).status(session.visit.account_id)
    return {"factor": known, "error": _said(error, known), "form": form}


async def _authenticator(request: Request, session: Session, error: str = "", form: str = "") -> Response:
    values = await authenticator_values(request, session, error, form)
    acts = f"{PREFIX}/authenticator"
    return page(
        request, "authenticator", wanted=session.visit.locale, token=session.form_token, acts=acts, **values
    )
