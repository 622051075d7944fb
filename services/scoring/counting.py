"""What a batch asks across accounts, counts and records of payees, as one list of questions in event order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from contracts.events import AnyEvent, Label, Transaction
from contracts.findings import PayeeWanted, Tallies, TallyWanted, Wanted
from contracts.payees import LABEL_DELAY_DAYS, LONGEST_DELAY_DAYS, NAMES, PayeeCounts
from contracts.ports import (
    PAYEE_FRAUD,
    PAYEE_NO_FRAUD,
    PAYEE_NONE,
    PAYEE_PAYMENT,
    Count,
    PayeeQuery,
    Query,
    TallyQuery,
)
from contracts.profile import DAY_S, HOUR_S

NONE_ASKED: Tallies = {}


class TallyPlan:
    """What the detectors in use want, looked up by event type.

    Labels are out `label_delay_days` after what they are about, and the day on which they come in is told no sooner. Raises
    ValueError for a delay that the record of a payee does not reach back over.
    """

    def __init__(self, wanted: Sequence[Wanted], label_delay_days: int = LABEL_DELAY_DAYS) -> None:
        if not 0 <= label_delay_days <= LONGEST_DELAY_DAYS:
            raise ValueError(f"label_delay_days must lie between 0 and {LONGEST_DELAY_DAYS}")
        self._delay_days = label_delay_days
        self._payees = any(isinstance(each, PayeeWanted) for each in wanted)
        self._by_type: dict[type, list[TallyWanted]] = {}
        if self._payees:
            self._by_type |= {Transaction: [], Label: []}
        for tally in wanted:
            if isinstance(tally, TallyWanted):
                for event_type in tally.event_types:
                    self._by_type.setdefault(event_type, []).append(tally)

    def questions(
        self, events: Sequence[AnyEvent], offsets: Sequence[int], first_index: int = 0
    ) -> tuple[list[Query], list[int]]:
        """The questions of events in their order, and for each the index of its event, counted from `first_index`."""
        queries: list[Query] = []
        owners: list[int] = []
        by_type, payees = self._by_type, self._payees
        for index, event in enumerate(events):
            kind = event.__class__
            if kind not in by_type:
                continue
            if payees:
                query = None
                if kind is Transaction:
                    query = self._paid(event, offsets[index])  # type: ignore[arg-type]
                elif kind is Label:
                    query = self._labelled(event, offsets[index])  # type: ignore[arg-type]
                if query is not None:
                    queries.append(query)
                    owners.append(first_index + index)
            for tally in by_type[kind]:
                key = tally.key(event)
                if key is not None:
                    queries.append(
                        TallyQuery(
                            offsets[index],
                            tally.name,
                            key,
                            event.account_id,
                            event.at,
                            tally.bucket_s,
                            tally.adds(event),
                            tally.most_count,
                        )
                    )
                    owners.append(first_index + index)
        return queries, owners

    def _paid(self, event: Transaction, offset: int) -> PayeeQuery | None:
        payee = event.payee_key
        if payee is None:
            return None
        hour = int(event.at / HOUR_S)
        return PayeeQuery(
            offset,
            payee,
            event.account_id,
            event.event_id,
            hour,
            hour // 24 - self._delay_days - 1,
            PAYEE_NONE if event.status == "failed" or event.kind == "refund" else PAYEE_PAYMENT,
        )

    def _labelled(self, event: Label, offset: int) -> PayeeQuery | None:
        payee = event.payee_key
        if payee is None:
            return None
        about_at = event.about_at
        if about_at is None:
            about_at = event.at - self._delay_days * DAY_S
        hour = int(max(0.0, min(about_at, event.at)) / HOUR_S)
        change = PAYEE_FRAUD if event.verdict == "fraud" else PAYEE_NO_FRAUD
        return PayeeQuery(offset, payee, event.account_id, event.about_event_id, hour, 0, change)

    @staticmethod
    def answers(
        size: int, queries: Sequence[Query], owners: Sequence[int], counts: Sequence[Count]
    ) -> list[Tallies]:
        """The counts each of `size` events may read; events with the same answer share one mapping."""
        answers: list[Tallies] = [NONE_ASKED] * size
        alone: dict[tuple[str, int], Tallies] = {}
        for query, owner, count in zip(queries, owners, counts, strict=True):
            known = answers[owner]
            if query.__class__ is PayeeQuery:
                if query.change < PAYEE_FRAUD:
                    answers[owner] = _of_payee(cast(PayeeCounts, count))
                continue
            name, number = cast(TallyQuery, query).name, cast(int, count)
            if known:
                answers[owner] = {**known, name: number}
                continue
            shared = alone.get((name, number))
            if shared is None:
                shared = alone[name, number] = {name: number}
            answers[owner] = shared
        return answers


_AGE, _ACCOUNTS, _C1, _C7, _C30, _F1, _F7, _F30, _NEW = NAMES


def _of_payee(counts: PayeeCounts) -> Tallies:
    age, accounts, c1, c7, c30, f1, f7, f30, new = counts
    return {
        _AGE: age, _ACCOUNTS: accounts, _C1: c1, _C7: c7, _C30: c30,
        _F1: f1, _F7: f7, _F30: f30, _NEW: new,
    }  # fmt: skip
