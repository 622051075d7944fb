"""Every sentence of the pages, in both languages, and how the reader's language is found."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from services.cases.kind_words import owner_sentences

LOCALES = ("en", "zh-CN")
#: What each language calls itself, for the switch.
NAMES = {"en": "English", "zh-CN": "简体中文"}
_LONGEST_HEADER = 200
#: The room of the pages that owners see.
_OWNERS = "services.portal"


class Wording:
    """The sentences of one language; `wording("approve.title")`."""

    def __init__(self, locale: str, texts: Mapping[str, str]) -> None:
        self.locale = locale
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """The sentence with its values filled in: the form for one, KEY_one, where `n` is 1 and there is such. Raises
        KeyError for one that does not exist."""
        if values.get("n") in (1, "1") and f"{key}_one" in self._texts:
            key = f"{key}_one"
        return self._texts[key].format_map({name: str(value) for name, value in values.items()})

    def __contains__(self, key: str) -> bool:
        return key in self._texts


@cache
def catalogue(room: str = _OWNERS) -> Mapping[str, Mapping[str, str]]:
    """Every key with its sentence by locale, of all files in the room's folder `words`, read once.

    What owners read of the kinds of cases is with theirs.

    Raises ValueError for one that stands twice.
    """
    found: dict[str, Mapping[str, str]] = {}
    for file in sorted(files(room).joinpath("words").iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".toml"):
            continue
        for page, names in tomllib.loads(file.read_text("utf-8")).items():
            for name, said in names.items():
                if f"{page}.{name}" in found:
                    raise ValueError(
                        f"the sentence {page}.{name} stands twice, the second time in {file.name}"
                    )
                found[f"{page}.{name}"] = said
    for key, said in owner_sentences() if room == _OWNERS else ():
        if found.setdefault(key, said) != said:
            raise ValueError(f"the sentence {key} is said in two ways, the second time by a kind of case")
    return found


@cache
def wording(locale: str, room: str = _OWNERS) -> Wording:
    """The sentences of a locale of LOCALES, of one room's pages."""
    return Wording(locale, {key: said[locale] for key, said in catalogue(room).items()})


def known(locale: str | None) -> str | None:
    """The locale when we speak it, else None."""
    return locale if locale in LOCALES else None


def preferred(accept_language: str) -> str:
    """The locale of an Accept-Language header that the reader likes most (RFC 9110 section 12.5.4); en for any other."""
    best, best_weight = LOCALES[0], 0.0
    for offered in accept_language[:_LONGEST_HEADER].split(","):
        tag, _, parameter = offered.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        locale = {"en": "en", "zh": "zh-CN"}.get(language)
        weight = _weight(parameter)
        if locale is not None and weight > best_weight:
            best, best_weight = locale, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
