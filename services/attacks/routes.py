"""HTTP of attacks on many accounts, for the tools of support and of the security team (scope `support`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self, cast

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel

from services.attacks.kinds import AttackKind, AttackState
from services.attacks.listing import Attack, Attacks, Deed, Touched, Whole
from services.http.api_keys import ApiKey, require
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc, utc_if

router = APIRouter(prefix="/v1", tags=["attacks"], responses=RESPONSES)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such attack.")}


class AttackShown(BaseModel):
    """One attack: when, how large, how many accounts gave way, and the money of these that was asked to go out since.

    `at_stake` names what became of the money (held, refused, completed, requested), then the currency. `usual_per_minute` is what
    of the kind fails otherwise. `version` grows with every change.
    """

    attack_id: str
    kind: AttackKind
    state: AttackState
    begun_at: datetime
    last_at: datetime
    recognised_at: datetime
    ended_at: datetime | None
    attempts: int
    accounts: int
    sources: int
    gave_way: int
    usual_per_minute: float
    peak_per_minute: int
    peak_at: datetime
    at_stake: dict[str, dict[str, str]]
    lead: str | None
    version: int

    @classmethod
    def of(cls, attack: Attack) -> Self:
        """The attack as shown."""
        return cls(**_shown(attack))


class TouchedShown(BaseModel):
    """An account that gave way: since when, and by which event."""

    account_id: str
    attempts: int
    first_at: datetime
    last_at: datetime
    gave_way_at: datetime | None
    gave_way_event_id: str | None

    @classmethod
    def of(cls, touched: Touched) -> Self:
        """The account as shown."""
        times = {name: utc_if(getattr(touched, name)) for name in ("first_at", "last_at", "gave_way_at")}
        given = {name: getattr(touched, name) for name in cls.model_fields}
        return cls(**(given | times))


class DeedShown(BaseModel):
    """What was done about an attack: by a person, or by `payguard` itself."""

    at: datetime
    what: str
    by: str

    @classmethod
    def of(cls, deed: Deed) -> Self:
        """The line as shown."""
        return cls(at=utc(deed.at), what=deed.what, by=deed.by)


class AttackWhole(AttackShown):
    """An attack with its addresses by kind of network, the accounts that gave way, first ones first, and what was done."""

    networks: dict[str, int]
    accounts_that_gave_way: list[TouchedShown]
    done: list[DeedShown]

    @classmethod
    def whole(cls, found: Whole) -> Self:
        """All of it as shown."""
        return cls(
            **_shown(found.attack),
            networks=dict(sorted(found.networks.items())),
            accounts_that_gave_way=[TouchedShown.of(each) for each in found.gave_way],
            done=[DeedShown.of(each) for each in found.deeds],
        )


class AttackPage(BaseModel):
    """Attacks, last begun first; `next_cursor` is null on the last page."""

    attacks: Sequence[AttackShown]
    next_cursor: str | None


def _shown(attack: Attack) -> dict[str, Any]:
    given: dict[str, Any] = {name: getattr(attack, name) for name in Attack.__struct_fields__}
    times = ("begun_at", "last_at", "recognised_at", "ended_at", "peak_at")
    return given | {name: utc_if(given[name]) for name in times}


async def _attacks(request: Request) -> Attacks:
    return cast("Attacks", request.app.state.attacks)


_Attacks = Annotated[Attacks, Depends(_attacks)]
_Supporter = Annotated[ApiKey, Depends(require("support"))]


@router.get("/attacks")
async def list_attacks(
    attacks: _Attacks,
    _key: _Supporter,
    state: AttackState | None = None,
    kind: AttackKind | None = None,
    cursor: Annotated[
        str | None, Query(max_length=400, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AttackPage:
    """Attacks on many accounts, last begun first."""
    found, following = await attacks.listed(state=state, kind=kind, cursor=cursor, limit=limit)
    return AttackPage(attacks=[AttackShown.of(each) for each in found], next_cursor=following)


@router.get("/attacks/{attack_id}", responses=_UNKNOWN)
async def show_attack(
    attacks: _Attacks,
    _key: _Supporter,
    attack_id: Annotated[str, Path(min_length=1, max_length=32, description="Its number, such as W-118.")],
) -> AttackWhole:
    """One attack with the accounts that gave way and what was done about it."""
    found = await attacks.one(attack_id)
    if found is None:
        raise Problem(404, "unknown_attack", "there is no such attack")
    return AttackWhole.whole(found)
