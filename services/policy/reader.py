"""Reads a document by a schema of keys: refuses what is unknown, missing or wrong, and says all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple


class InvalidPolicy(ValueError):
    """The policy text is refused. Each of `faults` begins with the key's path and says what was expected there."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Expects(NamedTuple):
    """What a value must be, in words, and the check (False: refused)."""

    words: str
    holds: Callable[[Any], bool]


class Key(NamedTuple):
    """A key of the file. `default` stands for a key that neither the file nor the default policy states."""

    expects: Expects
    meaning: str
    default: Any = ...


class Each(NamedTuple):
    """A table whose keys are names: each holds `inside`, or a list of it when `many`."""

    shown: str
    names: Expects
    inside: Mapping[str, Any] | Key
    many: bool = False


class Rows(NamedTuple):
    """A list of tables, empty when it is not stated."""

    inside: Mapping[str, Any]


#: Keys, tables of keys, `Each` and `Rows`, by name.
Schema = Mapping[str, Any]


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with every key that `over` states replaced, table by table."""
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        result[name] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def read(document: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The document with defaults filled in; InvalidPolicy holds every key that is unknown, missing or wrong."""
    faults: list[str] = []
    values = _read(document, schema, "", faults)
    if faults:
        raise InvalidPolicy(*faults)
    return values  # type: ignore[no-any-return]


def _read(document: Any, schema: Any, path: str, faults: list[str]) -> Any:
    if isinstance(schema, Key):
        if not schema.expects.holds(document):
            faults.append(_refused(path, schema.expects.words, document))
        return document
    if isinstance(schema, Rows):
        return _read_rows(document, schema.inside, path, faults)
    if not isinstance(document, Mapping):
        faults.append(_refused(path, "a table", document))
        return {}
    if isinstance(schema, Each):
        return {name: _read_each(name, value, schema, path, faults) for name, value in document.items()}
    for name in document:
        if name not in schema:
            faults.append(f"{_below(path, name)}: unknown key; known here: {', '.join(schema)}")
    return {name: _read_one(document, name, below, path, faults) for name, below in schema.items()}


def _read_one(document: Mapping[str, Any], name: str, below: Any, path: str, faults: list[str]) -> Any:
    path = _below(path, name)
    if name in document:
        return _read(document[name], below, path, faults)
    if isinstance(below, Key):
        if below.default is ...:
            faults.append(f"{path}: missing; expected {below.expects.words}")
        return below.default
    return _read([] if isinstance(below, Rows) else {}, below, path, faults)


def _read_each(name: str, value: Any, schema: Each, path: str, faults: list[str]) -> Any:
    path = _below(path, name)
    if not schema.names.holds(name):
        faults.append(f"{path}: expected {schema.names.words}, got {name!r}")
        return None
    if schema.many:
        return _read_rows(value, schema.inside, path, faults)
    return _read(value, schema.inside, path, faults)


def _read_rows(value: Any, inside: Any, path: str, faults: list[str]) -> Any:
    if not isinstance(value, list):
        faults.append(_refused(path, "a list of tables", value))
        return []
    return [_read(entry, inside, f"{path}[{index}]", faults) for index, entry in enumerate(value)]


def _refused(path: str, words: str, value: Any) -> str:
    """The fault of a value that is not what its key expects; long values are cut."""
    shown = repr(value)
    return f"{path}: expected {words}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def all_keys(schema: Any, path: str = "") -> Iterator[tuple[str, Key]]:
    """Every key with its path (`bands.<currency>[].from`), in the order of the schema."""
    if isinstance(schema, Key):
        yield path, schema
    elif isinstance(schema, Each):
        yield from all_keys(schema.inside, f"{path}.{schema.shown}{'[]' if schema.many else ''}")
    elif isinstance(schema, Rows):
        yield from all_keys(schema.inside, f"{path}[]")
    else:
        for name, below in schema.items():
            yield from all_keys(below, _below(path, name))
