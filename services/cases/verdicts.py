"""What a verdict of support sends out: labels back into the stream, and the end of a freeze."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from msgspec import json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision, IssueChallenge, derived_id
from contracts.events import Label, to_wire
from services.cases import outbox
from services.cases.states import Case, Verdict
from services.cases.tables import case_entries, cases, decision_of_entry, recorded_decisions
from services.platform import metrics

_decode = json.Decoder(Decision).decode


async def send(connection: AsyncConnection, case: Case) -> list[Decision]:
    """Write to the outbox, in the caller's transaction, what follows from the resolved case's verdict; the case's decisions."""
    at = case.changed_at
    decisions = await _decisions(connection, case.case_id)
    records = [label(case, decision, at) for decision in decisions]
    await outbox.put(connection, records, at)
    return decisions


def count(case: Case, decisions: Sequence[Decision]) -> None:
    """Count the verdict for each detector that acted on one of the events: its live precision. Call it once committed."""
    if case.verdict is None:
        return
    for decision in decisions:
        for detector in {finding.detector for finding in decision.findings if finding.mode == "on"}:
            metrics.DETECTOR_VERDICTS.labels(detector, case.verdict).inc()


def expect(detectors: Iterable[str]) -> None:
    """Begin the count of each detector at 0, so that its rate is right from the first verdict on."""
    for detector in detectors:
        for verdict in get_args(Verdict):
            metrics.DETECTOR_VERDICTS.labels(detector, verdict)


def label(case: Case, decision: Decision, at: float) -> outbox.Outgoing:
    """A Label event about one decided event; the same case labels an event once."""
    if case.verdict is None:
        raise ValueError("only a resolved case labels its events")
    event = Label(
        event_id=derived_id(f"{case.case_id}:{decision.event_id}", "label"),
        account_id=decision.account_id,
        occurred_at=int(at * 1000),
        about_event_id=decision.event_id,
        verdict=case.verdict,
        source="support",
        payee_id=_payee(decision),
        about_occurred_at=int(decision.at * 1000),
    )
    return outbox.Outgoing(event.event_id, "event", event.account_id, to_wire(event))


def _payee(decision: Decision) -> str | None:
    payees = [effect.payee_id for effect in decision.effects if isinstance(effect, IssueChallenge)]
    return payees[0] if payees else None


async def _decisions(connection: AsyncConnection, case_id: str) -> list[Decision]:
    query = (
        select(recorded_decisions.c.body)
        .select_from(case_entries.join(cases).join(recorded_decisions, decision_of_entry()))
        .where(case_entries.c.case_id == case_id)
        .order_by(case_entries.c.sequence)
    )
    return [_decode(body) for body in (await connection.execute(query)).scalars()]
