"""Which kinds of tests a place may hold: a file in which `-m` can want nothing is not read, which takes as long as many tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, combinations
from pathlib import Path

from _pytest.mark.expression import Expression
from msgspec import Struct

HERE = Path(__file__).parent


class Place(Struct, frozen=True):
    """Its tests are of at least one kind of `one_of`, where that names any, and of any of `besides`."""

    one_of: frozenset[str] = frozenset()
    besides: frozenset[str] = frozenset()

    @property
    def kinds(self) -> frozenset[str]:
        """All kinds that its tests may be of."""
        return self.one_of | self.besides


_ANYWHERE = Place(besides=frozenset({"real", "bench"}))
PLACES = {
    "browser": Place(one_of=frozenset({"browser"}), besides=frozenset({"timed"})),
    "chaos": Place(besides=frozenset({"real", "chaos", "timed"})),
    "e2e": Place(one_of=frozenset({"e2e", "real", "chaos"}), besides=frozenset({"timed"})),
    "services/mfa": Place(besides=frozenset({"e2e", "real"})),
    "services/api/test_openapi_boundaries.py": Place(one_of=frozenset({"real"})),
}
KINDS = _ANYWHERE.kinds.union(*(place.kinds for place in PLACES.values()))


def place_of(path: Path) -> Place:
    """The place that a file of tests is in."""
    inside = path.relative_to(HERE)
    for each in (inside, *inside.parents):
        if (found := PLACES.get(each.as_posix())) is not None:
            return found
    return _ANYWHERE


@cache
def may_hold(place: Place, expression: str) -> bool:
    """Whether `-m` with this expression may want a test of the place; it may where it asks for anything but kinds."""
    others = set[str]()

    def wanted(kinds: Iterable[str]) -> bool:
        def is_one(name: str, /, **_: object) -> bool:
            if name not in KINDS:
                others.add(name)
            return name in kinds

        return Expression.compile(expression).evaluate(is_one)

    return any(wanted(kinds) for kinds in _mixtures(place)) or bool(others)


def _mixtures(place: Place) -> Iterator[set[str]]:
    sizes = range(len(place.kinds) + 1)
    for kinds in map(set, chain.from_iterable(combinations(place.kinds, size) for size in sizes)):
        if not place.one_of or kinds & place.one_of:
            yield kinds
