"""The names and choices that each kind of event has, and which of them a mistaken one was probably meant to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cache, lru_cache

from msgspec import inspect

from contracts.events import EVENT_TYPE_NAMES, EVENT_TYPES

#: Parts of an event that are objects themselves.
PARTS = ("place", "network", "device")
_ALIKE = 0.7
_LONGEST_SHOWN = 64


@cache
def fields_of(tag: str) -> Mapping[str, frozenset[str]]:
    """Names of the members of this type of event, under "", and of each of its parts, under the part's name."""
    return {path: frozenset(fields) for path, fields in _structs(tag).items()}


@cache
def choices_of(tag: str, path: str) -> tuple[str, ...]:
    """What the member at the path, such as `network.kind`, may be; empty when it is no choice."""
    if path == "type":
        return EVENT_TYPE_NAMES
    part, _, name = path.rpartition(".")
    found = _structs(tag).get(part, {}).get(name)
    return tuple(sorted(map(str, found.values))) if isinstance(found, inspect.LiteralType) else ()


@lru_cache(maxsize=4096)
def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name most like this one, however it is capitalized or hyphenated; None when none is."""
    plain = {_plain(each): each for each in sorted(known)}
    found = get_close_matches(_plain(name[:_LONGEST_SHOWN]), plain, n=1, cutoff=_ALIKE)
    return plain[found[0]] if found else None


def shown(name: str) -> str:
    """A name that a caller made up, as a sentence may hold it: short, in printable characters."""
    cut = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    return cut.encode("unicode_escape").decode() if not cut.isprintable() else cut


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


@cache
def _structs(tag: str) -> Mapping[str, Mapping[str, inspect.Type]]:
    kind = next((kind for kind in EVENT_TYPES if kind.__struct_config__.tag == tag), None)
    if kind is None:
        return {}
    whole = inspect.type_info(kind)
    assert isinstance(whole, inspect.StructType)
    members = {each.encode_name: each.type for each in whole.fields if not each.encode_name.startswith("_")}
    parts = {name: _part(members[name]) for name in PARTS if name in members}
    return {"": {"type": inspect.StrType(), **members}, **parts}


def _part(found: inspect.Type) -> Mapping[str, inspect.Type]:
    kinds = found.types if isinstance(found, inspect.UnionType) else (found,)
    return {
        each.encode_name: each.type
        for kind in kinds
        if isinstance(kind, inspect.StructType)
        for each in kind.fields
    }
