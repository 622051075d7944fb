"""A pack as PDF/A-3b, set by Typst: the same bytes for the same pack and fonts, with pack.json attached.

All that it says goes to Typst as data, so that nobody's words are read as markup. Nothing is printed as a box: a symbol that
belongs to no script, such as an emoji, is named in square brackets, and a letter without a glyph is an error.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from msgspec import json

from services.desk.pack import Pack, sha256
from services.desk.pack_words import pack_labels

#: Families that hold Chinese, the first that is installed is taken; the image has the first.
_FAMILIES = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
             "Droid Sans Fallback", "DejaVu Sans", "Libertinus Serif")  # fmt: skip
_SCRIPTS = (
    (("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH"), "fonts-noto-cjk"),
)
_OTHER_FONT = "fonts-noto-core"
#: Symbols from here on belong to no script: emoji, tiles, playing cards.
_FIRST_EMOJI = 0x1F000
_NEVER = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


class PacksUnavailable(Exception):
    """This installation cannot make PDFs: Typst is not installed."""


class GlyphMissing(Exception):
    """No font has these characters; the message names the font to install."""

    def __init__(self, characters: str) -> None:
        some = ", ".join(f"{each} (U+{ord(each):04X})" for each in characters[:5])
        super().__init__(
            f"no font that is installed has {some}; install Debian's {font_for(characters)} where the PDF is made, "
            "or name a folder of fonts by PAYGUARD_PACK_FONTS"
        )


def pdf_of(pack: Pack, body: bytes, fonts: Path | None = None) -> bytes:
    """The pack as PDF; `body` is its JSON, which is attached as it is, and `fonts` a folder of fonts beside the system's.

    It takes a second of one core. Raises PacksUnavailable, and GlyphMissing.
    """
    typst = _typst()
    inputs = {
        "pack": body.decode(),
        "shown": json.encode(printable(json.decode(body))).decode(),
        "words": json.encode(pack_labels(pack.locale)).decode(),
        "fonts": json.encode(_FAMILIES).decode(),
        "sha256": sha256(body),
    }
    try:
        made: bytes = typst.compile(
            _template(),
            format="pdf",
            sys_inputs=inputs,
            font_paths=[] if fonts is None else [str(fonts)],
            pdf_standards=["a-3b"],
            timestamp=datetime.fromisoformat(pack.made_at),
        )
    except typst.TypstError as error:
        missing = _without_glyph(str(error))
        if not missing:
            raise
        raise GlyphMissing(missing) from None
    return made


def font_for(characters: str) -> str:
    """The Debian package that has these characters, by the first of them."""
    name = unicodedata.name(characters[0], "")
    return next((font for scripts, font in _SCRIPTS if name.startswith(scripts)), _OTHER_FONT)


def printable(value: Any) -> Any:
    """The JSON value with every text as it can be printed."""
    if isinstance(value, str):
        return "".join(map(_printed, value)) if not value.isascii() or not value.isprintable() else value
    if isinstance(value, list):
        return [printable(each) for each in value]
    return {name: printable(each) for name, each in value.items()} if isinstance(value, dict) else value


def _printed(letter: str) -> str:
    if letter == "\n":
        return letter
    if letter in "\t\u2028\u2029":
        return " "
    kind = unicodedata.category(letter)
    if letter == "\ufffd" or (kind in _NEVER and letter not in "\u200d\ufe0f"):
        return f"[U+{ord(letter):04X}]"
    if letter in "\u200d" or unicodedata.name(letter, "").startswith("VARIATION SELECTOR"):
        return ""
    if ord(letter) >= _FIRST_EMOJI and kind[0] == "S":
        return f"[{unicodedata.name(letter, f'U+{ord(letter):04X}').lower()}]"
    return letter


def _without_glyph(said: str) -> str:
    """The characters that Typst says it has no glyph of; empty when it says something else."""
    if "could not be displayed" not in said:
        return ""
    quoted = said.split('"')[1] if said.count('"') >= 2 else said
    return "".join(dict.fromkeys(each for each in quoted if not each.isascii())) or "?"


@cache
def _template() -> bytes:
    return files("services.desk").joinpath("templates", "pack.typ").read_bytes()


def _typst() -> Any:
    try:
        import typst
    except ModuleNotFoundError:
        raise PacksUnavailable(
            "this installation makes no PDFs: install payguard with its extra `packs`"
        ) from None
    return typst
