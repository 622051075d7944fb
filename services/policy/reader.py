"""Reads a document into a struct by its annotations: refuses what is unknown, missing or wrong, and says all of it.

msgspec stops at the first fault, so each key is converted by itself. A type whose words say what it expects is a value; others
are tables: structs, lists of structs, and tables by name. A function among the annotations is one more check of the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from msgspec import NODEFAULT, Meta, Struct, ValidationError, convert, defstruct, structs

_Read = TypeVar("_Read", bound=Struct)


class InvalidPolicy(ValueError):
    """The policy text is refused. Each of `faults` begins with the key's path and says what was expected there."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Key(NamedTuple):
    """A key of a struct: its path (`bands.<currency>[].from`), what it expects, its default or NODEFAULT, and its meaning."""

    path: str
    expects: str
    default: Any
    meaning: str


class _Kind(NamedTuple):
    """A type and what its annotations say of it. `expects` is empty for a table or a list of tables.

    `alone` is a struct of one such value: msgspec keeps what it has worked out of a struct, not of a bare type.
    """

    plain: Any
    notes: tuple[Any, ...]
    expects: str
    meaning: str
    alone: type[Struct]

    def takes(self, value: Any) -> bool:
        """Whether the value is what the type and its checks ask for."""
        try:
            convert({"value": value}, self.alone, builtin_types=(datetime,))
        except ValidationError:
            return False
        return all(note(value) for note in self.notes if callable(note))


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with every key that `over` states replaced, table by table."""
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        result[name] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def read(document: Mapping[str, Any], struct: type[_Read]) -> _Read:
    """The document with defaults filled in; InvalidPolicy holds every key that is unknown, missing or wrong."""
    faults: list[str] = []
    values = _read(document, struct, NODEFAULT, "", faults)
    if faults:
        raise InvalidPolicy(*faults)
    return values  # type: ignore[no-any-return]


def all_keys(annotated: Any, default: Any = NODEFAULT, path: str = "", about: str = "") -> Iterator[Key]:
    """Every key of a struct, in its order. `about` is a section's description, with `{}` where that of its key belongs."""
    kind = _kind(annotated)
    inside = get_args(kind.plain)
    if kind.expects:
        yield Key(path, kind.expects, default, about.format(kind.meaning) if about else kind.meaning)
    elif get_origin(kind.plain) is list:
        yield from all_keys(inside[0], NODEFAULT, f"{path}[]")
    elif get_origin(kind.plain) is dict:
        placeholder = next(
            note.extra["placeholder"]
            for note in _kind(inside[0]).notes
            if isinstance(note, Meta) and note.extra
        )
        yield from all_keys(inside[1], None, f"{path}.{placeholder}")
    else:
        about = kind.meaning if "{}" in kind.meaning else ""
        for name, each in _fields(kind.plain).items():
            yield from all_keys(each.type, default_of(each, default), _below(path, name), about)


def default_of(field: structs.FieldInfo, section: Any = None) -> Any:
    """What stands for a key that is not stated (NODEFAULT: nothing): what the default of its section holds, else its own."""
    if isinstance(section, Struct):
        return getattr(section, field.name)
    return field.default if field.default_factory is NODEFAULT else field.default_factory()


def _read(stated: Any, annotated: Any, default: Any, path: str, faults: list[str]) -> Any:
    kind = _kind(annotated)
    if kind.expects:
        if not kind.takes(stated):
            faults.append(_refused(path, kind.expects, stated))
        return stated
    inside = get_args(kind.plain)
    if get_origin(kind.plain) is list:
        if isinstance(stated, list):
            return [
                _read(each, inside[0], NODEFAULT, f"{path}[{at}]", faults) for at, each in enumerate(stated)
            ]
        return faults.append(_refused(path, "a list of tables", stated))
    if not isinstance(stated, Mapping):
        return faults.append(_refused(path, "a table", stated))
    if get_origin(kind.plain) is dict:
        return {name: _read_named(name, value, inside, path, faults) for name, value in stated.items()}
    return _read_struct(stated, kind.plain, default, path, faults)


def _read_named(name: str, stated: Any, types: tuple[Any, ...], path: str, faults: list[str]) -> Any:
    names, path = _kind(types[0]), _below(path, name)
    if not names.takes(name):
        return faults.append(_refused(path, names.expects, name))
    return _read(stated, types[1], NODEFAULT, path, faults)


def _read_struct(stated: Mapping[str, Any], struct: Any, default: Any, path: str, faults: list[str]) -> Any:
    known = _fields(struct)
    faults += [
        f"{_below(path, name)}: unknown key; known here: {', '.join(known)}"
        for name in stated
        if name not in known
    ]
    values: dict[str, Any] = {}
    for name, each in known.items():
        kind, value, below = _kind(each.type), default_of(each, default), _below(path, name)
        if name in stated or (value is NODEFAULT and not kind.expects):
            value = _read(stated.get(name, {}), each.type, value, below, faults)
        elif value is NODEFAULT:
            faults.append(f"{below}: missing; expected {kind.expects}")
        values[each.name] = value
    return struct(**values)


@cache
def _fields(struct: Any) -> Mapping[str, structs.FieldInfo]:
    """The fields of a struct by their names in the file."""
    return {each.encode_name: each for each in structs.fields(struct)}


@cache
def _kind(annotated: Any) -> _Kind:
    """The type without None and its annotations, the outermost last."""
    plain = annotated
    notes: tuple[Any, ...] = ()
    while True:
        inside = get_args(plain)
        if get_origin(plain) is Annotated:
            plain, notes = inside[0], (*inside[1:], *notes)
        elif get_origin(plain) is Union and len(inside) == 2 and NoneType in inside:
            plain = inside[0]
        else:
            break
    expects, meaning = "true or false" if plain is bool else "", ""
    if get_origin(plain) is Literal:
        expects = "one of " + ", ".join(inside)
    for note in notes:
        if isinstance(note, Meta):
            expects, meaning = note.title or expects, note.description or meaning
    return _Kind(plain, notes, expects, meaning, defstruct("Alone", [("value", annotated)]))


def _refused(path: str, expects: str, value: Any) -> str:
    """The fault of a value that is not what its key expects; long values are cut."""
    shown = repr(value)
    return f"{path}: expected {expects}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
