"""Stories of owners, each walked in two of the 24 ways of tests/browser/ways.py, without a complaint of the browser's.

The table stands in docs/pages.md. Stories of one page, and of the demonstration, have files of their own.
"""

from __future__ import annotations

import pytest

from tests.browser.chromium import Browser
from tests.browser.owner import Owner
from tests.browser.served import Served
from tests.browser.stories.story import Story
from tests.browser.stories.walks import WALKS
from tests.browser.ways import Way


def _called(value: object) -> str:
    return value.name if isinstance(value, Story | Way) else ""


@pytest.mark.browser
@pytest.mark.parametrize(("story", "way"), WALKS, ids=_called)
def test_the_owner_gets_to_the_end_and_the_browser_complains_of_nothing(
    browser: Browser, served: Served, story: Story, way: Way
) -> None:
    owner = Owner(browser, served, way)
    story.walk(owner)

    assert owner.complaints(story.refusals) == []
