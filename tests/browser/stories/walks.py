"""Every story, and each walk: a story in one of its two ways."""

from __future__ import annotations

from tests.browser.stories import centre, codes, letters, telling
from tests.browser.ways import ways_of

STORIES = (*letters.STORIES, *codes.STORIES, *centre.STORIES, *telling.STORIES)
WALKS = [(story, way) for number, story in enumerate(STORIES) for way in ways_of(number)]
