"""Every word of the letters, in both languages: read once, asked for by table and name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

LOCALES = ("zh-CN", "en")


class Words:
    """The words of one language.

    `say("note.near", place=...)` is a sentence with its gaps filled; `letter` finds what a notice says. `countries` are names by
    ISO 3166 code, `cities` Chinese names by English ones.
    """

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._facts: Mapping[str, Mapping[str, Any]] = _in_language(_read("facts"), locale)
        self._letters: Mapping[str, Mapping[str, Any]] = _in_language(_read("letters"), locale)
        at = ("en", "zh-CN").index(locale)
        self.countries: Mapping[str, str] = {code: names[at] for code, names in _read("countries").items()}
        self.cities: Mapping[str, str] = _read("cities") if locale == "zh-CN" else {}
        self.frame: Mapping[str, str] = self._letters["frame"]
        self.short: Mapping[str, str] = _in_language(_read("short"), locale)

    def find(self, table: str, name: str) -> str | None:
        """The words of that name; None where there are none."""
        return self.table(table).get(name)

    def table(self, name: str) -> Mapping[str, str]:
        """All words of that kind."""
        return self._facts[name]

    def forms(self, table: str, name: str) -> Sequence[str]:
        """The words of that name in their several forms. Raises KeyError."""
        found: Sequence[str] = self._facts[table][name]
        return found

    def say(self, name: str, **gaps: object) -> str:
        """The sentence `table.name`, filled. Raises KeyError for one that there is not, or a gap that is not given."""
        table, _, key = name.partition(".")
        return str(self._facts[table][key]).format_map(gaps)

    def letter(self, notice: str, event_type: str | None) -> Mapping[str, Any] | None:
        """What the notice says, of an event of that type where it depends on it; None when there are no such words."""
        found = self._letters.get(notice)
        if found is None or notice in _NO_LETTERS:
            return None
        by_type = [name for name, said in found.items() if isinstance(said, dict)]
        if not by_type:
            return found
        said = found.get(by_type[0] if len(by_type) == 1 else event_type or "")
        return None if said is None else {**found, **said}

    def shared(self, table: str) -> Mapping[str, Any]:
        """What several letters say: `did` by kind of effect, `works` by name."""
        return self._letters[table]


#: Tables beside those of letters.
_NO_LETTERS = frozenset({"frame", "did", "works"})


@cache
def words(locale: str) -> Words:
    """The words of a locale of LOCALES."""
    return Words(locale)


def notices() -> frozenset[str]:
    """The notices that have words."""
    return frozenset(_read("letters")) - _NO_LETTERS


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("notifier.words").joinpath(f"{name}.toml").read_text("utf-8"))


def _in_language(value: Any, locale: str) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == set(LOCALES):
        return value[locale]
    return {name: _in_language(said, locale) for name, said in value.items()}
