"""The generated pages say what the code says."""

from __future__ import annotations

import re

import msgspec
import pytest

from detectors import docs as detector_docs
from docs.generate import OTHERS, PAGES, PRINTED
from services.platform import metrics
from services.platform.settings import Settings
from services.platform.settings_text import MEANINGS
from services.policy.file import policy_page
from services.rights.page import page as retention_page
from tests.deploy.conftest import ROOT


@pytest.mark.parametrize("path", PAGES)
def test_a_generated_page_is_fresh(path: str) -> None:
    assert (ROOT / path).read_text() == PAGES[path](), "stale: run make docs"


def test_the_pages_of_other_modules_are_fresh() -> None:
    assert (ROOT / PRINTED["services.policy.file"]).read_text() == policy_page(), "stale: run make docs"
    assert (ROOT / PRINTED["services.rights.page"]).read_text() == retention_page(), "stale: run make docs"
    assert (ROOT / detector_docs.PAGE).read_text() == detector_docs.page(), "stale: run make docs"


def test_every_setting_is_explained_once() -> None:
    assert list(MEANINGS) == [field.name for field in msgspec.structs.fields(Settings)]
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


def test_every_metric_stands_on_its_page() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()

    assert re.findall(r"^\| `(payguard_\w+)`", page, re.MULTILINE) == list(metrics.ALL)


def test_every_generator_is_part_of_make_docs() -> None:
    written = {
        str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")
        for folder in ("detectors", "services", "deploy", "contracts", "notifier")
        for path in (ROOT / folder).rglob("*.py")
        if path.stem in ("generate", "docs", "schema")
    }

    assert written == set(OTHERS)
