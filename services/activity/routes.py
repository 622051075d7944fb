"""HTTP of an account's activity, for support's tools and for the wallet's own pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self, cast

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId
from services.http.problems import RESPONSES
from services.http.times import utc

Type = Literal[
    "login",
    "transaction",
    "account_change",
    "challenge_outcome",
    "user_report",
    "label",
    "settlement",
    "owner_act",
]
router = APIRouter(prefix="/v1", tags=["activity"], responses=RESPONSES)


class ActivityShown(BaseModel):
    """One event as people read it: what, when, how much to whom, from which device, place and kind of network.

    `kind` is that of the transaction, the change, the challenge, or the verdict of a report or label; `about_event_id` is
    the event that these speak of. `reference` and `channel` are the wallet's, of the money. What the event did not say, or nobody
    could tell, is null.
    """

    event_id: str
    at: datetime
    type: Type
    kind: str | None
    outcome: str | None
    reason: str | None
    amount: str | None
    currency: str | None
    payee_id: str | None
    device: str | None
    country: str | None
    city: str | None
    network_kind: str | None
    session_id: str | None
    about_event_id: str | None
    reference: str | None
    channel: str | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """The row as shown."""
        shown = {name: value for name, value in row._asdict().items() if name in cls.model_fields}
        return cls(**(shown | {"at": utc(row.at)}))


class ActivityPage(BaseModel):
    """An account's activity, newest first; `next_cursor` is null on the last page."""

    activity: list[ActivityShown]
    next_cursor: str | None


async def _store(request: Request) -> ActivityStore:
    return cast("ActivityStore", request.app.state.activity)


@router.get("/accounts/{account_id:segment}/activity")
async def list_activity(
    store: Annotated[ActivityStore, Depends(_store)],
    _key: Annotated[ApiKey, Depends(require("support", "verify"))],
    account_id: AccountId,
    type: Annotated[list[Type] | None, Query(description="Only these; may be repeated.")] = None,
    cursor: Annotated[
        str | None, Query(max_length=400, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ActivityPage:
    """What happened to an account, newest first, seconds after PayGuard read it.

    Transactions are kept for 400 days and everything else for 180, unless the operator says otherwise.
    """
    page = await store.page(account_id, types=type or (), cursor=cursor, limit=limit)
    return ActivityPage(activity=[ActivityShown.of(row) for row in page.rows], next_cursor=page.cursor)
