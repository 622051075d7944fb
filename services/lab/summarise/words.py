"""Decisions in words, for files and for the live page."""

from __future__ import annotations

from collections.abc import Callable

from contracts.decisions import Decision


def words_in(locale: str) -> Callable[[Decision], list[str]]:
    """A function that puts a decision into sentences, headline first."""
    from detectors import discover
    from services.scoring.explain import headline, reasons_of, sentences

    reasons = reasons_of(found.spec for found in discover())
    return lambda decision: [headline(decision, locale), *sentences(decision, locale, reasons)]
