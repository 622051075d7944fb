"""What follows at once from owners' words among the events that were offered."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.errors import Unavailable
from contracts.events import UserReport
from services.api.attribution import refused
from services.api.offered import Offered
from services.api.results import Result, not_acted_on
from services.cases.owner_words import CODE_S, OwnerWords


async def with_codes(words: OwnerWords, offers: Sequence[Offered]) -> list[Offered]:
    """The events, without each "was me" whose `code` PayGuard has not seen. Raises Unavailable when nobody can tell."""
    return [
        refused(
            offer,
            "no_code",
            f"proof: no code of the account's factor was accepted in the last {CODE_S / 60:.0f} minutes; have one verified, "
            "or say session",
        )
        if _on_a_code(offer) and not await words.has_code(offer.account_id)
        else offer
        for offer in offers
    ]


async def believed(
    words: OwnerWords, offers: Sequence[Offered], results: Sequence[Result], by: str
) -> list[Result]:
    """Act on each accepted report before a worker has read it; the results, with what could not be acted on.

    With the database away, the worker's decision on a "not me" does the same later. Nothing else lets a payment go that a
    "was me" would: such a report is to be repeated.
    """
    told = list(results)
    for index, (offer, result) in enumerate(zip(offers, results, strict=True)):
        report = offer.event
        if result.status != "accepted" or not isinstance(report, UserReport):
            continue
        try:
            await words.believe(report, by)
        except Unavailable:
            if report.verdict == "was_me":
                told[index] = not_acted_on(result)
    return told


def _on_a_code(offer: Offered) -> bool:
    report = offer.event
    return isinstance(report, UserReport) and report.verdict == "was_me" and report.proof == "code"
