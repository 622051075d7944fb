"""What a report asks beside the owner's own words, by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from contracts.errors import Malformed
from contracts.report_kinds import ReportKind
from services.cases.kind_files import kinds

MOST_TEXT = 4000
#: Of a field that is typed.
_MOST_TYPED = 200


class Field(NamedTuple):
    """A question: one of `choices`, or something short to type where there are none. Choices are required."""

    name: str
    choices: tuple[str, ...] = ()


@cache
def fields_of(kind: ReportKind) -> tuple[Field, ...]:
    """What a report of the kind asks, as the kind's file says."""
    owner = kinds()[kind].owner
    asked = () if owner is None else owner.fields
    return tuple(Field(field.name, tuple(choice.name for choice in field.choices)) for field in asked)


class Missing(Malformed):
    """A report lacks something; `field` is `text` or that of its kind."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__("report", detail)
        self.field = field


def checked_answers(kind: ReportKind, said: Mapping[str, str]) -> dict[str, str]:
    """The fields of the kind as they are kept. Raises Missing for one that was not answered so, Malformed for an unknown one."""
    fields = fields_of(kind)
    unknown = set(said) - {field.name for field in fields}
    if unknown:
        raise Malformed(
            "report",
            f"a report of {kind} has the fields {', '.join(field.name for field in fields) or 'none'}",
        )
    answers: dict[str, str] = {}
    for field in fields:
        answer = said.get(field.name, "").strip()
        if field.choices and answer not in field.choices:
            raise Missing(field.name, f"{field.name} is one of {', '.join(field.choices)}")
        if len(answer) > _MOST_TYPED or not answer.isprintable():
            raise Missing(field.name, f"{field.name} has at most {_MOST_TYPED} characters, in one line")
        if answer:
            answers[field.name] = answer
    return answers


def checked_text(text: str) -> str:
    """The owner's words, tidied at their ends. Raises Missing for none, and for more than MOST_TEXT characters."""
    tidy = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not tidy or len(tidy) > MOST_TEXT:
        raise Missing("text", f"text has 1 to {MOST_TEXT} characters")
    return tidy
