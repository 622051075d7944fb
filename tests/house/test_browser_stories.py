"""The stories that are walked in a browser: how many, in which ways, and that docs/pages.md names them."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

from tests.browser.stories.walks import STORIES, WALKS
from tests.browser.ways import WAYS, table, ways_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pages.md"


def test_there_are_twenty_stories_at_least_each_with_a_name() -> None:
    assert len({story.name for story in STORIES}) == len(STORIES) >= 20


def test_each_story_is_walked_in_both_languages_on_both_screens_in_both_schemes_by_two_hands() -> None:
    for number in range(len(STORIES)):
        first, second = ways_of(number)
        assert all(one != other for one, other in zip(first, second, strict=True))


def test_each_way_is_taken_by_several_stories_so_that_every_pair_of_values_occurs() -> None:
    taken = Counter(way for _, way in WALKS)
    pairs = {pair for way in taken for pair in combinations(enumerate(way), 2)}
    wanted = {pair for way in WAYS for pair in combinations(enumerate(way), 2)}

    assert set(taken) == set(WAYS)
    assert min(taken.values()) >= 2
    assert pairs == wanted


def test_the_page_prints_the_table() -> None:
    assert table([story.name for story in STORIES]) in PAGE.read_text(encoding="utf-8")
