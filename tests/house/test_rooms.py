"""`services/` is a list of rooms: each says what it is, and imports go down one list of layers."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
ROOMS = sorted(path.parent.name for path in SERVICES.glob("*/__init__.py"))
FOLDERS = sorted(
    folder.parent for top in (SERVICES / "lab", ROOT / "benchmarks") for folder in top.glob("*/__init__.py")
)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = CONTRACTS[0]["layers"]


def test_services_holds_rooms_and_nothing_else() -> None:
    left = [path.name for path in SERVICES.iterdir() if path.is_file()]
    folders = sorted({path.relative_to(SERVICES).parts[0] for path in SERVICES.glob("*/**/*.py")})

    assert left == ["__init__.py"]
    assert folders == sorted({*ROOMS, "migrations"})


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "migrations"])
def test_a_room_says_what_it_is_what_it_may_import_and_what_imports_it(room: str) -> None:
    text = (SERVICES / room / "__init__.py").read_text(encoding="utf-8")
    what, *more = (ast.get_docstring(ast.parse(text)) or "").split("\n")

    assert len(what) > 30
    assert [line.split(":")[0] for line in more if ":" in line] == ["May import", "Imported by"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_a_folder_of_the_laboratory_and_the_bench_says_so_too_and_has_its_place(folder: Path) -> None:
    what, *more = (ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or "").split("\n")
    dotted = ".".join(folder.relative_to(ROOT).parts)
    placed = {
        name.strip()
        for contract in CONTRACTS
        for each in contract.get("layers", ())
        for name in each.split("|")
    }

    assert len(what) > 30
    assert [line.split(":")[0] for line in more if ":" in line] == ["May import", "Imported by"]
    assert dotted in placed


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


WALK = re.compile(r"^\d\. `([\w/.]+)`: (.*)$", re.M)


def test_a_walk_of_at_most_six_openings_leads_to_what_decides_that_a_device_is_new() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    walk = WALK.findall(page[page.index("To follow an event") : page.index("## House rules")])
    named = [(path, re.findall(r"`([\w.]+)`", told)) for path, told in walk]

    assert len(walk) <= 6
    assert walk[-1][0] == "detectors/new_device.py"
    for path, words in named:
        text = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).is_file() else "stream"
        assert [word for word in words if word.split(".")[-1] not in text] == []
