"""An answer, and those that PayGuard brings: one Markdown file a language, with TOML between two lines of `+++` at its head."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec
from msgspec import Struct

Locale = Literal["en", "zh-CN"]
Topic = Literal["access", "payments", "top-ups", "safety", "account"]
LOCALES: tuple[Locale, ...] = get_args(Locale)
TOPICS: tuple[Topic, ...] = get_args(Topic)
#: Who wrote what PayGuard brings.
SHIPPED = "payguard"
_FENCE = "+++\n"


class Text(Struct, frozen=True, kw_only=True):
    """What an answer says in one language.

    `asked` is how people ask for it, `body` Markdown, in which `{service}` and the names of `Facts` are filled in. The team
    `reviewed_by`, in the language of the answer, has read it; where that is empty nobody of this installation has, and
    `reviewed_at` is the day it was written. It is due for review at `review_by`.
    """

    topic: Topic
    title: str
    asked: tuple[str, ...] = ()
    body: str
    reviewed_by: str = ""
    reviewed_at: date
    review_by: date
    shown: bool = True


class Article(Struct, frozen=True, kw_only=True):
    """One version of an answer; `written_at` is epoch seconds."""

    slug: str
    locale: str
    version: int
    text: Text
    written_by: str
    written_at: float


class Facts(Struct, frozen=True, kw_only=True):
    """What answers say of this installation: its name, and times that its policy and settings decide."""

    service: str
    hold_hours: int
    undo_minutes: int
    code_minutes: int
    reset_hours: int
    money_days: int
    access_days: int

    def filled(self, text: str) -> str:
        """The text with each `{name}` of a fact replaced; other braces stay as they are."""
        for name, value in msgspec.structs.asdict(self).items():
            text = text.replace(f"{{{name}}}", str(value))
        return text


@cache
def shipped() -> Mapping[tuple[str, Locale], Text]:
    """Every answer that PayGuard brings, by slug and language. Raises ValueError, with its name, for one that is not whole."""
    found: dict[tuple[str, Locale], Text] = {}
    for locale in LOCALES:
        folder = files("services.help").joinpath("articles").joinpath(locale)
        for file in sorted(folder.iterdir(), key=lambda each: each.name):
            if file.name.endswith(".md"):
                found[file.name.removesuffix(".md"), locale] = parsed(file.name, file.read_text("utf-8"))
    return found


def parsed(name: str, written: str) -> Text:
    """The answer in a file of that name. Raises ValueError with the name and what is wrong."""
    before, *rest = written.split(_FENCE, 2)
    if before or len(rest) != 2:
        raise ValueError(f"{name}: an answer begins with TOML between two lines of +++, then comes its text")
    try:
        head = tomllib.loads(rest[0])
        return msgspec.convert({**head, "body": rest[1].strip()}, Text)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{name}: {error}") from None
