"""What the repeat of an event is answered of a payment that was held: the decision on it, however old, and how it was settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Raw, structs

from contracts.amounts import canonical_amount
from contracts.decisions import Decision, HoldPayment
from contracts.errors import Unavailable
from contracts.events import AnyEvent, Transaction
from services.api.decision_members import settled
from services.api.offered import Offered
from services.api.results import Result
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.cases.subjects import Name

_HELD = b'"hold_payment"'
_decode = msgspec.json.Decoder(Decision).decode


async def with_settlements(
    cases: CaseService, holds: HoldService, offers: Sequence[Offered], results: Sequence[Result]
) -> list[Result]:
    """The results, each decision on a held payment with its `settlement`.

    Where none came, because the answer is no longer kept, it is looked up among the recorded ones. With the database away the
    results are as they were.
    """
    try:
        held = await _recorded(cases, offers, results)
        return [await _settled(holds, each, held.get(each.index)) for each in results]
    except Unavailable:
        return list(results)


async def _settled(holds: HoldService, result: Result, recorded: bytes | None) -> Result:
    body = recorded if result.decision is None else bytes(result.decision)
    if body is None or _HELD not in body:
        return result
    return structs.replace(result, decision=Raw(await settled(holds, body)), decision_url="")


async def _recorded(
    cases: CaseService, offers: Sequence[Offered], results: Sequence[Result]
) -> Mapping[int, bytes]:
    """By index, the recorded decisions on held payments of those that nothing came for."""
    missing: dict[int, tuple[Name, AnyEvent]] = {
        result.index: ((offer.account_id, offer.event.event_id), offer.event)
        for offer, result in zip(offers, results, strict=True)
        if result.status == "accepted" and result.decision is None and isinstance(offer.event, Transaction)
    }
    if not missing:
        return {}
    known = await cases.recorded({name for name, _ in missing.values()})
    return {
        index: known[name]
        for index, (name, event) in missing.items()
        if name in known and _is_of(event, known[name])
    }


def _is_of(event: AnyEvent, body: bytes) -> bool:
    """Whether the decision held this very payment: the same id with other content is another event."""
    assert isinstance(event, Transaction)
    asked = canonical_amount(event.amount, event.currency), event.currency, event.payee_id
    held = [each for each in _decode(body).effects if isinstance(each, HoldPayment)]
    return any((each.amount, each.currency, each.payee_id) == asked for each in held)
