"""What a batch asks across accounts, counts and records of payees, as lists of questions in event order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from contracts.events import AnyEvent, Label, Transaction
from contracts.findings import PayeeWanted, Tallies, TallyWanted, Wanted
from contracts.payees import LABEL_DELAY_DAYS, LONGEST_DELAY_DAYS, NAMES, PayeeCounts
from contracts.ports import (
    PAYEE_FRAUD,
    PAYEE_NO_FRAUD,
    PAYEE_NONE,
    PAYEE_PAYMENT,
    PayeeQuestions,
    TallyQuestions,
    TallyRequest,
    TallyResponse,
)
from contracts.profile import DAY_S, HOUR_S

NONE_ASKED: Tallies = {}
_account_id = attrgetter("account_id")
_at = attrgetter("at")


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
        self._tallies = [each for each in wanted if isinstance(each, TallyWanted)]

    def nothing_asked(self) -> TallyRequest:
        """The questions of no event, to be asked more."""
        return TallyRequest(
            [TallyQuestions(each.name, each.bucket_s, each.most_count) for each in self._tallies],
            PayeeQuestions(self._delay_days),
        )

    def ask(
        self,
        questions: TallyRequest,
        events: Sequence[AnyEvent],
        offsets: Sequence[int],
        first_index: int = 0,
    ) -> None:
        """Add the questions of further events of a batch, whose indexes in it begin with `first_index`."""
        chosen: dict[tuple[type, ...], _Chosen] = {}
        for tally, asked in zip(self._tallies, questions.tallies, strict=True):
            of_types = chosen.get(tally.event_types)
            if of_types is None:
                places = [place for place, event in enumerate(events) if event.__class__ in tally.event_types]
                of_types = chosen[tally.event_types] = _Chosen(events, offsets, first_index, places)
            of_types.ask(tally, asked)
        if self._payees:
            _ask_payees(questions.payees, events, offsets, first_index)

    @staticmethod
    def answers(size: int, questions: TallyRequest, answers: TallyResponse) -> list[Tallies]:
        """The counts each of `size` events may read; events with the same answers share one mapping."""
        known: list[Tallies] = [NONE_ASKED]
        states = [0] * size
        _tell_payees(known, states, questions.payees, answers.payees)
        for asked, counts in zip(questions.tallies, answers.tallies, strict=True):
            name = asked.name
            after: dict[tuple[int, int], int] = {}
            for owner, count in zip(asked.owners, counts, strict=True):
                step = (states[owner], count)
                state = after.get(step)
                if state is None:
                    state = after[step] = len(known)
                    known.append({**known[step[0]], name: count})
                states[owner] = state
        return [known[state] for state in states]


def sizes_of(questions: TallyRequest) -> list[int]:
    """How many questions each tally, and at last the payees, were asked so far."""
    return [*(len(asked.owners) for asked in questions.tallies), len(questions.payees.owners)]


def cut_to(questions: TallyRequest, sizes: Sequence[int]) -> None:
    """Take back what was asked beyond these sizes, also where only some of the lists have grown."""
    for asked, size in zip((*questions.tallies, questions.payees), sizes, strict=True):
        for name in asked.__struct_fields__:
            kept = getattr(asked, name)
            if isinstance(kept, list):
                del kept[size:]


class _Chosen:
    """Some of the events, as lists that run beside each other; made when the first tally needs them."""

    def __init__(
        self, events: Sequence[AnyEvent], offsets: Sequence[int], first_index: int, places: list[int]
    ) -> None:
        self._all, self._all_offsets, self._first_index = events, offsets, first_index
        self._places = places
        self._events: list[Any] = [events[place] for place in places]
        self._beside: tuple[list[int], list[int], list[str], list[float]] | None = None

    def ask(self, tally: TallyWanted, asked: TallyQuestions) -> None:
        """Add the tally's question of each event that has a key."""
        keys = list(map(tally.key, self._events))
        if None not in keys:
            self._add(tally, asked, keys)
            return
        places = [place for place, key in zip(self._places, keys, strict=True) if key is not None]
        if places:
            chosen = _Chosen(self._all, self._all_offsets, self._first_index, places)
            chosen._add(tally, asked, [key for key in keys if key is not None])

    def _add(self, tally: TallyWanted, asked: TallyQuestions, keys: Sequence[str | None]) -> None:
        if self._beside is None:
            self._beside = (
                [self._first_index + place for place in self._places],
                [self._all_offsets[place] for place in self._places],
                list(map(_account_id, self._events)),
                list(map(_at, self._events)),
            )
        owners, offsets, members, ats = self._beside
        asked.owners += owners
        asked.offsets += offsets
        asked.members += members
        asked.ats += ats
        asked.keys += keys  # type: ignore[arg-type]
        asked.adds += map(tally.adds, self._events)


def _ask_payees(
    asked: PayeeQuestions, events: Sequence[AnyEvent], offsets: Sequence[int], first_index: int
) -> None:
    add_hour, add_change, add_transaction = (
        asked.hours.append,
        asked.changes.append,
        asked.transactions.append,
    )
    places = []
    for place, event in enumerate(events):
        kind = event.__class__
        if kind is Transaction:
            if event.payee_key is None:  # type: ignore[union-attr]
                continue
            places.append(place)
            add_hour(int(event.at / HOUR_S))
            add_transaction(event.event_id)
            refused = event.status == "failed" or event.kind == "refund"  # type: ignore[union-attr]
            add_change(PAYEE_NONE if refused else PAYEE_PAYMENT)
        elif kind is Label and event.payee_key is not None:  # type: ignore[union-attr]
            places.append(place)
            add_hour(_labelled_hour(event, asked.delay_days))  # type: ignore[arg-type]
            add_transaction(event.about_event_id)  # type: ignore[union-attr]
            add_change(PAYEE_FRAUD if event.verdict == "fraud" else PAYEE_NO_FRAUD)  # type: ignore[union-attr]
    chosen: list[Any] = [events[place] for place in places]
    asked.owners += [first_index + place for place in places]
    asked.offsets += [offsets[place] for place in places]
    asked.payees += [event.payee_key for event in chosen]
    asked.members += map(_account_id, chosen)


def _labelled_hour(event: Label, delay_days: int) -> int:
    about_at = event.about_at
    if about_at is None:
        about_at = event.at - delay_days * DAY_S
    return int(max(0.0, min(about_at, event.at)) / HOUR_S)


def _tell_payees(
    known: list[Tallies], states: list[int], asked: PayeeQuestions, counts: Sequence[PayeeCounts]
) -> None:
    """Labels are told nothing."""
    of_counts: dict[PayeeCounts, int] = {}
    for owner, change, told in zip(asked.owners, asked.changes, counts, strict=True):
        if change < PAYEE_FRAUD:
            state = of_counts.get(told)
            if state is None:
                state = of_counts[told] = len(known)
                known.append(dict(zip(NAMES, told, strict=True)))
            states[owner] = state
