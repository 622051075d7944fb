"""Files are taken for what is in them, and pictures keep their pixels alone."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.pictures import MOST_BYTES, PDF, PNG, FileRefused, kind_of, readable_name, taken
from tests.services.reports.files import PDF as DOCUMENT
from tests.services.reports.files import SVG, opened, photo_with_a_place, picture


def refused(body: bytes, name: str = "x.png") -> str:
    with pytest.raises(FileRefused) as error:
        taken(body, name)
    return error.value.why


@pytest.mark.parametrize(
    ("kind", "media"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_a_picture_is_what_its_bytes_say_whatever_it_is_called(kind: str, media: str) -> None:
    file = taken(picture(kind), "invoice.pdf")

    assert (file.media_type, opened(file.body).format, opened(file.body).size) == (media, kind, (40, 30))
    assert file.name.startswith("invoice.")
    assert not file.name.endswith("pdf")


def test_a_photo_loses_its_place_and_its_phone_and_stands_upright() -> None:
    sent = photo_with_a_place()
    file = taken(sent, "IMG_1.jpg")

    assert (b"SecretPhone" in sent, b"hidden words" in sent) == (True, True)
    assert not any(secret in file.body for secret in (b"SecretPhone", b"hidden words", b"Exif"))
    assert opened(file.body).size == (30, 40)


def test_what_hides_behind_the_end_of_a_picture_goes() -> None:
    hidden = BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("run.exe", b"MZ evil")

    assert b"MZ evil" not in taken(picture() + hidden.getvalue(), "x.png").body


def test_a_document_is_kept_as_it_is() -> None:
    assert taken(DOCUMENT, "receipt.pdf") == ("application/pdf", "receipt.pdf", DOCUMENT)


@pytest.mark.parametrize(
    "body",
    [SVG, b"<html><script>1</script>", b"GIF89a" + bytes(20), b"PK\x03\x04zip", b"MZ", b" %PDF-1.7", b"\x00"],
)
def test_no_other_kind_is_taken_whatever_it_is_called(body: bytes) -> None:
    assert refused(body, "holiday.png") == "kind"


def test_what_is_empty_too_large_or_no_whole_picture_is_refused() -> None:
    whole = picture("JPEG", (300, 300))

    assert refused(b"") == "empty"
    assert refused(b"%PDF-" + bytes(MOST_BYTES)) == "too_large"
    assert refused(whole[: len(whole) // 2]) == "broken"
    assert refused(b"\x89PNG\r\n\x1a\n" + bytes(50)) == "broken"


def test_a_bomb_of_pixels_is_refused_before_it_is_opened() -> None:
    """400 million pixels of one colour, in 400 kB."""
    from PIL import Image

    written = BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")

    assert refused(written.getvalue()) == "pixels"


@given(
    st.binary(max_size=300), st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF0000WEBP", b""])
)
def test_any_bytes_are_taken_or_refused_and_nothing_else(rest: bytes, magic: bytes) -> None:
    try:
        file = taken(magic + rest, "x")
    except FileRefused:
        return
    assert kind_of(file.body) is not None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\li\\scan.PDF", "scan.pdf"),
        ("房源截图.jpg", "房源截图.pdf"),
        ("gpj.\u202efdp", "gpj.pdf"),
        ("a\x00b\r\nc.pdf", "abc.pdf"),
        ("", "file.pdf"),
        ("...", "file.pdf"),
        ("x" * 500 + ".pdf", "x" * 80 + ".pdf"),
    ],
)
def test_a_name_is_for_reading_alone(said: str, name: str) -> None:
    assert readable_name(said, PDF) == name


@given(st.text(max_size=200))
def test_every_name_is_one_line_without_a_path(said: str) -> None:
    name = readable_name(said, PNG)

    assert name.isprintable()
    assert not set(name) & set("/\\")
    assert 5 <= len(name) <= 90
