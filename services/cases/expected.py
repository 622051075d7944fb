"""Letters that owners expect of what nothing speaks against: a device's first sign-in, a changed password, and, where they wish
it, top-ups that arrived or failed.

No decision asks for them, so the stream pays nothing for them: whoever keeps activity reads every event anyway, and tells of
these once it has kept their rows. A notice's id derives from what it is about, so a batch that is repeated tells nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import json, structs
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.amounts import canonical_amount
from contracts.decisions import derived_id
from contracts.events import PLACELESS, AccountChange, Activity, AnyEvent, Login, Place, Transaction
from contracts.profile import DAY_S
from contracts.shown import MOST_METHOD, MOST_TEXT, Shown, Usual, device_text, short
from detectors.measures.places import great_circle_km
from services.activity.tables import activity
from services.cases.classes import CREDENTIAL_CHANGED, EXPECTED, NEW_DEVICE, TOP_UP_ARRIVED, TOP_UP_FAILED
from services.cases.incident_rows import Found, tell
from services.cases.incidents import WINDOW_S
from services.cases.news import About, News, put_news
from services.cases.preferences import preferences_by_account
from services.cases.tables import notices
from services.platform.database import Database

#: What is older is history that somebody brings along: nobody waits for a letter of it.
FRESH_S = DAY_S
#: They wait so long for a decision that tells of the same event.
_AFTER_S = 20.0
_PASSWORDS = frozenset({"password_reset", "password_change"})
#: Devices that are known to be known, so that a usual sign-in asks the database nothing.
_REMEMBERED = 100_000
#: Cities whose place is known from the events that came by; activity keeps names alone.
_CITIES = 20_000
_TOP_UPS = {"completed": TOP_UP_ARRIVED, "failed": TOP_UP_FAILED}
Device = tuple[str, bytes]
City = tuple[str | None, str | None]


class ExpectedLetters:
    """Tells of events whose rows of activity are kept. Raises Unavailable: repeat the batch, nothing is told twice."""

    def __init__(self, database: Database, clock: Callable[[], float], window_s: float = WINDOW_S) -> None:
        """`window_s` as in `services.cases.incidents`."""
        self._database = database
        self._clock = clock
        self._window_s = window_s
        self._known: dict[Device, None] = {}
        self._cities: dict[City, Place] = {}

    async def tell(self, events: Sequence[AnyEvent]) -> None:
        """Put down the notices that their owners expect."""
        self._learn(events)
        since = self._clock() - FRESH_S
        logins: dict[Device, Login] = {}
        for event in events:
            if (
                isinstance(event, Login)
                and event.outcome == "success"
                and event.device_key
                and event.at >= since
            ):
                logins.setdefault((event.account_id, event.device_key), event)
        for device in self._known.keys() & logins.keys():
            del logins[device]
        top_ups = [
            event
            for event in events
            if isinstance(event, Transaction)
            and event.kind == "top_up"
            and event.status in _TOP_UPS
            and event.at >= since
        ]
        passwords = [
            event
            for event in events
            if isinstance(event, AccountChange) and event.change in _PASSWORDS and event.at >= since
        ]
        if not (logins or top_ups or passwords):
            return
        due_at = self._clock() + _AFTER_S
        async with self._database.begin() as connection:
            if logins:
                await tell(
                    connection, await _new_devices(connection, logins, due_at, self._cities), self._window_s
                )
            await _tell_passwords(connection, passwords, due_at)
            await _tell_top_ups(connection, top_ups)
        self._remember(logins)

    def _learn(self, events: Iterable[AnyEvent]) -> None:
        """Where the cities are that the events name."""
        for event in events:
            place = event.place if isinstance(event, Activity) else None
            if place is not None and place.city and place.latitude is not None:
                self._cities[place.country, place.city] = place
        for city in list(self._cities)[: max(0, len(self._cities) - _CITIES)]:
            del self._cities[city]

    def _remember(self, devices: Iterable[Device]) -> None:
        self._known.update(dict.fromkeys(devices))
        for device in list(self._known)[: max(0, len(self._known) - _REMEMBERED)]:
            del self._known[device]


async def _new_devices(
    connection: AsyncConnection, logins: dict[Device, Login], due_at: float, cities: Mapping[City, Place]
) -> list[Found]:
    """The sign-ins that are the first row of their device, in accounts older than a day, and that nothing else tells of."""
    found = []
    for device, event in sorted(logins.items(), key=lambda each: (each[1].at, each[0])):
        if await _seen_before(connection, device, event.at) or await _told_of(connection, event):
            continue
        before = await _before(connection, event)
        if before is None:
            continue
        account_id, key = device
        before = structs.replace(before, distance_km=_distance_km(before, event, cities))
        shown = _shown(event, short(event.method, MOST_METHOD), before)
        news = News(at=event.at, about=About(type="login", at=event.at, shown=shown))
        found.append(
            Found(
                notice_id=derived_id(f"{account_id}\x00{key.hex()}", NEW_DEVICE),
                event_id=event.event_id,
                account_id=account_id,
                template=NEW_DEVICE,
                at=event.at,
                due_at=due_at,
                news=json.encode(news).decode(),
            )
        )
    return found


async def _seen_before(connection: AsyncConnection, device: Device, at: float) -> bool:
    """Whether the account was used on the device before; one such row will do, however many there are."""
    account_id, key = device
    failed = and_(activity.c.type == "login", activity.c.outcome == "failure")
    earlier = activity.c.account_id == account_id, activity.c.device_key == key, activity.c.at < at
    query = select(activity.c.event_id).where(*earlier, ~failed).limit(1)
    return (await connection.execute(query)).first() is not None


async def _told_of(connection: AsyncConnection, event: AnyEvent) -> bool:
    """Whether a decision's letter is about the same event."""
    query = select(notices.c.notice_id).where(
        notices.c.account_id == event.account_id,
        notices.c.event_id == event.event_id,
        notices.c.template.not_in(sorted(EXPECTED)),
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def _before(connection: AsyncConnection, event: Login) -> Usual | None:
    """With what and where the account was before; None for one that is younger than a day: each of its devices is new."""
    mine = activity.c.account_id == event.account_id
    old = select(activity.c.event_id).where(mine, activity.c.at < event.at - DAY_S).limit(1)
    if (await connection.execute(old)).first() is None:
        return None
    another = or_(activity.c.device_key.is_(None), activity.c.device_key != event.device_key)
    query = (
        select(activity.c.device, activity.c.country, activity.c.city, activity.c.at)
        .where(mine, activity.c.at < event.at, another, activity.c.outcome != "failure")
        .order_by(activity.c.at.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return Usual() if row is None else Usual(device=row.device, country=row.country, city=row.city, at=row.at)


def _distance_km(before: Usual, event: Login, cities: Mapping[City, Place]) -> float | None:
    """How far the sign-in is from where the account was before; None where one of the two is not known."""
    here, there = event.place, cities.get((before.country, before.city))
    if here is None or there is None or (event.network is not None and event.network.kind in PLACELESS):
        return None
    if here.latitude is None or here.longitude is None or there.latitude is None or there.longitude is None:
        return None
    return great_circle_km(here.latitude, here.longitude, there.latitude, there.longitude)


async def _tell_passwords(
    connection: AsyncConnection, events: Sequence[AccountChange], due_at: float
) -> None:
    """Tell of changed passwords that no decision tells of."""
    for event in events:
        if await _told_of(connection, event):
            continue
        about = About(type="account_change", at=event.at, shown=_shown(event, event.change, None))
        notice_id = derived_id(f"{event.account_id}\x00{event.event_id}", CREDENTIAL_CHANGED)
        news = News(at=event.at, about=about)
        await put_news(
            connection, notice_id, event.event_id, event.account_id, CREDENTIAL_CHANGED, news, due_at
        )


async def _tell_top_ups(connection: AsyncConnection, events: Sequence[Transaction]) -> None:
    """Tell of top-ups where the owner chose to hear of them."""
    if not events:
        return
    chosen = await preferences_by_account(connection, {event.account_id for event in events})
    for event in events:
        if not chosen[event.account_id].alerts["top_up"]:
            continue
        template = _TOP_UPS[event.status]
        shown = Shown(
            amount=canonical_amount(event.amount, event.currency),
            currency=event.currency,
            payee_id=event.payee_id,
            kind=event.kind,
            status=event.status,
            failure=event.reason,
        )
        news = News(
            at=event.at,
            about=About(type="transaction", at=event.at, shown=shown),
            balance=_sum(event.balance_after, event.currency),
            balance_before=_sum(event.balance, event.currency),
        )
        notice_id = derived_id(f"{event.account_id}\x00{event.event_id}", template)
        await put_news(connection, notice_id, event.event_id, event.account_id, template, news)


def _sum(amount: str | int | None, currency: str) -> str | None:
    return None if amount is None else canonical_amount(amount, currency)


def _shown(event: Activity, kind: str | None, before: Usual | None) -> Shown:
    place, network = event.place, event.network
    return Shown(
        device=device_text(event.device),
        country=place.country if place else None,
        city=short(place.city, MOST_TEXT) if place else None,
        accuracy_km=place.accuracy_km if place else None,
        network_kind=network.kind if network and network.kind != "unknown" else None,
        kind=kind,
        session_id=event.session_id,
        usual=before,
    )
