"""What is wrong with a file of data, all of it at once: where, what was expected, what was got. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec


def faults(value: object, wanted: Any, path: str) -> Iterator[str]:
    """A line for each fault of a value as TOML reads it: `path` and what was expected and got there."""
    items = get_args(wanted)
    if get_origin(wanted) is Annotated and isinstance(value, list):
        within = list(faults(value, items[0], path))
        yield from within or _refused(value, wanted, path)
    elif get_origin(wanted) in (list, tuple) and isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from faults(each, items[0], f"{path}[{number}]")
    elif get_origin(wanted) is Mapping and isinstance(value, dict):
        for name, each in value.items():
            yield from faults(each, items[1], f"{path}.{name}")
    elif _is_struct(wanted) and isinstance(value, dict):
        yield from _of_struct(value, wanted, path)
    elif (struct := next((each for each in items if _is_struct(each)), None)) and isinstance(value, dict):
        yield from _of_struct(value, struct, path)
    else:
        yield from _refused(value, wanted, path)


def _refused(value: object, wanted: Any, path: str) -> Iterator[str]:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        yield f"{path}: {error}, which is {value!r}"


def _is_struct(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)


def _of_struct(value: dict[str, object], wanted: Any, path: str) -> Iterator[str]:
    hints = get_type_hints(wanted, include_extras=True)
    known = {field.encode_name: field for field in msgspec.structs.fields(wanted)}
    for name in value.keys() - known.keys():
        yield f"{path}.{name}: expected one of {', '.join(known)}, got another key"
    for name, field in known.items():
        if name in value:
            yield from faults(value[name], hints[field.name], f"{path}.{name}")
        elif field.required:
            yield f"{path}.{name}: expected {_called(hints[field.name])}, got nothing"


def _called(wanted: Any) -> str:
    if _is_struct(wanted):
        return "a table of " + ", ".join(field.encode_name for field in msgspec.structs.fields(wanted))
    return "a list" if get_origin(wanted) in (list, tuple) else f"{getattr(wanted, '__name__', wanted)}"
