"""`services/` is a list of rooms: each says what it is, and imports go down one list of layers."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
ROOMS = sorted(path.parent.name for path in SERVICES.glob("*/__init__.py"))
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = CONTRACTS[0]["layers"]


def test_services_holds_rooms_and_nothing_else() -> None:
    left = [path.name for path in SERVICES.iterdir() if path.is_file()]
    folders = sorted(path.name for path in SERVICES.iterdir() if path.is_dir() and path.name[0] not in "._")

    assert left == ["__init__.py"]
    assert folders == sorted([*ROOMS, "migrations"] if "migrations" not in ROOMS else ROOMS)


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "migrations"])
def test_a_room_says_what_it_is_what_it_may_import_and_what_imports_it(room: str) -> None:
    text = (SERVICES / room / "__init__.py").read_text(encoding="utf-8")
    what, *more = (ast.get_docstring(ast.parse(text)) or "").split("\n")

    assert len(what) > 30
    assert [line.split(":")[0] for line in more if ":" in line] == ["May import", "Imported by"]


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "migrations"])
def test_a_room_has_its_place_in_the_layers(room: str) -> None:
    assert f"services.{room}" in LAYERS


def test_the_layers_have_no_exceptions() -> None:
    assert [contract["name"] for contract in CONTRACTS if "ignore_imports" in contract] == []


def test_the_contributors_page_lists_the_layers_in_their_order() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = page[page.index("one list of layers") :]
    places = [told.index(f"`{layer.removeprefix('services.')}`") for layer in LAYERS]

    assert places == sorted(places)
