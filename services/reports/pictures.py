"""Files that owners add, taken for what they are: the kind by its first bytes, pictures made anew, documents as they are. Pure.

A picture that is decoded and written again keeps its pixels and loses all else: place and device in its metadata, and whatever
was hidden behind its end.
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zlib
from typing import Literal, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES = 10_000_000
MOST_FILES = 5
#: Pixels are what a picture costs to open, whatever its bytes. A JPEG of more is opened at a fraction of its size.
_MOST_PIXELS = 36_000_000
_MOST_JPEG_PIXELS = 2 * _MOST_PIXELS
# Its own bound, which warns, stands above ours.
Image.MAX_IMAGE_PIXELS = None
#: As large as anybody reads a picture of a letter or a screen.
_LONGEST_SIDE = 4096
_LONGEST_NAME = 80
#: What the decoders raise for bytes that are no whole picture; a bomb is a ValueError of our own before they begin.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    UnidentifiedImageError,
    Image.DecompressionBombError,
)

Refusal = Literal["too_large", "kind", "broken", "pixels", "empty"]


class FileRefused(Exception):
    """The file is not taken; `why` says the rule that it breaks."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(_RULES[why])
        self.why = why


_RULES: dict[Refusal, str] = {
    "too_large": f"a file has at most {MOST_BYTES // 1_000_000} MB",
    "kind": "a file is a PNG, JPEG or WebP picture, or a PDF, by what is in it",
    "broken": "the picture cannot be opened; save it again and send that",
    "pixels": f"a picture has at most {_MOST_PIXELS // 1_000_000} million pixels, a JPEG twice as many",
    "empty": "the file is empty",
}


class Kind(NamedTuple):
    """A kind of file: its media type, the ending of its name, and how Pillow calls it (None: kept as it is)."""

    media_type: str
    ending: str
    decoder: str | None


PNG = Kind("image/png", "png", "PNG")
JPEG = Kind("image/jpeg", "jpg", "JPEG")
WEBP = Kind("image/webp", "webp", "WEBP")
PDF = Kind("application/pdf", "pdf", None)


class Taken(NamedTuple):
    """A file as it is kept."""

    media_type: str
    name: str
    body: bytes


def kind_of(body: bytes) -> Kind | None:
    """The kind of a file by its first bytes; None for any other than the four."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if body.startswith(b"\xff\xd8\xff"):
        return JPEG
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return WEBP
    return PDF if body.startswith(b"%PDF-") else None


def taken(body: bytes, said_name: str) -> Taken:
    """The file as it is kept, under a name that people can read. Raises FileRefused. It takes long: give it a thread."""
    if not body:
        raise FileRefused("empty")
    if len(body) > MOST_BYTES:
        raise FileRefused("too_large")
    kind = kind_of(body)
    if kind is None:
        raise FileRefused("kind")
    name = readable_name(said_name, kind)
    return Taken(kind.media_type, name, body if kind.decoder is None else _made_anew(body, kind.decoder))


def readable_name(said: str, kind: Kind) -> str:
    """A name for people alone: the last part of a path, without what shows nothing, with the ending of what the file is."""
    last = said.replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in unicodedata.normalize("NFC", last) if _shows(each))
    stem = shown.rpartition(".")[0] or shown
    stem = " ".join(stem.split())[:_LONGEST_NAME].strip(" .")
    return f"{stem or 'file'}.{kind.ending}"


def _shows(char: str) -> bool:
    return char == " " or unicodedata.category(char)[0] not in "CZ"


def _made_anew(body: bytes, decoder: str) -> bytes:
    try:
        with Image.open(io.BytesIO(body), formats=[decoder]) as opened:
            _bounded(opened)
            picture = ImageOps.exif_transpose(opened)
            picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            return _written(picture, decoder)
    except _BROKEN:
        raise FileRefused("broken") from None


def _bounded(opened: Image.Image) -> None:
    """Have the picture opened at a size that memory holds. Raises FileRefused. Nothing has been decoded before this."""
    pixels, jpeg = opened.width * opened.height, opened.format == "JPEG"
    if pixels > (_MOST_JPEG_PIXELS if jpeg else _MOST_PIXELS):
        raise FileRefused("pixels")
    if jpeg and pixels > _MOST_PIXELS:
        opened.draft(None, (_LONGEST_SIDE // 2, _LONGEST_SIDE // 2))


def _written(picture: Image.Image, decoder: str) -> bytes:
    """Its pixels alone, as the same kind of file, or as a JPEG where that would be too large."""
    plain = picture.convert("RGBA" if picture.has_transparency_data and decoder != "JPEG" else "RGB")
    plain.info = {}
    written = io.BytesIO()
    plain.save(written, decoder, **({} if decoder == "PNG" else {"quality": 88}))
    return written.getvalue()
