"""What owners read of kinds of cases, as the pages and letters name their sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.cases.kind_files import kinds
from services.cases.kind_shapes import Choice, Said


def owner_sentences() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each sentence by its key: tiles, questions and their answers, steps, and ends. One key may come several times."""
    for name, kind in kinds().items():
        if (owner := kind.owner) is not None:
            yield f"report.title_{name}", _said(owner.title)
            yield f"report.sub_{name}", _said(owner.sub)
            for field in owner.fields:
                yield f"report.ask_{field.name}", _said(field.ask)
                for choice in field.choices:
                    yield f"report.{field.name}_{choice.name}", _said(choice)
        for step in kind.steps:
            if step.owner is not None:
                yield f"step.{name}_{step.name}", _said(step.owner)
        for ending in kind.closings:
            yield f"outcome.{ending.outcome}", _said(ending.owner)


def report_called(kind: str, locale: str) -> str | None:
    """How a letter calls what the case is about; None for a case that nobody reported."""
    known = kinds().get(kind)
    return None if known is None or known.owner is None else known.owner.called.in_(locale)


def report_ended(kind: str, outcome: str, locale: str) -> str | None:
    """How a letter says that a case of the kind ended; None for an end that is not the kind's own."""
    known = kinds().get(kind)
    ending = None if known is None or known.owner is None else known.ending(outcome)
    return None if ending is None else (ending.letter or ending.owner).in_(locale)


def _said(said: Said | Choice) -> Mapping[str, str]:
    return {"en": said.en, "zh-CN": said.zh}
