"""The devices that an account was used on: when, where, and what was asked of the wallet about each since."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.profile import Key
from contracts.sightings import TRUSTED_S, Seen
from services.activity.recent import since
from services.activity.tables import activity
from services.audit import audit_log
from services.cases import device_acts, outbox
from services.cases.device_acts import DeviceAct, act_id
from services.cases.tables import outbox as outbox_rows
from services.wallet.actions import WalletAction
from services.wallet.tables import wallet_actions

#: A device is listed for so long after its last use, and looked for so far back.
LISTED_S, _KNOWN_S = 90 * 86_400.0, 400 * 86_400.0
_MOST = 50
_ALL = b"all"


class Told(Struct, frozen=True, kw_only=True):
    """What the wallet was asked about a device at `asked_at`, when it said that it has done so, and whether it said it cannot.

    Times are epoch seconds.
    """

    asked_at: float
    confirmed_at: float | None = None
    failed: bool = False


class DeviceUsed(Struct, frozen=True, kw_only=True):
    """A device by its key, which is a keyed hash; times are epoch seconds.

    `event_id` is the last thing that was done on it. `trusted_until` is until when the stream takes it for the owner's; None
    where it does not, or nobody can tell. `signed_out`: the wallet was asked to since it was last used, `out` what became of
    that. `gone`: its owner gave it up since.
    """

    key: Key
    device: str | None
    country: str | None
    city: str | None
    network_kind: str | None
    event_id: str
    first_at: float
    last_at: float
    signed_out: bool
    trusted_until: float | None
    out: Told | None = None
    gone: Told | None = None


async def devices_of(
    connection: AsyncConnection, account_id: str, known: Mapping[Key, Seen], now: float
) -> list[DeviceUsed]:
    """The devices of the last 90 days, last used first, but for those given up since; `known` is the stream's memory of them."""
    return [each for each in await all_devices(connection, account_id, known, now) if each.gone is None]


async def all_devices(
    connection: AsyncConnection, account_id: str, known: Mapping[Key, Seen], now: float
) -> list[DeviceUsed]:
    """The same with those that were given up."""
    rows = await _used(connection, account_id, now)
    if not rows:
        return []
    names = {row["device_key"]: row["event_id"] for row in rows}
    asked = await _asked(connection, account_id, names, rows[0]["event_id"])
    ended = select(func.max(wallet_actions.c.at)).where(
        wallet_actions.c.account_id == account_id, wallet_actions.c.kind == "revoke_sessions"
    )
    all_ended_at: float = await connection.scalar(ended) or 0.0
    everywhere = asked.get(act_id(account_id, _ALL, rows[0]["event_id"], "revoke_sessions"))
    found = []
    for row in rows:
        key, last = row["device_key"], row["event_id"]
        out = asked.get(act_id(account_id, key, last, "revoke_device")) or everywhere
        found.append(
            DeviceUsed(
                key=key,
                device=row["device"],
                country=row["country"],
                city=row["city"],
                network_kind=row["network_kind"],
                event_id=last,
                first_at=row["first_at"],
                last_at=row["at"],
                signed_out=out is not None or row["at"] <= all_ended_at,
                trusted_until=None,
                out=out,
                gone=asked.get(act_id(account_id, key, last, "forget_device")),
            )
        )
    return trusting(found, known, now)


def trusting(found: Sequence[DeviceUsed], known: Mapping[Key, Seen], now: float) -> list[DeviceUsed]:
    """The devices with until when the stream, whose memory `known` is, takes each for the owner's."""
    until = {key: seen.last_at + TRUSTED_S for key, seen in known.items() if seen.last_at + TRUSTED_S > now}
    return [replace(each, trusted_until=until.get(each.key)) for each in found]


async def sign_out(
    connection: AsyncConnection, account_id: str, device: DeviceUsed, by: str, now: float
) -> None:
    """Ask the wallet to end the sessions on this device."""
    await device_acts.ask(connection, account_id, device.key, device.event_id, "revoke_device", now)
    await _record(connection, "sign_out", account_id, by, now)


async def sign_out_everywhere(
    connection: AsyncConnection, account_id: str, devices: Sequence[DeviceUsed], by: str, now: float
) -> None:
    """Ask the wallet to end every session of the account."""
    newest = max(devices, key=lambda each: each.last_at).event_id if devices else secrets.token_hex(16)
    action = WalletAction(
        action_id=act_id(account_id, _ALL, newest, "revoke_sessions"),
        kind="revoke_sessions",
        account_id=account_id,
        event_id=newest,
        at=now,
    )
    await outbox.put(connection, [outbox.action(action)], now)
    await _record(connection, "sign_out_everywhere", account_id, by, now)


async def forget(
    connection: AsyncConnection, account_id: str, device: DeviceUsed, by: str, now: float
) -> None:
    """Give the device up: the wallet ends its sessions and trusts it no more, and the stream takes it for a stranger's."""
    await device_acts.give_up(connection, account_id, device.key, device.event_id, now)
    await _record(connection, "forget_device", account_id, by, now)


async def _used(connection: AsyncConnection, account_id: str, now: float) -> Sequence[Mapping[str, Any]]:
    """The last thing done on each device, and when it was first used: of what is long ago each device's oldest alone is read."""
    by_device = activity.c.device_key
    newest = func.row_number().over(
        partition_by=by_device, order_by=(activity.c.at.desc(), activity.c.event_id.desc())
    )
    columns = ("device", "country", "city", "network_kind", "event_id", "at")
    ranked = (
        select(by_device, *(activity.c[name] for name in columns), newest.label("place"))
        .where(
            activity.c.account_id == account_id,
            since(now - LISTED_S),
            by_device.is_not(None),
            func.coalesce(activity.c.outcome, "") != "failure",
        )
        .subquery()
    )
    ever = activity.alias("ever")
    first = select(func.min(ever.c.at)).where(
        ever.c.account_id == account_id,
        ever.c.device_key == ranked.c.device_key,
        since(now - _KNOWN_S, ever),
        func.coalesce(ever.c.outcome, "") != "failure",
    )
    query = (
        select(ranked, first.scalar_subquery().label("first_at"))
        .where(ranked.c.place == 1)
        .order_by(ranked.c.at.desc(), ranked.c.event_id.desc())
        .limit(_MOST)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _asked(
    connection: AsyncConnection, account_id: str, names: Mapping[Key, str], newest: str
) -> dict[str, Told]:
    """Which acts about these last uses were asked of the wallet, by their ids, and what it said."""
    acts: tuple[DeviceAct, ...] = ("revoke_device", "forget_device")
    ids = [act_id(account_id, key, event_id, act) for key, event_id in names.items() for act in acts]
    ids.append(act_id(account_id, _ALL, newest, "revoke_sessions"))
    query = (
        select(
            outbox_rows.c.identity,
            outbox_rows.c.created_at,
            wallet_actions.c.result,
            wallet_actions.c.result_at,
        )
        .outerjoin(wallet_actions, wallet_actions.c.action_id == outbox_rows.c.identity)
        .where(outbox_rows.c.identity.in_(ids))
    )
    return {
        row.identity: Told(
            asked_at=row.created_at,
            confirmed_at=row.result_at if row.result in ("done", "already") else None,
            failed=row.result == "failed",
        )
        for row in await connection.execute(query)
    }


async def _record(connection: AsyncConnection, act: str, account_id: str, by: str, at: float) -> None:
    entry = audit_log.Entry(at=at, action=act, result="asked", actor=by, account_id=account_id)
    await audit_log.record(connection, entry)
