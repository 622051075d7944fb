"""Kinds of cases as data: one file each in `services/cases/kinds`, read once and checked as a whole.

What a file may hold are the fields of `KindFile`. `contracts/kind_rows.py` is written from the same files by `make docs`, so that
the contracts read none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from services.cases.kind_file_faults import faults
from services.cases.kind_shapes import KindFile, Macro

#: What a macro may name in braces, filled in from the case and its evidence.
PLACEHOLDERS = frozenset(
    {
        "number",
        "amount",
        "payee",
        "at",
        "due",
        "reference",
        "channel",
        "cause",
        "remedy",
        "state",
        "offer",
        "answer",
        "regulator",
        "picked",
    }
)
_BRACED = re.compile(r"\{([^{}]*)\}")


class KindFault(ValueError):
    """A kind's file is not as it must be; the message has a line for each fault."""


@cache
def kinds() -> Mapping[str, KindFile]:
    """Every kind by its name, in order. Raises KindFault."""
    return read_kinds(files("services.cases").joinpath("kinds"))


def read_kinds(folder: Traversable) -> Mapping[str, KindFile]:
    """The kinds of a folder: one file each, named after it. Raises KindFault with every fault of every file."""
    read: dict[str, KindFile] = {}
    wrong: list[str] = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".toml"):
            continue
        name = file.name.removesuffix(".toml")
        try:
            read[name] = parse_kind(name, file.read_text("utf-8"))
        except KindFault as error:
            wrong.append(str(error))
    if wrong:
        raise KindFault("\n".join(wrong))
    return dict(sorted(read.items(), key=lambda each: (each[1].order, each[0])))


def parse_kind(name: str, text: str) -> KindFile:
    """One kind of the text of its file. Raises KindFault with every fault of it."""
    path = f"kinds/{name}.toml"
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KindFault(f"{path}: {error}") from None
    wrong = list(faults(value, KindFile, path))
    if not wrong:
        kind = msgspec.convert(value, KindFile)
        wrong = list(_disagreements(name, kind, path))
    if wrong:
        raise KindFault("\n".join(wrong))
    return kind


def _disagreements(name: str, kind: KindFile, path: str) -> Iterator[str]:
    if name != "risk" and (kind.owner is None or kind.clock is None or not kind.about):
        yield f"{path}: expected about, clock and owner, got a kind that owners cannot report"
    named = {
        "steps": [each.name for each in kind.steps],
        "fields": [each.name for each in kind.fields],
        "macros": [each.name for each in kind.macros],
        "waiting": [each.name for each in kind.waiting],
        "closings": [each.outcome for each in kind.closings],
        "closings.key": [each.key for each in kind.closings],
        "deadlines": [each.rule for each in kind.deadlines],
        "causes.codes": [code for each in kind.causes for code in each.codes],
    }
    for what, names in named.items():
        for twice in sorted({each for each in names if names.count(each) > 1}):
            yield f"{path}.{what}: expected each once, got {twice!r} twice"
    for step in kind.steps:
        yield from _missing(f"{path}.steps.{step.name}.field", step.field, named["fields"])
        yield from _missing(f"{path}.steps.{step.name}.deadline", step.deadline, named["deadlines"])
    for ending in kind.closings:
        yield from _missing(f"{path}.closings.{ending.outcome}.macro", ending.macro, named["macros"])
        yield from _missing(f"{path}.closings.{ending.outcome}.needs", ending.needs, named["fields"])
    for one in kind.fields:
        if (one.form == "choice") != bool(one.choices):
            yield f"{path}.fields.{one.name}: expected choices where the form is choice, and there alone"
    for macro in kind.macros:
        yield from _placeholders(macro, f"{path}.macros.{macro.name}.text")


def _missing(path: str, name: str | None, known: list[str]) -> Iterator[str]:
    if name is not None and name not in known:
        yield f"{path}: expected one of {', '.join(known) or 'none'}, got {name!r}"


def _placeholders(macro: Macro, path: str) -> Iterator[str]:
    en, zh = ({*_BRACED.findall(text)} for text in (macro.text.en, macro.text.zh))
    for unknown in sorted((en | zh) - PLACEHOLDERS):
        yield f"{path}: expected one of {', '.join(sorted(PLACEHOLDERS))}, got {{{unknown}}}"
    if en != zh:
        yield f"{path}: expected the same names in both languages, got {sorted(en)} and {sorted(zh)}"
