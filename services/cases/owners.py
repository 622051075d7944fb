"""Whether the owner of an account can be reached, and what became of each notice to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct
from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.mail_addresses import address_key, masked
from services.cases.message_tables import ACCOUNT, messages
from services.cases.references import reference
from services.cases.tables import cases, contact_points, notices

#: A notice in a digest fares as its digest does, so `digested` is none of them; one that is being sent is `waiting`.
NoticeState = Literal["waiting", "delivered", "failed", "undeliverable", "suppressed"]
MessageState = Literal["waiting", "sending", "handed_over", "delivered", "failed", "suppressed"]
#: Of the newest so many notices an answer tells.
_MOST_TOLD = 200


class Way(Struct, frozen=True):
    """A way to the owner; the address is masked. One that is `bouncing` gave a message back and is no way any more."""

    channel: str
    address: str
    bouncing: bool = False


class Try(Struct, frozen=True, kw_only=True):
    """One message of a notice: by which channel, to which masked address, how it fares, and since when.

    The address is None once it is no longer known, and for the account itself. `why` it failed or was suppressed.
    """

    channel: str
    address: str | None
    state: MessageState
    why: str | None
    at: float


class Telling(Struct, frozen=True, kw_only=True):
    """One notice, whose letters bear `reference`.

    `undeliverable` has nowhere to go, `failed` was refused or given up, `suppressed` was not to be sent; `why` says more.
    """

    notice_id: str
    reference: str
    event_id: str
    template: str
    state: NoticeState
    why: str | None
    recorded_at: float
    ended_at: float | None
    tries: list[Try]


class Message(Struct, frozen=True):
    """A notice that bears a reference, and whose it is."""

    account_id: str
    telling: Telling


class Owner(Struct, frozen=True):
    """The ways to an account's owner as they are now, and what the owner was told of certain events."""

    ways: list[Way]
    told: list[Telling]

    @property
    def reachable(self) -> bool:
        """Whether there is any way to the owner."""
        return not all(way.bouncing for way in self.ways)


class Point(Protocol):
    """A contact point, as far as it is needed here: fields as the table has them."""

    @property
    def channel(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def until(self) -> float | None: ...
    @property
    def bouncing_since(self) -> float | None: ...


async def owner_of(connection: AsyncConnection, account_id: str, event_ids: Collection[str] | None) -> Owner:
    """The owner of the account, and what became of the notices about these events; None: of all, the newest 200."""
    query = select(contact_points).where(contact_points.c.account_id == account_id)
    points = (await connection.execute(query.order_by(contact_points.c.since))).all()
    return await owner_at(connection, account_id, event_ids, points)


async def owner_at(
    connection: AsyncConnection, account_id: str, event_ids: Collection[str] | None, points: Sequence[Point]
) -> Owner:
    """The same for whoever has read the account's contact points, which are oldest first."""
    ways = [
        Way(point.channel, masked(point.address), point.bouncing_since is not None)
        for point in points
        if point.until is None
    ]
    if event_ids is not None and not event_ids:
        return Owner(ways, [])
    about = true() if event_ids is None else notices.c.event_id.in_(event_ids)
    shown = _shown(point.address for point in points)
    told = await _told(connection, notices.c.account_id == account_id, about, shown=shown)
    return Owner(ways, [each.telling for each in told])


async def messages_of(connection: AsyncConnection, first_id: str, last_id: str) -> list[Message]:
    """The notices whose ids lie in the range, oldest first, and what became of each."""
    return await _told(connection, notices.c.notice_id.between(first_id, last_id))


async def tellings_of(connection: AsyncConnection, notice_ids: Collection[str]) -> dict[str, Telling]:
    """What became of each of these notices, by its id."""
    if not notice_ids:
        return {}
    told = await _told(connection, notices.c.notice_id.in_(notice_ids))
    return {each.telling.notice_id: each.telling for each in told}


async def _told(
    connection: AsyncConnection, *which: ColumnElement[bool], shown: Mapping[str, str] | None = None
) -> list[Message]:
    """`shown` are the masked addresses of those to whom they went, by the keys that messages name them by; None: read them."""
    digest = notices.alias("digest")
    query = (
        select(
            notices.c.account_id,
            notices.c.notice_id,
            notices.c.event_id,
            notices.c.template,
            notices.c.recorded_at,
            func.coalesce(digest.c.notice_id, notices.c.notice_id).label("letter"),
            func.coalesce(digest.c.state, notices.c.state).label("state"),
            func.coalesce(digest.c.last_error, notices.c.last_error).label("why"),
            func.coalesce(digest.c.ended_at, notices.c.ended_at).label("ended_at"),
        )
        .outerjoin(digest, digest.c.notice_id == notices.c.digest_id)
        .where(*which)
        .order_by(notices.c.recorded_at.desc(), notices.c.notice_id)
        .limit(_MOST_TOLD)
    )
    found = (await connection.execute(query)).all()
    if shown is None:
        shown = await _addresses(connection, {row.account_id for row in found})
    tries = await _tries(connection, {row.letter for row in found}, shown)
    return [
        Message(
            row.account_id,
            Telling(
                notice_id=row.notice_id,
                reference=reference(row.letter),
                event_id=row.event_id,
                template=row.template,
                state="waiting" if row.state == "planned" else row.state,
                why=None if row.state == "delivered" else row.why,
                recorded_at=row.recorded_at,
                ended_at=row.ended_at,
                tries=tries.get(row.letter, []),
            ),
        )
        for row in reversed(found)
    ]


async def _addresses(connection: AsyncConnection, account_ids: Collection[str]) -> dict[str, str]:
    """The masked addresses, old and new, of these accounts by the keys that messages name them by."""
    query = select(contact_points.c.address).where(contact_points.c.account_id.in_(account_ids))
    return _shown((await connection.execute(query)).scalars())


def _shown(addresses: Iterable[str]) -> dict[str, str]:
    return {address_key(address): masked(address) for address in addresses}


async def _tries(
    connection: AsyncConnection, letters: Collection[str], shown: Mapping[str, str]
) -> dict[str, list[Try]]:
    at = func.coalesce(messages.c.delivered_at, messages.c.ended_at, messages.c.planned_at).label("at")
    query = (
        select(
            messages.c.notice_id,
            messages.c.channel,
            messages.c.address_key,
            messages.c.state,
            messages.c.why,
            at,
        )
        .where(messages.c.notice_id.in_(letters))
        .order_by(at, messages.c.channel, messages.c.address_key)
    )
    found: dict[str, list[Try]] = {}
    for row in await connection.execute(query):
        address = None if row.address_key == ACCOUNT else shown.get(row.address_key)
        tried = Try(channel=row.channel, address=address, state=row.state, why=row.why, at=row.at)
        found.setdefault(row.notice_id, []).append(tried)
    return found


async def unreachable_cases(connection: AsyncConnection) -> int:
    """How many unresolved cases have an owner to whom there is no way."""
    way = exists().where(
        contact_points.c.account_id == cases.c.account_id,
        contact_points.c.until.is_(None),
        contact_points.c.bouncing_since.is_(None),
    )
    query = select(func.count()).select_from(cases).where(cases.c.state != "resolved", ~way)
    return int((await connection.execute(query)).scalar_one())
