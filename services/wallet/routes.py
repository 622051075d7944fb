"""HTTP of actions, for a wallet that reads no Kafka: what to do, and what was done (scope `actions`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self, cast

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.http.api_keys import ApiKey, require
from services.http.identifiers import plain
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc, utc_if
from services.wallet.actions import MOST_DETAIL, Kind, Result
from services.wallet.feed import ActionFeed, Published

router = APIRouter(prefix="/v1", tags=["actions"], responses=RESPONSES)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such action.")}


class ActionShown(BaseModel):
    """What the wallet must do, once an `action_id`, and what it said of it."""

    action_id: str
    kind: Kind
    account_id: str
    event_id: str
    at: datetime
    result: Result | None
    result_at: datetime | None

    @classmethod
    def of(cls, action: Published) -> Self:
        """The action as shown."""
        return cls(
            action_id=action.action_id,
            kind=action.kind,
            account_id=action.account_id,
            event_id=action.event_id,
            at=utc(action.at),
            result=action.result,
            result_at=utc_if(action.result_at),
        )


class ActionPage(BaseModel):
    """Actions, oldest first; `next` is what to ask with as `after` the next time, whether or not any came."""

    actions: list[ActionShown]
    next: str


class Acknowledgement(BaseModel):
    """What the wallet did: `already` where it was so before; `detail` says why it failed, without personal data."""

    model_config = ConfigDict(extra="forbid", strict=True)
    result: Result
    detail: Annotated[str, Field(max_length=MOST_DETAIL, pattern=r"^[^\x00]*$")] | None = None


async def _feed(request: Request) -> ActionFeed:
    return cast("ActionFeed", request.app.state.actions)


async def _action_path(action_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(action_id)


Feed = Annotated[ActionFeed, Depends(_feed)]
Key = Annotated[ApiKey, Depends(require("actions"))]


@router.get("/actions")
async def list_actions(
    feed: Feed,
    _key: Key,
    after: Annotated[
        str, Query(pattern=r"^[0-9]{1,18}$", description="`next` of the answer before; 0 begins.")
    ] = "0",
    wait: Annotated[int, Query(ge=0, le=25, description="Seconds to wait while there is none.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ActionPage:
    """What the wallet must do, in the order in which it became known; each action keeps its place for ever.

    Ask again with `next`, and `wait` to be answered as soon as there is something. An action may be read twice: do it once
    by its `action_id`, and say so with `POST /v1/actions/{action_id}/result`.
    """
    found = await feed.after(int(after), limit, float(wait))
    last = str(found[-1].sequence) if found else after
    return ActionPage(actions=[ActionShown.of(action) for action in found], next=last)


@router.post("/actions/{action_id:segment}/result", responses=_UNKNOWN)
async def acknowledge_action(
    feed: Feed,
    key: Key,
    action_id: Annotated[str, Depends(_action_path)],
    body: Acknowledgement,
) -> ActionShown:
    """What came of an action. The first answer stands, except that what failed may be done later; a repeat changes nothing."""
    action = await feed.acknowledge(action_id, body.result, key.actor, body.detail)
    if action is None:
        raise Problem(404, "unknown_action", "there is no such action")
    return ActionShown.of(action)
