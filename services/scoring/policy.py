"""From risk to action: a frozen Policy compiled from TOML text, with a table lookup an event."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct, ValidationError, convert, structs, to_builtins

from contracts.decisions import ACTIONS, Action, Reasoned, Severity
from contracts.events import AccountChange, AnyEvent, Event, Login, Transaction
from contracts.findings import Finding, Mode
from services.scoring.fusion import Calibration, Fused, fuse
from services.scoring.policy_keys import NEVER, InvalidPolicy, merged, read

#: States of a decision in which the rules under `unavailable` hold.
AWAY_STATES = frozenset({"tallies_unavailable", "memory_unavailable"})

_NOTIFY, _CHALLENGE, _HOLD, _DENY = range(1, 5)
_KINDS: dict[str, type[Event]] = {"login": Login, "transaction": Transaction, "account_change": AccountChange}
_STEPS = ("notify", "challenge", "hold", "deny")
_Params = TypeVar("_Params", bound=Struct)


class Thresholds(NamedTuple):
    """Risks from which each action is taken; infinity means never."""

    notify: float
    challenge: float
    hold: float
    deny: float

    def rank(self, risk: float) -> int:
        """Position in ACTIONS of the strongest action whose threshold the risk reaches."""
        if risk < self.notify:
            return 0
        if risk < self.challenge:
            return 1
        if risk < self.hold:
            return 2
        return 3 if risk < self.deny else 4


class Rules(NamedTuple):
    """What holds for one type of event; ranks are positions in ACTIONS."""

    thresholds: Thresholds
    no_factor: int
    unavailable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A checked policy. `version` is the stated name, a plus sign and eight digits of a digest of all values.

    `modes` and `params` are by detector name and hold what the file states; `quiet` is the fused result of an event
    without findings.
    """

    version: str
    prior: float
    fade: float
    calibration: Calibration
    rules: Mapping[type[Event], Rules]
    bands: Mapping[str, tuple[tuple[float, Thresholds], ...]]
    lifetime_s: int
    exempt_kinds: frozenset[str]
    allowed: frozenset[str]
    denied: frozenset[str]
    severity: Mapping[str, Severity]
    modes: Mapping[str, Mode]
    params: Mapping[str, Mapping[str, Any]]
    ceilings: Mapping[str, int]
    quiet: Fused
    quiet_below: float

    def fuse(self, findings: Sequence[Finding]) -> Fused:
        """Risk, score and recorded findings under this policy."""
        return fuse(findings, self.modes, self.prior, self.fade, self.calibration) if findings else self.quiet

    def _passes(self, event: AnyEvent, states: Collection[str]) -> bool:
        return event.account_id not in self.denied and (not states or AWAY_STATES.isdisjoint(states))

    def decide(
        self,
        event: AnyEvent,
        risk: float,
        has_factor: bool,
        states: Collection[str] = (),
        reasoned: Sequence[Reasoned] = (),
    ) -> Action:
        """What to do about the event.

        Challenge outcomes, reports and labels are always allowed. Failed logins, failed transactions and exempt
        kinds are never more than notified. `reasoned` (from `fuse`) is needed for the `alone_at_most` bounds.
        """
        if risk < self.quiet_below and self._passes(event, states):
            return "allow"
        rules = self.rules.get(event.__class__)
        if rules is None or event.account_id in self.allowed:
            return "allow"
        rank = self._thresholds(event, rules).rank(risk)
        if rank and reasoned and self.ceilings:
            rank = min(rank, self._ceiling(reasoned, has_factor))
        if event.account_id in self.denied:
            rank = _DENY
        if self._exempt(event):
            return ACTIONS[min(rank, _NOTIFY)]
        if rank < rules.unavailable and not AWAY_STATES.isdisjoint(states):
            rank = rules.unavailable
        if rank == _CHALLENGE and not has_factor:
            rank = rules.no_factor
        return ACTIONS[rank]

    def params_for(self, detector: str, own: _Params) -> _Params:
        """A detector's own parameters with those of the policy in place; InvalidPolicy names what does not fit."""
        stated = self.params.get(detector)
        if not stated:
            return own
        path = f"detectors.{detector}.params"
        known = {field.name: field.type for field in structs.fields(own)}
        for name, value in stated.items():
            if name not in known:
                raise InvalidPolicy(f"{path}.{name}: unknown key; known here: {', '.join(known) or 'none'}")
            try:
                convert(value, known[name])
            except ValidationError as error:
                raise InvalidPolicy(f"{path}.{name}: {error}") from None
        try:
            return convert({**to_builtins(own), **stated}, type(own))
        except ValidationError as error:
            raise InvalidPolicy(f"{path}: {error}") from None

    def _thresholds(self, event: AnyEvent, rules: Rules) -> Thresholds:
        thresholds = rules.thresholds
        if event.__class__ is Transaction:
            for least, banded in self.bands.get(event.currency, ()):
                if event.value < least:
                    break
                thresholds = banded
        return thresholds

    def _ceiling(self, reasoned: Sequence[Reasoned], has_factor: bool) -> int:
        highest = 0
        for finding in reasoned:
            if finding.mode == "on":
                highest = max(highest, self.ceilings.get(finding.detector, _DENY))
        return _HOLD if highest == _CHALLENGE and not has_factor else highest

    def _exempt(self, event: AnyEvent) -> bool:
        if event.__class__ is Login:
            return event.outcome == "failure"
        if event.__class__ is Transaction:
            return event.status == "failed" or event.kind in self.exempt_kinds
        return False


def parse_policy(text: str, base: str | None = None) -> Policy:
    """The policy stated by TOML `text` over the TOML `base`; InvalidPolicy names the first key that is wrong.

    Keys that `text` leaves out are those of `base`, but for `version`, which each policy states itself.
    """
    stated = _toml(text)
    if base is not None:
        below = _toml(base)
        below.pop("version", None)
        stated = merged(below, stated)
    return _compile(read(stated))


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise InvalidPolicy(f"not TOML: {error}") from None


def _compile(values: dict[str, Any]) -> Policy:
    both = sorted(set(values["lists"]["allow"]) & set(values["lists"]["deny"]))
    if both:
        raise InvalidPolicy(f"lists.deny: {len(both)} of these accounts are on lists.allow too")
    thresholds = {kind: _checked(values["thresholds"][kind], f"thresholds.{kind}") for kind in _KINDS}
    bands = {currency: _bands(rows, currency, values) for currency, rows in values["bands"].items()}
    calibration = Calibration((risk, score) for risk, score in values["calibration"])
    prior, fade = float(values["prior"]), float(values["fade"])
    everything = [*thresholds.values(), *(banded for rows in bands.values() for _, banded in rows)]
    detectors = values["detectors"]
    return Policy(
        version=f"{values['version']}+{_digest(values)}",
        prior=prior,
        fade=fade,
        calibration=calibration,
        rules={_KINDS[kind]: _rules(kind, thresholds[kind], values) for kind in _KINDS},
        bands=bands,
        lifetime_s=values["challenge"]["lifetime_s"],
        exempt_kinds=frozenset(values["challenge"]["exempt_kinds"]),
        allowed=frozenset(values["lists"]["allow"]),
        denied=frozenset(values["lists"]["deny"]),
        severity=values["severity"],
        modes={name: stated["mode"] for name, stated in detectors.items()},
        params={name: stated["params"] for name, stated in detectors.items() if stated["params"]},
        ceilings=_ceilings(detectors),
        quiet=fuse((), {}, prior, fade, calibration),
        quiet_below=min(each.notify for each in everything),
    )


def _rules(kind: str, thresholds: Thresholds, values: dict[str, Any]) -> Rules:
    return Rules(
        thresholds=thresholds,
        no_factor=ACTIONS.index(values["no_factor"][kind]),
        unavailable=ACTIONS.index(values["unavailable"][kind]),
    )


def _ceilings(detectors: dict[str, Any]) -> dict[str, int]:
    ranks = {name: ACTIONS.index(stated["alone_at_most"]) for name, stated in detectors.items()}
    return {name: rank for name, rank in ranks.items() if rank < _DENY}


def _checked(row: Mapping[str, Any], path: str, inherited: Mapping[str, Any] | None = None) -> Thresholds:
    """Thresholds of a row; steps it leaves out (None) are the inherited ones."""
    risks: list[float] = []
    for step in _STEPS:
        stated, origin = row[step], ""
        if stated is None and inherited is not None:
            stated, origin = inherited[step], " (of thresholds.transaction)"
        risk = inf if stated == NEVER else float(stated)
        if risks and risk < risks[-1]:
            raise InvalidPolicy(
                f"{path}.{step}: expected at least the threshold before it ({risks[-1]:g}), got {risk:g}{origin}"
            )
        risks.append(risk)
    return Thresholds(*risks)


def _bands(
    rows: list[dict[str, Any]], currency: str, values: dict[str, Any]
) -> tuple[tuple[float, Thresholds], ...]:
    bands: list[tuple[float, Thresholds]] = []
    for index, row in enumerate(rows):
        path = f"bands.{currency}[{index}]"
        if bands and not row["from"] > bands[-1][0]:
            raise InvalidPolicy(
                f"{path}.from: expected more than the band before it ({bands[-1][0]:g}), got {row['from']}"
            )
        bands.append((float(row["from"]), _checked(row, path, values["thresholds"]["transaction"])))
    return tuple(bands)


def _digest(values: dict[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
