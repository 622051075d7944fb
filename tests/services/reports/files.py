"""Files as owners' phones send them, and some that nobody should."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **more: Any) -> bytes:
    """A picture of one colour."""
    written = io.BytesIO()
    Image.new("RGB", size, (20, 120, 90)).save(written, kind, **more)
    return written.getvalue()


def photo_with_a_place() -> bytes:
    """A JPEG that says where it was taken, by whom, and which way up it is held."""
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (31.0, 13.0, 0.0)
    return picture("JPEG", (40, 30), exif=exif, comment=b"hidden words")


def opened(body: bytes) -> Image.Image:
    """The picture in it."""
    return Image.open(io.BytesIO(body))
