"""HTTP of messages to owners: how they are reached besides mail, the inbox of the wallet's app, and what providers say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import json
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.errors import Malformed
from services.cases.case_service import CaseService
from services.cases.contact_kinds import MOST, Kind, checked
from services.cases.contact_points import Contact
from services.cases.inbox import InInbox
from services.cases.views import Locale, known_zone
from services.http.api_keys import require
from services.http.identifiers import AccountId
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc, utc_if

router = APIRouter(prefix="/v1", tags=["messages"], responses=RESPONSES)
_NO_SUCH: dict[int | str, dict[str, Any]] = {
    404: problem_answer("There is no such contact, or no such message of ours.")
}
_CONTACTS = Depends(require("contacts"))
_READER = Depends(require("verify"))


async def _cases(request: Request) -> CaseService:
    return cast("CaseService", request.app.state.cases)


Cases = Annotated[CaseService, Depends(_cases)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PointGiven(_Given):
    """How an owner is reached: `address` is a phone number (E.164) for `sms`, a token of the app or a name in the chat for `push`
    and `chat`. For `web_push` it is `subscription`, as the browser gives it. It never names a host of its own.
    """

    address: Annotated[str | None, Field(min_length=1, max_length=MOST)] = None
    subscription: dict[str, Any] | None = None
    locale: Locale = "zh-CN"
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(known_zone)] = "Asia/Shanghai"


class InboxMessage(BaseModel):
    """One message to an account's owner, as the wallet's app shows it. `link` is where it may be answered.

    `title` and `body` fit a list, `text` is the whole. `class` says how urgent it was.
    """

    message_id: str
    event_id: str
    reference: str
    message_class: Annotated[str, Field(serialization_alias="class")]
    template: str
    language: str
    title: str
    body: str
    text: str
    link: str | None
    at: datetime
    read_at: datetime | None


class InboxPage(BaseModel):
    """Messages, oldest first. `next` is the `since` of what comes after them, whether there is more or not."""

    messages: list[InboxMessage]
    next: str


class BounceGiven(_Given):
    """A message that came back for good: its id, its Message-ID, or the provider's id; and why, in a few words."""

    message: Annotated[str, Field(min_length=1, max_length=400)]
    reason: Annotated[str, Field(max_length=200)] = "bounced"


class ReachedGiven(_Given):
    """A message that its reader has, or has read."""

    message: Annotated[str, Field(min_length=1, max_length=400)]


@router.put(
    "/accounts/{account_id:segment}/contact-points/{kind}",
    status_code=204,
    response_class=Response,
    dependencies=[_CONTACTS],
)
async def set_contact_point(cases: Cases, account_id: AccountId, kind: Kind, body: PointGiven) -> None:
    """Another way to the owner. It takes the place of the one of the same kind; for `sms` and `chat` the owner is told before.
    Of `web_push` an account has up to eight, a browser each; one whose push service says that it has gone is forgotten.
    """
    given = body.address
    if kind == "web_push":
        given = None if body.subscription is None else json.encode(_needed(body.subscription)).decode()
    if given is None:
        what = "subscription" if kind == "web_push" else "address"
        raise Malformed("address", f"a contact point of the kind {kind} needs {what}")
    await cases.set_contact(account_id, Contact(checked(kind, given), body.locale, body.time_zone, kind))


@router.delete(
    "/accounts/{account_id:segment}/contact-points/{kind}",
    status_code=204,
    response_class=Response,
    dependencies=[_CONTACTS],
    responses=_NO_SUCH,
)
async def end_contact_point(cases: Cases, account_id: AccountId, kind: Kind) -> None:
    """Stop using a way to the owner, who is told of it by the others, and by itself for seven days. Of `web_push` all browsers
    are forgotten at once; one alone ends by its `unsubscribe()`.
    """
    if not await cases.end_contact(account_id, kind):
        raise Problem(404, "no_such_contact", "the account has no contact point of that kind")


@router.get("/accounts/{account_id:segment}/messages", dependencies=[_READER])
async def list_inbox(
    cases: Cases,
    account_id: AccountId,
    since: Annotated[str, Query(pattern=r"^[0-9]{1,18}$", description="`next` of the page before.")] = "0",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> InboxPage:
    """What the owner was told, for the wallet's app: ask again with `next` to get what came after."""
    found = await cases.inbox(account_id, int(since), limit)
    return InboxPage(
        messages=[_shown(each) for each in found],
        next=str(found[-1].sequence) if found else since,
    )


@router.post(
    "/messages/bounce", status_code=204, response_class=Response, dependencies=[_CONTACTS], responses=_NO_SUCH
)
async def report_bounce(cases: Cases, body: BounceGiven) -> None:
    """A message came back: it counts as failed, its owner as unreachable by that address until it is set again."""
    if not await cases.bounced(body.message, body.reason):
        raise Problem(404, "not_ours", "no message of ours has that id")


@router.post(
    "/messages/reached", status_code=204, response_class=Response, dependencies=[_READER], responses=_NO_SUCH
)
async def report_reached(cases: Cases, body: ReachedGiven) -> None:
    """The app has shown a message, or a provider says that it arrived: no text message need follow it."""
    if not await cases.reached(body.message):
        raise Problem(404, "not_ours", "no message of ours has that id")


def _needed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Of what browsers give, what a push needs."""
    keys = given.get("keys")
    kept = {name: keys.get(name) for name in ("p256dh", "auth")} if isinstance(keys, dict) else None
    return {"endpoint": given.get("endpoint"), "keys": kept}


def _shown(each: InInbox) -> InboxMessage:
    shown = each.shown
    return InboxMessage(
        message_id=each.message_id,
        event_id=each.event_id,
        reference=shown.reference,
        message_class=each.message_class,
        template=shown.template,
        language=shown.language,
        title=shown.title,
        body=shown.body,
        text=shown.text,
        link=shown.link,
        at=utc(each.at),
        read_at=utc_if(each.read_at),
    )
