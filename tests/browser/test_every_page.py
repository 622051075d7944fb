"""Every page in every state keeps the rules in every look: two languages, two screens, two schemes, and what else people use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from tests.browser.chromium import Browser, not_there
from tests.browser.every_look import Fault, faults_in_every_look
from tests.browser.page_rules import AXE
from tests.browser.served import Served
from tests.browser.tour.whole import tour
from tests.browser.ways import Language
from tests.services.portal.site import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

#: Statuses of pages that are meant to be refused; the browser complains of them by itself.
_REFUSED = re.compile(r"the server responded with a status of (400|403|404|410|503) ")
#: What is fetched and shows no page of its own.
_NO_PAGES = {"/my/assets/{digest}/{name}", "/my/centre/cases/{case_id}/files/{number}"}


@dataclass
class Toured:
    """What was met on the tour."""

    faults: dict[str, list[Fault]] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    routes: set[str] = field(default_factory=set)


@pytest.fixture(scope="module", params=["en", "zh-CN"])
def toured(
    request: pytest.FixtureRequest,
    chromium: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    migrated_file: Path,
) -> Toured:
    """Each place is loaded once and looked at in every way."""
    language: Language = request.param
    met = Toured()
    chromium.begin_anew()
    with Served(tmp_path_factory.mktemp("tour"), migrated_file) as served:
        met.routes = {
            route.path
            for router in PAGES
            for route in router.routes
            if isinstance(route, APIRoute)
            and route.path.startswith("/my/")
            and "GET" in (route.methods or ())
        }
        for place in tour(chromium, served, language):
            assert place not in met.faults, f"the tour says {place} twice"
            met.paths.add(chromium.path)
            met.faults[place] = faults_in_every_look(chromium, language)
    met.complaints = [one for one in chromium.complaints() if not _REFUSED.search(one)]
    return met


def test_no_page_breaks_a_rule_in_any_look(toured: Toured) -> None:
    assert {place: found for place, found in toured.faults.items() if found} == {}


def test_axe_core_looked_too() -> None:
    if not AXE.exists():
        not_there("axe-core is not fetched: `make test-browser` does so by npm")


def test_the_tour_comes_by_every_page(toured: Toured) -> None:
    def seen(route: str) -> bool:
        shape = re.compile(re.sub(r"\{\w+\}", "[^/]+", route))
        return any(shape.fullmatch(path) for path in toured.paths)

    assert {route for route in toured.routes if not seen(route)} == _NO_PAGES


def test_the_browser_complains_of_no_page(toured: Toured) -> None:
    assert toured.complaints == []
