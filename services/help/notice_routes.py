"""HTTP of security notices, for the security team (scope `admin`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self, cast

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.help.library import Library
from services.help.notices import Audience, SecurityNotice, SecurityNotices, Wanted
from services.http.api_keys import ApiKey, require
from services.http.identifiers import BodyIdentifier
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc

router = APIRouter(prefix="/v1/notices", tags=["help"], responses=RESPONSES)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such notice.")}
_MOST_ACCOUNTS = 10_000
_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]
Said = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*\S[^\x00]*$")]


class InBoth(BaseModel):
    """What is said, in both languages."""

    model_config = ConfigDict(extra="forbid")
    en: Said
    zh: Annotated[Said, Field(alias="zh-CN")]


class TitleInBoth(BaseModel):
    """A title, in both languages."""

    model_config = ConfigDict(extra="forbid")
    en: Title
    zh: Annotated[Title, Field(alias="zh-CN")]


class NoticeWanted(BaseModel):
    """A notice, all of it: plain text, shown in the security centre from `from` until `until`, to everybody or to `accounts`."""

    model_config = ConfigDict(extra="forbid")
    title: TitleInBoth
    text: InBoth
    from_: Annotated[AwareDatetime, Field(alias="from")]
    until: AwareDatetime
    audience: Audience = "all"
    accounts: Annotated[list[BodyIdentifier], Field(max_length=_MOST_ACCOUNTS)] = []

    def wanted(self) -> Wanted:
        """It, as the room has it."""
        return Wanted(
            title_en=self.title.en,
            title_zh=self.title.zh,
            text_en=self.text.en,
            text_zh=self.text.zh,
            starts_at=self.from_.timestamp(),
            until=self.until.timestamp(),
            audience=self.audience,
            accounts=tuple(self.accounts),
        )


class NoticeShown(BaseModel):
    """A notice that is kept; whom it is for is not told again."""

    model_config = ConfigDict(populate_by_name=True)
    notice_id: str
    title: TitleInBoth
    text: InBoth
    from_: Annotated[datetime, Field(alias="from")]
    until: datetime
    audience: Audience
    written_by: str
    written_at: datetime

    @classmethod
    def of(cls, notice: SecurityNotice) -> Self:
        """The notice as shown."""
        return cls(
            notice_id=notice.notice_id,
            title=TitleInBoth(en=notice.title_en, **{"zh-CN": notice.title_zh}),
            text=InBoth(en=notice.text_en, **{"zh-CN": notice.text_zh}),
            from_=utc(notice.starts_at),
            until=utc(notice.until),
            audience=notice.audience,
            written_by=notice.written_by,
            written_at=utc(notice.written_at),
        )


class NoticeList(BaseModel):
    """Notices, the latest to end first; those that are over stay for half a year."""

    notices: list[NoticeShown]


async def _notices(request: Request) -> SecurityNotices:
    return cast("Library", request.app.state.library).notices


Service = Annotated[SecurityNotices, Depends(_notices)]
Keeper = Annotated[ApiKey, Depends(require("admin"))]
NoticeId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


@router.get("")
async def list_security_notices(notices: Service, _key: Keeper) -> NoticeList:
    """Every notice."""
    return NoticeList(notices=[NoticeShown.of(each) for each in await notices.all()])


@router.post("", status_code=201)
async def write_security_notice(notices: Service, key: Keeper, body: NoticeWanted) -> NoticeShown:
    """Tell users something: it stands in the help and is over by itself. The audit says who wrote it."""
    return NoticeShown.of(await notices.write(body.wanted(), key.actor))


@router.put("/{notice_id}", responses=_UNKNOWN)
async def change_security_notice(
    notices: Service, key: Keeper, notice_id: NoticeId, body: NoticeWanted
) -> NoticeShown:
    """Write a notice anew, all of it, its accounts too."""
    changed = await notices.change(notice_id, body.wanted(), key.actor)
    if changed is None:
        raise _unknown()
    return NoticeShown.of(changed)


@router.delete("/{notice_id}", status_code=204, response_class=Response, responses=_UNKNOWN)
async def end_security_notice(notices: Service, key: Keeper, notice_id: NoticeId) -> None:
    """Show it to nobody any more."""
    if not await notices.end(notice_id, key.actor):
        raise _unknown()


def _unknown() -> Problem:
    return Problem(404, "unknown_notice", "there is no such notice, or it is over")
