"""Questions asked in batches of any lengths, as a partition is cut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

Question = TypeVar("Question")
Answer = TypeVar("Answer")

#: Lengths of batches, used over and over.
CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=6)
#: For properties of a store that a fixture gives: each example makes an empty one.
shared = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def in_cuts(
    ask: Callable[[list[Question]], Awaitable[list[Answer]]], questions: list[Question], cuts: list[int]
) -> list[Answer]:
    """All answers, asked in batches of these lengths."""
    answers: list[Answer] = []
    turn = 0
    while len(answers) < len(questions):
        answers += await ask(questions[len(answers) : len(answers) + cuts[turn % len(cuts)]])
        turn += 1
    return answers
