"""Two policies side by side: every key's value in effect, flat, and those that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct, to_builtins

from detectors import Detector, stated_params
from services.policy.keys import DetectorKeys, PolicyFile
from services.policy.text import builtin_values
from services.risk.learned_pattern import NAME as LEARNED

_SHOWN_IDS = 5


class Difference(NamedTuple):
    """A key and its value in each of two policies; None where a policy has no such key."""

    key: str
    a: Any
    b: Any


def in_effect(file: PolicyFile, detectors: Sequence[Detector]) -> dict[str, Any]:
    """Every key's value by its path. Detectors stand with all their parameters, bands with all their thresholds; a band or a
    snooze is one value."""
    values = builtin_values(file)
    usual = values["thresholds"]["transaction"]
    full = {
        **values,
        "bands": {
            currency: [
                {step: usual[step] if risk is None else risk for step, risk in row.items()} for row in rows
            ]
            for currency, rows in values["bands"].items()
        },
        "detectors": {
            **{found.spec.name: _detector(values, found.spec.name, found.params) for found in detectors},
            LEARNED: _detector(values, LEARNED, Struct()),
        },
    }
    return dict(_flat(full, ""))


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Difference]:
    """What differs between two policies in effect, in the order of the keys; the policies' names apart."""
    return [
        Difference(key, a.get(key), b.get(key))
        for key in _joined(list(a), list(b))
        if key != "version" and (key in a, a.get(key)) != (key in b, b.get(key))
    ]


def shown(value: Any, other: Any = None) -> str:
    """A value as a reader takes it in; of two lists of names, what only this one has."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {shown(each)}" for name, each in value.items())
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        listed = [each for each in value if not isinstance(other, list) or each not in other]
        names = ", ".join(listed[:_SHOWN_IDS]) + (", ..." if len(listed) > _SHOWN_IDS else "")
        if not isinstance(other, list):
            return names or "none"
        return f"{len(value)}, only here: {names}" if names else str(len(value))
    return str(value)


def _detector(values: Mapping[str, Any], name: str, params: Struct) -> dict[str, Any]:
    stated = values["detectors"].get(name) or to_builtins(DetectorKeys())
    own = {name: value for name, value in to_builtins(params).items() if name in stated_params(params)}
    return {**stated, "params": {**own, **stated["params"]}}


def _flat(values: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        below = f"{path}.{name}" if path else name
        if path == "bands":
            yield from ((f"{below} from {row['from']}", _only(row, "from")) for row in value)
        elif below == "snoozes":
            yield from _snoozes(value)
        elif isinstance(value, Mapping):
            yield from _flat(value, below)
        else:
            yield below, value


def _snoozes(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    seen: dict[str, int] = {}
    for row in rows:
        whose = " ".join(each for each in (row["detector"], row["account"]) if each is not None)
        seen[whose] = seen.get(whose, 0) + 1
        again = f" ({seen[whose]})" if seen[whose] > 1 else ""
        yield f"snoozes {whose}{again}", _only(row, "detector", "account")


def _only(row: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {name: each for name, each in row.items() if name not in without}


def _joined(first: list[str], second: list[str]) -> list[str]:
    """All keys once: those of `second` alone stand behind the one they follow there."""
    joined = list(first)
    for before, key in zip(["", *second], second, strict=False):
        if key not in first:
            joined.insert(joined.index(before) + 1 if before else 0, key)
    return joined
