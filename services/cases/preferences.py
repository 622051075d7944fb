"""How an owner wants to be told of what is no emergency: by which channels, when not, and with which words of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args

from msgspec import Struct, field, json
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from services.audit import audit_log
from services.cases import phrases
from services.cases.owner_tables import preferences
from services.cases.tables import contact_points
from services.platform.database import insert_new

#: What can be chosen. Emergencies cannot: they go by every channel.
Kind = Literal["security", "weekly", "top_up"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: The kinds of channel that can be chosen, as an owner names them.
Chosen = Literal["mail", "sms", "push", "chat", "inbox"]
CHOSEN: tuple[Chosen, ...] = get_args(Chosen)
#: Text messages are for emergencies, and who tops up sees it in the wallet, until the owner says otherwise.
DEFAULT: Mapping[Kind, frozenset[str]] = {
    "security": frozenset({"mail", "push", "chat", "inbox"}),
    "weekly": frozenset({"mail", "inbox"}),
    "top_up": frozenset(),
}
MINUTES = 24 * 60
_encode = json.Encoder(order="sorted").encode
_decode = json.Decoder(dict[str, frozenset[str]]).decode


class Preferences(Struct, frozen=True, kw_only=True):
    """What an owner chose. `alerts` names channels by kind; `quiet_from` and `quiet_to` are minutes after midnight on the clock
    of `time_zone` (None: that of the contact), both alike for no quiet hours. `changed_at` is None for the defaults.
    """

    account_id: str
    alerts: Mapping[Kind, frozenset[str]] = field(default_factory=lambda: DEFAULT)
    quiet_from: int | None = None
    quiet_to: int | None = None
    time_zone: str | None = None
    phrase: str | None = None
    changed_at: float | None = None

    def wants(self, kind: Kind, channel: str) -> bool:
        """Whether messages of that kind may go by that kind of channel."""
        return channel in self.alerts[kind]


class Wanted(Struct, frozen=True, kw_only=True):
    """What an owner asks for, all of it: a kind that `alerts` leaves out keeps its default."""

    alerts: Mapping[Kind, frozenset[str]] = field(default_factory=dict)
    quiet_from: int | None = None
    quiet_to: int | None = None
    time_zone: str | None = None
    phrase: str | None = None


class PhraseRefused(Malformed):
    """The phrase looks like a password, a code or a link, or is too long; `why` says which."""

    def __init__(self, why: phrases.Refusal) -> None:
        super().__init__(
            "phrase_refused",
            f"the phrase was refused ({why}): it stands in plain messages, so it has at most {phrases.MOST} characters and is no "
            "password, code or link; choose two or three plain words",
        )
        self.why = why


def checked(wanted: Wanted) -> Wanted:
    """The same with a tidy phrase. Raises PhraseRefused, and Malformed for channels or hours that there are not."""
    for kind, channels in wanted.alerts.items():
        unknown = channels - set(CHOSEN)
        if kind not in KINDS or unknown:
            raise Malformed(
                "preferences", f"alerts are of {', '.join(KINDS)} by {', '.join(CHOSEN)}, not of others"
            )
    hours = wanted.quiet_from, wanted.quiet_to
    if (hours[0] is None) != (hours[1] is None) or not all(
        each is None or 0 <= each < MINUTES for each in hours
    ):
        raise Malformed("preferences", f"quiet hours are two minutes of the day, 0 to {MINUTES - 1}, or none")
    phrase = phrases.tidy(wanted.phrase or "") or None
    if phrase is not None and (why := phrases.refusal(phrase)) is not None:
        raise PhraseRefused(why)
    return Wanted(
        alerts=wanted.alerts,
        quiet_from=hours[0],
        quiet_to=hours[1],
        time_zone=wanted.time_zone,
        phrase=phrase,
    )


async def preferences_of(connection: AsyncConnection, account_id: str) -> Preferences:
    """What the owner of the account chose; the defaults where nothing."""
    return (await preferences_by_account(connection, [account_id]))[account_id]


async def zone_of(connection: AsyncConnection, account_id: str) -> str:
    """The time zone of the owner's clock: as they chose it, else of their contact, else UTC."""
    if chosen := (await preferences_of(connection, account_id)).time_zone:
        return chosen
    open_ones = contact_points.c.account_id == account_id, contact_points.c.until.is_(None)
    query = select(contact_points.c.time_zone).where(*open_ones).order_by(contact_points.c.since)
    of_contact: str | None = await connection.scalar(query.limit(1))
    return of_contact or "UTC"


async def preferences_by_account(
    connection: AsyncConnection, account_ids: Collection[str]
) -> dict[str, Preferences]:
    """What the owners of these accounts chose, the defaults among them."""
    found = {account_id: Preferences(account_id=account_id) for account_id in account_ids}
    query = select(preferences).where(preferences.c.account_id.in_(sorted(found)))
    return found | {row.account_id: _read(row) for row in await connection.execute(query)}


async def change_preferences(
    connection: AsyncConnection, account_id: str, wanted: Wanted, by: str, now: float
) -> Preferences:
    """Put what the owner asks for in place of what they chose before; the audit says that `by` did.

    Raises PhraseRefused, and Malformed for channels or hours that there are not.
    """
    wanted = checked(wanted)
    changed = Preferences(
        account_id=account_id,
        alerts={**DEFAULT, **wanted.alerts},
        quiet_from=wanted.quiet_from,
        quiet_to=wanted.quiet_to,
        time_zone=wanted.time_zone,
        phrase=wanted.phrase,
        changed_at=now,
    )
    row = {
        "account_id": account_id,
        "alerts": _encode(changed.alerts).decode(),
        "quiet_from": changed.quiet_from,
        "quiet_to": changed.quiet_to,
        "time_zone": changed.time_zone,
        "phrase": changed.phrase,
        "changed_at": now,
    }
    kept = (
        await connection.execute(insert_new(preferences).values(row).returning(preferences.c.account_id))
    ).first()
    if kept is None:
        await connection.execute(
            preferences.update().where(preferences.c.account_id == account_id).values(row)
        )
    entry = audit_log.Entry(
        at=now, action="preferences_changed", result="done", actor=by, account_id=account_id
    )
    await audit_log.record(connection, entry)
    return changed


async def stop_weekly(connection: AsyncConnection, account_id: str, by: str, now: float) -> bool:
    """End the weekly summary of the account; False when it had none."""
    chosen = await preferences_of(connection, account_id)
    if not chosen.alerts["weekly"]:
        return False
    wanted = Wanted(
        alerts={**chosen.alerts, "weekly": frozenset()},
        quiet_from=chosen.quiet_from,
        quiet_to=chosen.quiet_to,
        time_zone=chosen.time_zone,
        phrase=chosen.phrase,
    )
    await change_preferences(connection, account_id, wanted, by, now)
    return True


def _read(row: Row[Any]) -> Preferences:
    alerts = {kind: channels for kind, channels in _decode(row.alerts).items() if kind in KINDS}
    return Preferences(
        account_id=row.account_id,
        alerts={**DEFAULT, **alerts},
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        time_zone=row.time_zone,
        phrase=row.phrase,
        changed_at=row.changed_at,
    )
