"""What is shown beside a stored decision: how its payment stands, what its owner was told, and its sentences."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from contracts.decisions import Decision
from contracts.errors import Unavailable
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.cases.hold_views import PaymentShown
from services.cases.owner_views import OwnerShown
from services.scoring.explain import Reasons, sentences


class _About(Struct, frozen=True):
    account_id: str
    event_id: str


async def settled(holds: HoldService, body: bytes) -> bytes:
    """The decision on a held payment with how it stands now: `settlement`, null until its hold is noted."""
    about = msgspec.json.decode(body, type=_About)
    payment = await holds.payment(about.account_id, about.event_id)
    shown = None if payment is None else PaymentShown.of(payment).model_dump(mode="json")
    return _with(body, settlement=shown)


async def told(cases: CaseService, body: bytes, addresses: bool) -> bytes:
    """The decision with what its owner was told of it: `owner`, null while the database is away."""
    about = msgspec.json.decode(body, type=_About)
    try:
        owner = await cases.owner(about.account_id, [about.event_id])
    except Unavailable:
        return _with(body, owner=None)
    return _with(body, owner=OwnerShown.of(owner, addresses).model_dump(mode="json"))


def explained(body: bytes, locale: Literal["en", "zh-CN"], reasons: Reasons, counterfactual: bool) -> bytes:
    """The decision with its `sentences` in that language; with what would have passed, if `counterfactual`."""
    decision = msgspec.json.decode(body, type=Decision)
    return _with(body, sentences=sentences(decision, locale, reasons, counterfactual))


def _with(body: bytes, **added: Any) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(body, type=dict[str, Raw]), **added})
