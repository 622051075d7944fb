"""`POST /v1/links`: the wallet's backend asks for a link and hands it to the user it has in front of it."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Request
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from contracts.report_kinds import ReportKind
from services.http.api_keys import require
from services.http.identifiers import BodyIdentifier
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc
from services.mfa.http import no_store
from services.mfa.proved import PROVED_AT, ApiWarning, proved_seconds, warnings_about
from services.mfa.service import ChallengesService
from services.portal.pages import PREFIX
from services.portal.portal import portal_of
from services.portal.targets import TargetPage, path_to
from services.portal.visits import Purpose, Visit

router = APIRouter(
    prefix="/v1",
    tags=["pages"],
    dependencies=[Depends(require("verify")), Depends(no_store)],
    responses=RESPONSES,
)

_NO_NUL = r"^[^\x00]+$"
#: Its forms are told apart by `proved_seconds`; a number in a text is none of them.
ProvedAt = StrictInt | StrictFloat | StrictStr
#: Purposes that open the centre at a page of their own.
_PAGES: dict[Purpose, TargetPage] = {"report": "report", "case": "cases"}
DeviceId = Annotated[str, Field(min_length=1, max_length=128, pattern=_NO_NUL)]


class LinkWanted(BaseModel):
    """Whom the link is for and what its pages do.

    `enrol` sets up an authenticator; say in `proved_at` (epoch milliseconds or RFC 3339) when the user last gave their
    password.
    `challenge` approves or refuses `challenge_id`, which must be the account's. `factor` shows the authenticator.
    `centre` opens the owner's security centre, `report` its form to report a problem, `case` the owner's cases.
    `page` is the page of the centre that the link leads to, by default the overview. The page `report`, and the purpose, may say
    the `kind` of problem, and the event that it is about (`about_event_id`); the page `answer` asks about that event.
    `ip` and `device_id` are the user's, as the wallet sees them; `device_name` is what the page calls the device that
    asked. `locale` is the page's first language; the user can change it.
    """

    model_config = ConfigDict(extra="forbid")

    account_id: BodyIdentifier
    purpose: Purpose
    challenge_id: BodyIdentifier | None = None
    proved_at: Annotated[ProvedAt, WithJsonSchema(PROVED_AT)] | None = None
    device_id: DeviceId | None = None
    device_name: Annotated[str, Field(min_length=1, max_length=64, pattern=_NO_NUL)] | None = None
    ip: Annotated[str, Field(max_length=64, json_schema_extra={"format": "ip"})] | None = None
    locale: Literal["en", "zh-CN"] | None = None
    page: TargetPage | None = None
    kind: ReportKind | None = None
    about_event_id: BodyIdentifier | None = None

    @field_validator("ip")
    @classmethod
    def _address(cls, ip: str | None) -> str | None:
        return None if ip is None else str(ip_address(ip))

    @field_validator("proved_at")
    @classmethod
    def _when(cls, proved_at: ProvedAt | None) -> ProvedAt | None:
        if proved_at is not None:
            proved_seconds(proved_at)
        return proved_at

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.purpose == "challenge") != (self.challenge_id is not None):
            raise ValueError("challenge_id belongs to the purpose challenge, which needs it")
        if self.purpose == "enrol" and self.proved_at is None:
            raise ValueError("the purpose enrol needs proved_at")
        if self.page is not None and self.purpose != "centre":
            raise ValueError("page belongs to the purpose centre")
        self.leads_to()
        return self

    def leads_to(self) -> str | None:
        """The path of the page that the link leads to; None for the first of its purpose. Raises NoTarget."""
        page = _PAGES.get(self.purpose, self.page)
        if page is None and self.kind is None and self.about_event_id is None:
            return None
        return path_to(page or "", self.kind, self.about_event_id)


class Link(BaseModel):
    """A link that opens once, before `expires_at`. Hand it to the user at once; keep it out of logs."""

    url: str
    expires_at: datetime
    warnings: list[ApiWarning] = []


@router.post("/links", status_code=201, responses={404: problem_answer("The account has no such challenge.")})
async def make_link(request: Request, wanted: LinkWanted) -> Link:
    """Make a link to a page for one user."""
    if wanted.challenge_id is not None:
        service: ChallengesService = request.app.state.challenges
        challenge = await service.challenge(wanted.challenge_id)
        if challenge is None or challenge.account_id != wanted.account_id:
            raise Problem(404, "unknown_challenge", "the account has no such challenge")
    portal = portal_of(request)
    at = None if wanted.proved_at is None else proved_seconds(wanted.proved_at)
    link, expires_at = await portal.visits.link(_visit(wanted, at))
    url = f"{portal.url}{PREFIX}/open/{link}"
    return Link(url=url, expires_at=utc(expires_at), warnings=warnings_about(wanted.proved_at))


def _visit(wanted: LinkWanted, proved_at: float | None) -> Visit:
    return Visit(
        account_id=wanted.account_id,
        purpose=wanted.purpose,
        challenge_id=wanted.challenge_id,
        proved_at=proved_at,
        device_id=wanted.device_id,
        device_name=wanted.device_name,
        ip=wanted.ip,
        locale=wanted.locale,
        page=wanted.leads_to(),
    )
