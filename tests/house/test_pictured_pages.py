"""docs/pages.md shows every page that owners meet, on a phone and on a desktop, in small pictures that all exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from PIL import Image

from services.answers.routers import ROUTERS as ANSWERS
from services.centre.routers import ROUTERS as CENTRE
from services.help import pages as help_pages
from services.portal.routers import ROUTERS as PORTAL
from services.reports.routers import ROUTERS as REPORTS
from tests.browser.ways import SIZES

DOCS = Path(__file__).resolve().parents[2] / "docs"
FOLDER = DOCS / "pages"
PAGE = (DOCS / "pages.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(/my/[^`]*)` \| ([^|]+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
SHOWN = re.compile(r'<img src="pages/([\w-]+)-(phone|desktop)\.png" width="\d+" alt="[^"]+">')
#: What is fetched and shows no page of its own, the wallet's own page, and the short address that leads to an answer's.
NO_PAGES = {
    "/my/assets/{digest}/{name}",
    "/my/centre/cases/{case_id}/files/{number}",
    "/my/sign-in",
    "/my/a/{text}",
}
MOST_BYTES = 4_000_000


def pages() -> set[str]:
    """The path of each route that a browser gets a page from."""
    routes = [
        route
        for router in (*PORTAL, *ANSWERS, *CENTRE, *REPORTS, help_pages.router)
        for route in router.routes
    ]
    return {
        route.path
        for route in routes
        if isinstance(route, APIRoute) and route.path.startswith("/my/") and "GET" in (route.methods or ())
    } - NO_PAGES


def test_every_page_has_its_picture() -> None:
    assert {path for path, *_ in ROWS} == pages()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_each_stands_there_on_a_phone_and_on_a_desktop(row: tuple[str, str, str, str]) -> None:
    shown = [SHOWN.fullmatch(cell) for cell in row[2:]]
    (name, phone), (again, desktop) = (each.groups() for each in shown if each is not None)

    assert (name, phone, desktop) == (again, "phone", "desktop")
    for screen, (width, _) in SIZES.items():
        with Image.open(FOLDER / f"{name}-{screen}.png") as picture:
            assert (picture.mode, picture.width) == ("P", width)


def test_no_picture_is_left_that_nothing_shows() -> None:
    texts = "".join(
        page.read_text(encoding="utf-8") for page in (*DOCS.glob("*.md"), DOCS.parent / "README.md")
    )

    assert {f"pages/{file.name}" for file in FOLDER.iterdir()} == set(re.findall(r"pages/[\w-]+\.png", texts))


def test_the_pictures_are_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < MOST_BYTES
