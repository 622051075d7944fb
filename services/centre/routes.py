"""HTTP of an owner's lock and devices, for pages of the wallet's own: the same acts as in the security centre."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel

from contracts.errors import Unavailable
from services.cases.hold_service import HoldService
from services.cases.hold_views import HoldsShown
from services.centre import devices
from services.centre.devices import DeviceUsed
from services.centre.service import Centre
from services.centre.unlock_body import UNLOCK_BODY, Unlocking, read_unlocking
from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc, utc_if
from services.mfa.factor_records import Refused
from services.mfa.factor_routes import Hinted
from services.mfa.hints import hinted
from services.mfa.http import no_store
from services.mfa.proof import ProofTooOld
from services.mfa.wallet_lock import CodeMissing, NotLocked, NotTheirs

router = APIRouter(
    prefix="/v1/accounts/{account_id:segment}",
    tags=["security centre"],
    responses=RESPONSES,
    dependencies=[Depends(no_store)],
)
Verifier = Annotated[ApiKey, Depends(require("verify"))]
_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: problem_answer("The account was not used on it in 90 days.")
}


class Unlocked(Hinted):
    """Whether money may go out again."""

    result: Literal["unlocked", "refused"]


class DeviceShown(BaseModel):
    """A device that the account was used on; `key` names it, `last_event_id` is the last thing done on it.

    `trusted_until` is until when it is taken for the owner's; null where it is not, or memory is away. `signed_out`: the wallet
    was asked to end its sessions since.
    """

    key: str
    device: str | None
    country: str | None
    city: str | None
    last_event_id: str
    first_at: datetime
    last_at: datetime
    signed_out: bool
    trusted_until: datetime | None

    @classmethod
    def of(cls, device: DeviceUsed) -> DeviceShown:
        """The device as shown."""
        return cls(
            key=device.key.hex(),
            device=device.device,
            country=device.country,
            city=device.city,
            last_event_id=device.event_id,
            first_at=utc(device.first_at),
            last_at=utc(device.last_at),
            signed_out=device.signed_out,
            trusted_until=utc_if(device.trusted_until),
        )


class DeviceGone(BaseModel):
    """A device that its owner gave up, when the wallet was asked to forget it, and what it said: null while it has not."""

    key: str
    device: str | None
    asked_at: datetime
    confirmed_at: datetime | None
    failed: bool


class DeviceList(BaseModel):
    """The devices of the last 90 days, last used first; `given_up` are those that their owner gave up since."""

    devices: list[DeviceShown]
    given_up: list[DeviceGone]


async def _centre(request: Request) -> Centre:
    return cast("Centre", request.app.state.centre)


TheCentre = Annotated[Centre, Depends(_centre)]


@router.post("/lock")
async def lock(request: Request, centre: TheCentre, key: Verifier, account_id: AccountId) -> HoldsShown:
    """Let no money out of the account, at its owner's word and without a question why; the wallet is told.

    An account that is frozen already stays so. What stands then is answered as by `GET /v1/accounts/{id}/holds`.
    """
    await centre.lock.lock(account_id, key.actor)
    holds: HoldService = request.app.state.holds
    return HoldsShown.of(await holds.of(account_id), addresses=False)


@router.post(
    "/unlock",
    openapi_extra=UNLOCK_BODY,
    response_model_exclude_none=True,
    responses={
        403: problem_answer(
            "The key lacks the scope, or the policy asks for a code or a fresh password proof."
        ),
        409: problem_answer("The account is not locked, or support ends this freeze."),
    },
)
async def unlock(
    centre: TheCentre,
    key: Verifier,
    account_id: AccountId,
    wanted: Annotated[Unlocking, Depends(read_unlocking)],
) -> Unlocked:
    """End the owner's own lock with a code, or after a challenge that was passed since the lock (without `code`).

    The policy's `unfreeze.lock_steps` says what it takes; where that is the password too, `proved_at` is when the wallet last
    proved it. A freeze of another kind, and one that something else speaks for meanwhile, is support's to end.
    """
    try:
        done = await centre.lock.unlock(account_id, wanted.code, wanted.proved_at, wanted.context)
    except NotLocked:
        raise Problem(409, "not_held", "the account is not locked") from None
    except NotTheirs:
        raise Problem(409, "support_unlocks", "support ends this freeze, not its owner") from None
    except CodeMissing:
        detail = "send the code, or have a challenge of the account passed first: none was since the lock"
        raise Problem(403, "code_missing", detail) from None
    except ProofTooOld:
        detail = "proved_at must say that the password was proved within five minutes"
        raise Problem(403, "proof_too_old", detail) from None
    if isinstance(done, Refused):
        return Unlocked(result="refused", **hinted(done.hint))
    return Unlocked(result="unlocked")


@router.get("/devices")
async def list_devices(
    centre: TheCentre, _key: Annotated[ApiKey, Depends(require("support", "verify"))], account_id: AccountId
) -> DeviceList:
    """The devices that the account was used on in the last 90 days; those that its owner gave up stand apart."""
    try:
        known = await centre.known.of(account_id)
    except Unavailable:
        known = {}
    async with centre.database.read() as connection:
        found = await devices.all_devices(connection, account_id, known, centre.clock())
    return DeviceList(
        devices=[DeviceShown.of(each) for each in found if each.gone is None],
        given_up=[
            DeviceGone(
                key=each.key.hex(),
                device=each.device,
                asked_at=utc(each.gone.asked_at),
                confirmed_at=utc_if(each.gone.confirmed_at),
                failed=each.gone.failed,
            )
            for each in found
            if each.gone is not None
        ],
    )


@router.delete("/devices/{key}", status_code=204, responses=_UNKNOWN)
async def forget_device(
    centre: TheCentre,
    by: Verifier,
    account_id: AccountId,
    key: Annotated[str, Path(pattern="^[0-9a-f]{16}$")],
) -> None:
    """Give a device up: the wallet is asked to end its sessions and trust it no more, and its next use is a new device's."""
    async with centre.database.begin() as connection:
        now = centre.clock()
        found = await devices.devices_of(connection, account_id, {}, now)
        device = next((each for each in found if each.key.hex() == key), None)
        if device is None:
            raise Problem(
                404, "unknown_device", "the account was not used on this device in the last 90 days"
            )
        await devices.forget(connection, account_id, device, by.actor, now)
