"""A policy's TOML text, checked and compiled. All faults of a kind are told at once: first each key, then what contradicts."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import structs, to_builtins

from contracts.actions import ACTIONS, RANK
from contracts.events import AccountChange, Event, Login, Transaction
from services.policy.acts import acts_of
from services.policy.cost import cost_rule
from services.policy.keys import DetectorKeys, PolicyFile
from services.policy.policy import Policy, Rules
from services.policy.reader import InvalidPolicy, default_of, merged, read
from services.policy.snoozes import snoozes_of
from services.policy.thresholds import Bands, Thresholds, checked, checked_bands
from services.policy.values import CONFIRM, UNLIMITED, fail_ranks
from services.risk.fusion import Calibration, fuse

KINDS: Mapping[str, type[Event]] = {
    "login": Login,
    "transaction": Transaction,
    "account_change": AccountChange,
}
_LEAST_WHOLE, _MOST_WHOLE = -(2**63), 2**63 - 1


def parse_policy(text: str, base: str | None = None) -> Policy:
    """The policy stated by TOML `text` over the TOML `base`; InvalidPolicy names every key that is wrong.

    Keys that `text` leaves out are those of `base`, but for `version`, which each policy states itself.
    """
    return compiled(stated_values(text, base))


def stated_values(text: str, base: str | None = None) -> PolicyFile:
    """Every key's value under the policy `text` over `base`; InvalidPolicy names every key that is wrong by itself."""
    stated = _toml(text)
    if base is not None:
        below = _toml(base)
        below.pop("version", None)
        stated = merged(below, stated)
    return read(stated, PolicyFile)


def compiled(file: PolicyFile) -> Policy:
    """The policy of checked values; InvalidPolicy names every pair of keys that contradict each other."""
    faults: list[str] = []
    allowed, denied = frozenset(file.lists.allow), frozenset(file.lists.deny)
    if both := allowed & denied:
        faults.append(f"lists.deny: {len(both)} of these accounts are on lists.allow too")
    usual = file.thresholds.transaction
    thresholds = {
        kind: checked(getattr(file.thresholds, kind), f"thresholds.{kind}", faults) for kind in KINDS
    }
    bands = {currency: checked_bands(rows, currency, usual, faults) for currency, rows in file.bands.items()}
    cost = cost_rule(file.cost, KINDS, faults)
    snoozes = snoozes_of(file.snoozes, faults)
    if faults:
        raise InvalidPolicy(*faults)
    calibration = Calibration((risk, score) for risk, score in file.calibration)
    prior, fade = float(file.prior), float(file.fade)
    return Policy(
        version=version_of(file),
        prior=prior,
        fade=fade,
        calibration=calibration,
        rules={KINDS[kind]: _rules(kind, thresholds[kind], file) for kind in KINDS},
        bands=bands,
        cost=cost,
        budget=_most(file.budget.challenges_per_week),
        hourly=_most(file.budget.challenges_per_hour),
        snoozes=snoozes,
        lifetime_s=file.challenge.lifetime_s,
        letter_after_s=_letter_after(file),
        exempt_kinds=frozenset(file.challenge.exempt_kinds),
        allowed=allowed,
        denied=denied,
        severity=to_builtins(file.severity),
        acts=acts_of(file),
        modes={name: stated.mode for name, stated in file.detectors.items()},
        params={name: stated.params for name, stated in file.detectors.items() if stated.params},
        ceilings=_ceilings(file.detectors),
        insufficient=frozenset(file.deny.insufficient),
        quiet=fuse((), {}, prior, fade, calibration),
        quiet_below=_lowest(thresholds, bands),
    )


def _lowest(thresholds: Mapping[str, Thresholds], bands: Mapping[str, Bands]) -> float:
    """The least risk at which anything is done."""
    everything = [*thresholds.values(), *(banded for rows in bands.values() for _, banded in rows)]
    return min(each[0] for each in everything)


def _letter_after(file: PolicyFile) -> int | None:
    """When a letter of an unanswered challenge is due: not after the challenge has ended."""
    after = file.challenge.letter_after_s
    return None if isinstance(after, str) else min(after, file.challenge.lifetime_s)


def builtin_values(file: PolicyFile) -> dict[str, Any]:
    """Every key's value by its name in the file, sections as dicts, times as they are."""
    return to_builtins(file, builtin_types=(datetime,))  # type: ignore[no-any-return]


def version_of(file: PolicyFile) -> str:
    """The stated name, a plus sign and eight digits of a digest of all values, optional sections left out at their defaults."""
    used = builtin_values(file)
    for each in structs.fields(PolicyFile):
        if getattr(file, each.name) == default_of(each):
            del used[each.name]
    text = json.dumps(used, sort_keys=True, default=str)
    return f"{file.version}+{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def _toml(text: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
        faults = list(_too_long(document))
    except ValueError as error:
        raise InvalidPolicy(f"not TOML: {error}") from None
    except RecursionError:
        raise InvalidPolicy("not TOML: nested too deeply") from None
    if faults:
        raise InvalidPolicy(*faults)
    return document


def _too_long(value: Any, path: str = "") -> list[str]:
    """TOML's whole numbers have 64 bits; the reader takes any."""
    if isinstance(value, int) and not _LEAST_WHOLE <= value <= _MOST_WHOLE:
        return [f"{path}: expected whole numbers of at most 64 bits"]
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [
        fault for name, each in below for fault in _too_long(each, f"{path}.{name}" if path else str(name))
    ]


def _rules(kind: str, thresholds: Thresholds, file: PolicyFile) -> Rules:
    unavailable, degraded = (
        fail_ranks(getattr(file.unavailable, kind)),
        fail_ranks(getattr(file.degraded, kind)),
    )
    assert unavailable is not None
    assert degraded is not None
    confirms = getattr(file.no_factor, kind) == CONFIRM
    return Rules(
        thresholds=thresholds,
        no_factor=RANK["hold" if confirms else getattr(file.no_factor, kind)],
        confirms=confirms,
        owners=confirms or getattr(file.no_factor, kind) == "notify",
        overflow=RANK[getattr(file.budget.overflow, kind)],
        unavailable=unavailable,
        degraded=degraded,
    )


def _most(stated: int | str) -> int | None:
    return None if stated == UNLIMITED else int(stated)


def _ceilings(detectors: Mapping[str, DetectorKeys]) -> dict[str, int]:
    ranks = {name: RANK[stated.alone_at_most] for name, stated in detectors.items()}
    return {name: rank for name, rank in ranks.items() if rank < len(ACTIONS) - 1}
