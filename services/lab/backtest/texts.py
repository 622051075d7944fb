"""The texts of a backtest's report in each language, from `texts.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

LOCALES = ("en", "zh-CN")


@cache
def texts(locale: str) -> dict[str, str]:
    """Every text by its name, read once. Raises ValueError for a locale without texts."""
    if locale not in LOCALES:
        raise ValueError(f"no texts for locale {locale!r}; known: {', '.join(LOCALES)}")
    parsed = tomllib.loads(files("services.lab.backtest").joinpath("texts.toml").read_text("utf-8"))
    return {name: said[locale] for name, said in parsed.items()}
