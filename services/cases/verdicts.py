"""What a verdict of support sends out: labels back into the stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from msgspec import json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision, IssueChallenge, derived_id
from contracts.events import Label, to_wire
from services.cases import outbox
from services.cases.states import Case, Verdict
from services.cases.subjects import Known, known_events
from services.cases.tables import case_entries, cases, decision_of_entry, recorded_decisions
from services.platform import metrics

#: Verdicts that say something of the events.
LABELLING = frozenset({"fraud", "legitimate"})
_decode = json.Decoder(Decision).decode


async def send(connection: AsyncConnection, case: Case) -> list[Decision]:
    """Write to the outbox, in the caller's transaction, what follows from the case's verdict; the decisions it is news of.

    A case that was reopened says again only what has changed: another verdict labels its events anew, and the newer label
    holds; the same verdict labels those that have joined since. `unclear` labels nothing.
    """
    at = case.changed_at
    entries = await _entries(connection, case.case_id)
    before = [entry for entry in entries if entry.kind == "resolved"][:-1]
    known = next((entry for entry in reversed(before) if entry.verdict in LABELLING), None)
    since = known.sequence if known is not None and known.verdict == case.verdict else -1
    decisions = [
        _decode(entry.body) for entry in entries if entry.body is not None and entry.sequence > since
    ]
    if case.verdict in LABELLING:
        names = {(case.account_id, each.about_event_id) for each in decisions if each.about_event_id}
        known_of = await known_events(connection, names)
        # What an event's own decision says of it comes before what is known of it otherwise.
        told = sorted(decisions, key=lambda each: each.about_event_id is not None)
        records = [
            label(case, each, at, len(before), known_of.get((case.account_id, each.about_event_id or "")))
            for each in told
        ]
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


def label(
    case: Case, decision: Decision, at: float, earlier: int = 0, known: Known | None = None
) -> outbox.Outgoing:
    """A Label event about one decided event; the same case labels an event once a verdict, `earlier` of which came before.

    Of an owner's report, the event that this is about is labelled: `known` is what is known of it.
    """
    if case.verdict not in LABELLING:
        raise ValueError("only a case of fraud or not labels its events")
    about_id = decision.about_event_id or decision.event_id
    happened_at: float | None = decision.at
    shown = decision.shown
    if decision.about_event_id is not None:
        own = None if known is None else known.own
        happened_at, shown = (None, None) if own is None else (own.at, own.shown)
    about = f"{case.case_id}:{about_id}" + (f":{earlier}" if earlier else "")
    event = Label(
        event_id=derived_id(about, "label"),
        account_id=decision.account_id,
        occurred_at=int(at * 1000),
        about_event_id=about_id,
        verdict=case.verdict,  # type: ignore[arg-type]
        source="support",
        payee_id=_payee(decision) if shown is None else shown.payee_id,
        about_occurred_at=None if happened_at is None else int(happened_at * 1000),
    )
    return outbox.Outgoing(event.event_id, "event", event.account_id, to_wire(event))


def _payee(decision: Decision) -> str | None:
    """The payee of a decision of before anything was shown."""
    payees = [effect.payee_id for effect in decision.effects if isinstance(effect, IssueChallenge)]
    return payees[0] if payees else None


async def _entries(connection: AsyncConnection, case_id: str) -> Sequence[Any]:
    """The case's history, oldest first, each entry with its decision where it has one."""
    query = (
        select(
            case_entries.c.sequence, case_entries.c.kind, case_entries.c.verdict, recorded_decisions.c.body
        )
        .select_from(case_entries.join(cases).outerjoin(recorded_decisions, decision_of_entry()))
        .where(case_entries.c.case_id == case_id)
        .order_by(case_entries.c.sequence)
    )
    return (await connection.execute(query)).all()
