"""HTTP of webhooks, for whoever runs PayGuard (scope `admin`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.http.api_keys import ApiKey, require
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc, utc_if
from services.wallet.actions import Kind
from services.wallet.outside import MOST_URL
from services.wallet.webhooks import Delivery, Webhook, Webhooks

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], responses=RESPONSES)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such webhook.")}


class WebhookWanted(BaseModel):
    """Where actions shall be sent to: https, on the internet; `kinds` empty for all."""

    model_config = ConfigDict(extra="forbid", strict=True)
    url: Annotated[str, Field(min_length=9, max_length=MOST_URL)]
    kinds: Annotated[list[Kind], Field(max_length=20)] = []


class WebhookShown(BaseModel):
    """A webhook; `disabled_why` is `gone` (it answered 410) or `failing` (it took nothing for three days)."""

    webhook_id: str
    url: str
    kinds: list[Kind]
    created_at: datetime
    created_by: str
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        """The webhook as shown."""
        return cls(
            webhook_id=webhook.webhook_id,
            url=webhook.url,
            kinds=list(webhook.kinds),
            created_at=utc(webhook.created_at),
            created_by=webhook.created_by,
            failing_since=utc_if(webhook.failing_since),
            disabled_at=utc_if(webhook.disabled_at),
            disabled_why=webhook.disabled_why,
        )


class WebhookMade(BaseModel):
    """A webhook and its secret, `whsec_...`, which is shown this once. Verify deliveries as Standard Webhooks says."""

    webhook: WebhookShown
    secret: str


class NewSecret(BaseModel):
    """The secret from now on; the one before signs as well for a day."""

    secret: str


class WebhookList(BaseModel):
    """Every webhook, oldest first."""

    webhooks: list[WebhookShown]


class DeliveryShown(BaseModel):
    """One action on its way: waiting (tried again at `next_at`), delivered or failed for good."""

    action_id: str
    state: str
    attempts: int
    next_at: datetime | None
    last_status: int | None
    last_error: str | None
    ended_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """The delivery as shown."""
        return cls(
            action_id=delivery.action_id,
            state=delivery.state,
            attempts=delivery.attempts,
            next_at=utc(delivery.next_at) if delivery.state == "waiting" else None,
            last_status=delivery.last_status,
            last_error=delivery.last_error,
            ended_at=utc_if(delivery.ended_at),
        )


class DeliveryList(BaseModel):
    """The latest deliveries of a webhook."""

    deliveries: list[DeliveryShown]


class Replayed(BaseModel):
    """How many actions are sent once more."""

    again: int


async def _webhooks(request: Request) -> Webhooks:
    return cast("Webhooks", request.app.state.webhooks)


Service = Annotated[Webhooks, Depends(_webhooks)]
Admin = Annotated[ApiKey, Depends(require("admin"))]
WebhookId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


@router.post("", status_code=201)
async def create_webhook(webhooks: Service, key: Admin, body: WebhookWanted) -> WebhookMade:
    """Send actions there from now on."""
    webhook, secret = await webhooks.create(body.url, body.kinds, key.actor)
    return WebhookMade(webhook=WebhookShown.of(webhook), secret=secret)


@router.get("")
async def list_webhooks(webhooks: Service, _key: Admin) -> WebhookList:
    """Every webhook and whether it takes what it is sent."""
    return WebhookList(webhooks=[WebhookShown.of(each) for each in await webhooks.all()])


@router.delete("/{webhook_id}", status_code=204, response_class=Response, responses=_UNKNOWN)
async def delete_webhook(webhooks: Service, _key: Admin, webhook_id: WebhookId) -> None:
    """Send nothing there any more."""
    if not await webhooks.delete(webhook_id):
        raise _unknown()


@router.post("/{webhook_id}/rotate", responses=_UNKNOWN)
async def rotate_secret(webhooks: Service, _key: Admin, webhook_id: WebhookId) -> NewSecret:
    """A new secret; the one before signs as well for a day. A webhook that was disabled is tried again."""
    secret = await webhooks.rotate(webhook_id)
    if secret is None:
        raise _unknown()
    return NewSecret(secret=secret)


@router.post("/{webhook_id}/replay", responses=_UNKNOWN)
async def replay_actions(
    webhooks: Service,
    _key: Admin,
    webhook_id: WebhookId,
    after: Annotated[str, Query(pattern=r"^[0-9]{1,18}$", description="As in `GET /v1/actions`.")],
) -> Replayed:
    """Send the actions behind a place of the feed once more, at most a thousand, each under its own id."""
    again = await webhooks.replay(webhook_id, int(after))
    if again is None:
        raise _unknown()
    return Replayed(again=again)


@router.get("/{webhook_id}/deliveries", responses=_UNKNOWN)
async def list_deliveries(
    webhooks: Service,
    _key: Admin,
    webhook_id: WebhookId,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryList:
    """What became of the latest actions there."""
    return DeliveryList(
        deliveries=[DeliveryShown.of(each) for each in await webhooks.deliveries(webhook_id, limit)]
    )


def _unknown() -> Problem:
    return Problem(404, "unknown_webhook", "there is no such webhook")
