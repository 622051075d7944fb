"""The keys a policy file may hold: what each means, what it expects, and the reader that refuses everything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from contracts.decisions import ACTIONS
from services.scoring.fusion import Calibration

NEVER = "never"
SEVERITIES = ("low", "medium", "high", "critical")
KINDS = ("transfer", "payment", "withdrawal", "top_up", "cash_out", "refund")


class InvalidPolicy(ValueError):
    """The policy text is refused; the message begins with the key's path and says what was expected there."""


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
    inside: Mapping[str, Key | Each | Mapping[str, Any]]
    many: bool = False


Schema = Mapping[str, Any]


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _one_of(*words: str) -> Expects:
    return Expects("one of " + ", ".join(words), lambda value: isinstance(value, str) and value in words)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _points(value: Any) -> bool:
    pairs = isinstance(value, list) and all(
        isinstance(point, list) and len(point) == 2 and all(map(_number, point)) for point in value
    )
    if not pairs:
        return False
    try:
        Calibration((risk, score) for risk, score in value)
    except (ValueError, OverflowError):
        return False
    return True


_RISK = Expects('a risk above 0 and up to 1, or "never"', lambda v: v == NEVER or (_number(v) and 0 < v <= 1))
_ACTION = _one_of(*ACTIONS)
_INSTEAD = _one_of("allow", "notify", "hold", "deny")
_SEVERITY = _one_of(*SEVERITIES)
_IDS = Expects("a list of account ids", _texts)


def _thresholds(default: Any = ...) -> dict[str, Key]:
    return {
        "notify": Key(_RISK, "Risk from which the owner is told and an alert is raised.", default),
        "challenge": Key(_RISK, "Risk from which a second factor is asked for.", default),
        "hold": Key(_RISK, "Risk from which the event waits for support.", default),
        "deny": Key(_RISK, "Risk from which the event is refused and the account is frozen.", default),
    }


SCHEMA: Schema = {
    "version": Key(
        Expects("a name of 1 to 40 characters", lambda v: isinstance(v, str) and 1 <= len(v) <= 40),
        "Name of this policy. Decisions are stamped with it and eight digits of a digest of all values.",
    ),
    "prior": Key(
        Expects("a probability between 0 and 0.5", lambda v: _number(v) and 0 < v < 0.5),
        "Risk of an event without any evidence.",
    ),
    "fade": Key(
        Expects("a number from 0 to 1", lambda v: _number(v) and 0 <= v <= 1),
        "What each further finding of one family counts, against the one before it. 0: only the strongest counts.",
    ),
    "calibration": Key(
        Expects(
            "a list of [risk, score] points from risk 0 to risk 1 with rising risks and scores in 0..100 "
            "that never fall",
            _points,
        ),
        "Map from risk to score, straight lines between the points.",
    ),
    "thresholds": {"login": _thresholds(), "transaction": _thresholds(), "account_change": _thresholds()},
    "bands": Each(
        "<currency>",
        Expects("an ISO 4217 currency such as CNY", lambda v: re.fullmatch("[A-Z]{3}", v) is not None),
        {
            "from": Key(
                Expects("a whole amount in major units, 0 or more", lambda v: _whole(v) and 0 <= v < 10**15),
                "Transactions of this currency from this amount on use the thresholds beside it; those not stated "
                "are the transaction's.",
            ),
            **_thresholds(None),
        },
        many=True,
    ),
    "no_factor": {
        kind: Key(_INSTEAD, f"What a challenge of {what} becomes for an account without a second factor.")
        for kind, what in (("login", "a login"), ("transaction", "a payment"), ("account_change", "a change"))
    },
    "unavailable": {
        kind: Key(_ACTION, f"Least action for {what} while memory or counts across accounts are away.")
        for kind, what in (
            ("login", "a login"),
            ("transaction", "outgoing money"),
            ("account_change", "an account change"),
        )
    },
    "challenge": {
        "lifetime_s": Key(
            Expects("whole seconds from 30 to 3600", lambda v: _whole(v) and 30 <= v <= 3600),
            "How long a challenge can be answered.",
        ),
        "exempt_kinds": Key(
            Expects(
                "a list of transaction kinds (" + ", ".join(KINDS) + ")",
                lambda v: _texts(v) and set(v) <= set(KINDS),
            ),
            "Kinds of transaction that are never challenged, held or denied. Failed logins and failed transactions "
            "never are, whatever stands here.",
        ),
    },
    "lists": {
        "allow": Key(_IDS, "Accounts whose events are always allowed; findings are still recorded."),
        "deny": Key(_IDS, "Accounts whose events are always denied."),
    },
    "severity": {
        "notify": Key(_SEVERITY, "Severity of the alert of a notify."),
        "challenge": Key(_SEVERITY, "Severity of the alert of a challenge."),
        "hold": Key(_SEVERITY, "Severity of the alert and the case of a hold."),
        "deny": Key(_SEVERITY, "Severity of the alert and the case of a deny."),
        "report": Key(_SEVERITY, 'Severity of the alert and the case of a "not me" report or a fraud label.'),
    },
    "detectors": Each(
        "<detector>",
        Expects("a detector's name", lambda v: re.fullmatch("[a-z][a-z0-9_]*", v) is not None),
        {
            "mode": Key(
                _one_of("off", "shadow", "on"),
                "off: not run. shadow: run and recorded, never acts. on: acts.",
                "on",
            ),
            "params": Key(
                Expects("a table of the detector's parameters", lambda v: isinstance(v, dict)),
                "Parameters that differ from the detector's own; checked against them at start.",
                {},
            ),
            "alone_at_most": Key(
                _ACTION,
                "Strongest action when all acting findings come from detectors that state a bound here "
                "(the highest of their bounds). Where the account cannot answer a challenge, the bound "
                "`challenge` is `hold`.",
                "deny",
            ),
        },
    ),
}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with every key that `over` states replaced, table by table."""
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        result[name] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def read(document: Any, schema: Schema | Each = SCHEMA, path: str = "") -> dict[str, Any]:
    """The document with defaults filled in; raises InvalidPolicy at the first key that is unknown, missing or wrong."""
    if not isinstance(document, dict):
        raise refused(path, "a table", document)
    if isinstance(schema, Each):
        return {name: _read_each(name, value, schema, f"{path}.{name}") for name, value in document.items()}
    for name in document:
        if name not in schema:
            raise InvalidPolicy(f"{_below(path, name)}: unknown key; known here: {', '.join(schema)}")
    return {name: _read_one(document, name, below, _below(path, name)) for name, below in schema.items()}


def _read_one(document: dict[str, Any], name: str, below: Any, path: str) -> Any:
    if not isinstance(below, Key):
        return read(document.get(name, {}), below, path)
    if name not in document:
        if below.default is ...:
            raise InvalidPolicy(f"{path}: missing; expected {below.expects.words}")
        return below.default
    if not below.expects.holds(document[name]):
        raise refused(path, below.expects.words, document[name])
    return document[name]


def _read_each(name: str, value: Any, schema: Each, path: str) -> Any:
    if not schema.names.holds(name):
        raise InvalidPolicy(f"{path}: expected {schema.names.words}, got {name!r}")
    if not schema.many:
        return read(value, schema.inside, path)
    if not isinstance(value, list):
        raise refused(path, "a list of tables", value)
    return [read(entry, schema.inside, f"{path}[{index}]") for index, entry in enumerate(value)]


def refused(path: str, words: str, value: Any) -> InvalidPolicy:
    """The error for a value that is not what its key expects; long values are cut."""
    shown = repr(value)
    return InvalidPolicy(f"{path}: expected {words}, got {shown if len(shown) <= 60 else shown[:57] + '...'}")


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def all_keys(schema: Schema | Each = SCHEMA, path: str = "") -> Iterator[tuple[str, Key]]:
    """Every key with its path (`bands.<currency>[].from`), in the order of the schema."""
    if isinstance(schema, Each):
        yield from all_keys(schema.inside, f"{path}.{schema.shown}{'[]' if schema.many else ''}")
        return
    for name, below in schema.items():
        if isinstance(below, Key):
            yield _below(path, name), below
        else:
            yield from all_keys(below, _below(path, name))
