"""HTTP of evidence packs: a case as PDF/A or JSON, the schema of the latter, and asking for a copy without masks."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.cases.approvals import Approval
from services.cases.hold_routes import Why
from services.cases.hold_views import ApprovalShown
from services.cases.routes import UNKNOWN, CaseId, Supporter
from services.desk.pack import schema
from services.desk.pack_pdf import GlyphMissing, PacksUnavailable
from services.desk.packs import Made, NotAllowed, Packs, Wanted
from services.http.problems import RESPONSES, Problem, problem_answer

router = APIRouter(prefix="/v1", tags=["packs"], responses=RESPONSES)
Locale = Annotated[Literal["en", "zh-CN"], Query(description="The pack's language.")]
TimeZone = Annotated[
    str,
    Query(max_length=64, pattern=r"^[\w+\-/]+$", description="The zone of its times, as in Asia/Shanghai."),
]
IsMasked = Annotated[
    bool, Query(description="`false`: a complete copy, once a second person has allowed it.")
]
_REFUSED: dict[int | str, dict[str, Any]] = {
    403: problem_answer("A complete copy that no second person has allowed in the last four hours."),
}
_NO_PDF: dict[int | str, dict[str, Any]] = {
    409: problem_answer("No font that is installed has a character of the case; the answer names the font."),
    501: problem_answer("This installation makes no PDFs."),
}


def _file(media_type: str, said: str) -> dict[int | str, dict[str, Any]]:
    schemas = {"application/pdf": {"type": "string", "format": "binary"}}
    content = {media_type: {"schema": schemas.get(media_type, {"type": "object"})}}
    return {200: {"description": said, "content": content}}


@router.get(
    "/cases/{case_id:segment}/pack.json",
    responses=UNKNOWN | _REFUSED | _file("application/json", "The pack, see docs/evidence-pack.schema.json."),
    response_class=Response,
)
async def get_pack_json(
    request: Request,
    key: Supporter,
    case_id: CaseId,
    locale: Locale = "en",
    time_zone: TimeZone = "UTC",
    masked: IsMasked = True,
) -> Response:
    """All that is known of a case, each line with its source, for machines. Its SHA-256 stands in the audit."""
    wanted = Wanted(case_id=case_id, by=key.actor, locale=locale, time_zone=time_zone, masked=masked)
    return answer(await made(packs_of(request), wanted, pdf=False))


@router.get(
    "/cases/{case_id:segment}/pack.pdf",
    responses=UNKNOWN
    | _REFUSED
    | _NO_PDF
    | _file("application/pdf", "The pack as PDF/A-3b, pack.json attached."),
    response_class=Response,
)
async def get_pack_pdf(
    request: Request,
    key: Supporter,
    case_id: CaseId,
    locale: Locale = "en",
    time_zone: TimeZone = "UTC",
    masked: IsMasked = True,
) -> Response:
    """The same on paper, for owners, banks and regulators. The SHA-256 of both stand in the audit."""
    wanted = Wanted(case_id=case_id, by=key.actor, locale=locale, time_zone=time_zone, masked=masked)
    return answer(await made(packs_of(request), wanted, pdf=True))


@router.post(
    "/cases/{case_id:segment}/pack/unmasked", status_code=202, responses=UNKNOWN, response_model=ApprovalShown
)
async def ask_unmasked(request: Request, key: Supporter, case_id: CaseId, body: Why) -> ApprovalShown:
    """Ask that a second person allow complete copies of this case's pack; for four hours after that, whoever asked makes them.

    It waits under `approvals`, and lapses after a day.
    """
    asked: Approval | None = await packs_of(request).ask_unmasked(case_id, key.actor, body.why)
    if asked is None:
        raise _unknown()
    return ApprovalShown.of(asked)


@router.get("/evidence-pack.schema.json", response_class=Response, include_in_schema=False)
async def get_schema(_key: Supporter) -> Response:
    """The JSON schema of packs, for whoever reads one."""
    return Response(schema(), media_type="application/schema+json")


def packs_of(request: Request) -> Packs:
    """The application's maker of packs."""
    return cast("Packs", request.app.state.packs)


async def made(packs: Packs, wanted: Wanted, *, pdf: bool) -> Made:
    """The pack. Raises Problem where there is no such case, it is not allowed, or cannot be printed here."""
    try:
        found = await packs.make(wanted, pdf=pdf)
    except NotAllowed as error:
        raise Problem(403, "second_person_needed", str(error)) from None
    except PacksUnavailable as error:
        raise Problem(501, "packs_not_installed", str(error)) from None
    except GlyphMissing as error:
        raise Problem(409, "font_missing", str(error)) from None
    if found is None:
        raise _unknown()
    return found


def answer(found: Made) -> Response:
    """The pack as a file to save; nobody keeps a copy on the way."""
    pdf = found.pdf is not None
    ending, body = ("pdf", found.pdf) if pdf else ("json", found.body)
    headers = {
        "Content-Disposition": f'attachment; filename="{found.name}.{ending}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(body, media_type=f"application/{ending}", headers=headers)


def _unknown() -> Problem:
    return Problem(404, "unknown_case", "there is no such case")
