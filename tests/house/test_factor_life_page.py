"""docs/factor-life.md names every event of a factor's life, and calls that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from contracts.changes import OwnChange
from services.api.application import openapi_document

PAGE = (Path(__file__).parents[2] / "docs" / "factor-life.md").read_text("utf-8")
ACCOUNT = "/v1/accounts/{account_id}/totp"


def test_the_page_names_every_change_and_no_other() -> None:
    named = set(re.findall(r"`((?:totp|recovery)_\w+)`", PAGE))

    assert set(get_args(OwnChange)) == named


def test_the_page_names_calls_that_exist() -> None:
    paths = openapi_document()["paths"]
    said = re.findall(r"`(GET|POST|DELETE) ((?:\.\.\.|/v1)[^`]*)`", PAGE)

    assert len(said) >= 8
    for method, path in said:
        full = path.replace("{id}", "{account_id}").replace("{reset}", "{reset_id}")
        full = full.replace(".../totp", ACCOUNT)
        assert method.lower() in paths.get(full, {}), (method, full)
