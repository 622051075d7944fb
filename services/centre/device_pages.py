"""Devices and sessions: what the account was used on, signed out or given up with one press."""

from __future__ import annotations

from fastapi import APIRouter, Request
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from contracts.errors import Unavailable
from contracts.sightings import Seen
from notifier import spelled
from notifier.facts import Reader
from services.centre import devices
from services.centre.devices import DeviceUsed, Told
from services.centre.overview_pages import LOOK_AGAIN_S, LOOKS_FOR_S
from services.centre.reading import reader_of
from services.centre.service import Centre, centre_of
from services.centre.standing import KEPT_S
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_form, centre_page, centre_session
from services.portal.sessions import go_to
from services.portal.wording import Wording, wording

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_BY = "page"
_PHONES = ("iOS", "iPhone", "iPad", "Android", "HarmonyOS", "OpenHarmony")


class DeviceShown(Struct, frozen=True, kw_only=True):
    """A device as the page shows it.

    `acts` are the buttons beside it and how each is called, `told` what the wallet said of what it was asked.
    """

    key: str
    event_id: str
    sign: str
    name: str
    sub: str
    here: bool
    chip: str
    tone: str
    acts: tuple[tuple[str, str], ...]
    told: str


@router.get("/devices")
async def device_page(request: Request) -> Response:
    """Where the wallet is open, or was in the last 90 days."""
    session = await centre_session(request)
    centre, account_id = centre_of(request), session.visit.account_id
    known, told = await _known(centre, account_id)
    async with centre.database.read() as connection:
        found = await devices.all_devices(connection, account_id, known, centre.clock())
        reader = reader_of(request, session, await centre.time_zone(connection, account_id))
    t, here, now = wording(reader.words.locale), centre.device_key(session.visit.device_id), centre.clock()
    used = [each for each in found if each.gone is None]
    gone = [
        (each, each.gone) for each in found if each.gone is not None and now - each.gone.asked_at < KEPT_S
    ]
    response = centre_page(
        request,
        session,
        "centre/devices",
        "devices",
        open_now=[_shown(each, each.key == here, told, t, reader) for each in used if not each.signed_out],
        before=[_shown(each, each.key == here, told, t, reader) for each in used if each.signed_out],
        gone=[_gone(each, how, t, reader) for each, how in gone],
    )
    asked = [how for _, how in gone] + [each.out for each in used if each.out is not None]
    if any(_is_new(each, now) for each in asked):
        response.headers["Refresh"] = str(LOOK_AGAIN_S)
    return response


@router.post("/devices")
async def act(request: Request) -> Response:
    """Sign a device out, give it up, or sign out everywhere."""
    session, fields = await centre_form(request)
    centre, account_id = centre_of(request), session.visit.account_id
    async with centre.database.begin() as connection:
        await _act(connection, account_id, fields.get("do", ""), fields.get("device", ""), centre.clock())
    return go_to(request, "centre/devices")


async def _act(connection: AsyncConnection, account_id: str, do: str, key: str, now: float) -> None:
    found = await devices.devices_of(connection, account_id, {}, now)
    if do == "everywhere":
        await devices.sign_out_everywhere(connection, account_id, found, _BY, now)
        return
    device = next((each for each in found if each.key.hex() == key), None)
    if device is not None and do == "out":
        await devices.sign_out(connection, account_id, device, _BY, now)
    elif device is not None and do == "forget":
        await devices.forget(connection, account_id, device, _BY, now)


async def _known(centre: Centre, account_id: str) -> tuple[dict[bytes, Seen], bool]:
    """The devices that the stream knows, and whether it could be asked."""
    try:
        return await centre.known.of(account_id), True
    except Unavailable:
        return {}, False


def _is_new(told: Told, now: float) -> bool:
    """Whether the wallet's word may still come while somebody looks."""
    return told.confirmed_at is None and not told.failed and now - told.asked_at < LOOKS_FOR_S


def _gone(device: DeviceUsed, told: Told, t: Wording, reader: Reader) -> DeviceShown:
    """A device that was given up."""
    shown = _shown(device, False, False, t, reader)
    chip, tone = t("devices.gone"), "calm"
    return replace(shown, chip=chip, tone=tone, acts=(), told=_said(told, "gone", t, reader))


def _said(told: Told | None, act: str, t: Wording, reader: Reader) -> str:
    """What became of what the wallet was asked: `act` is out or gone."""
    if told is None:
        return ""
    if told.failed:
        return t(f"devices.{act}_failed")
    if told.confirmed_at is not None:
        return t(f"devices.{act}_confirmed", at=reader.moment(told.confirmed_at))
    return t(f"devices.{act}_asked", at=reader.moment(told.asked_at))


def _shown(device: DeviceUsed, here: bool, told: bool, t: Wording, reader: Reader) -> DeviceShown:
    words = reader.words
    name = spelled.device(device.device, words) if device.device else t("devices.unnamed")
    where = spelled.place(device.city, device.country, device.network_kind, words)
    sub = t("devices.used", at=reader.moment(device.last_at), since=reader.day(device.first_at))
    chip, tone = t("devices.untold"), "calm"
    if device.trusted_until is not None:
        chip, tone = t("devices.trusted", until=reader.day(device.trusted_until)), "good"
    elif told:
        chip, tone = t("devices.not_trusted"), "wait"
    acts = () if device.signed_out else (("out", t("devices.go_out")),)
    given_up = t("devices.go_forget") if device.trusted_until is not None else t("devices.go_remove")
    return DeviceShown(
        key=device.key.hex(),
        event_id=device.event_id,
        sign="phone" if (device.device or "").split(",")[0] in _PHONES else "laptop",
        name=name,
        sub=sub if where is None else f"{where}{words.frame['comma']}{sub}",
        here=here,
        chip=chip,
        tone=tone,
        acts=(*acts, ("forget", given_up)),
        told=_said(device.out, "out", t, reader),
    )
