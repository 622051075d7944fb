"""The keys a policy file may hold, as structs: the type says what a key expects, the description what it means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Generic, TypeVar

from msgspec import NODEFAULT, Struct, defstruct, field

from contracts.actions import STEPS, Action
from contracts.case_kinds import CASE_KINDS
from contracts.decisions import Severity
from contracts.findings import Mode
from services.policy import values
from services.policy.act_keys import (
    HoldKeys,
    IncidentKeys,
    ReportKeys,
    ReportsKeys,
    SecondPersonKeys,
    UnfreezeKeys,
)
from services.policy.act_keys import about as _about
from services.policy.values import (
    AMOUNT,
    NONE,
    UNLIMITED,
    FailRule,
    Instead,
    Loss,
    Positive,
    Risk,
    Without,
)

Value = TypeVar("Value")


def _thresholds(annotated: Any) -> list[tuple[str, Any, Any]]:
    """A field for each action that has a threshold."""
    return [
        (
            step.name,
            Annotated[
                (annotated | None) if step.optional else annotated, _about(f"Risk from which {step.reached}.")
            ],
            None if step.optional else NODEFAULT,
        )
        for step in STEPS
    ]


def _severities() -> Iterator[tuple[str, Any, Any]]:
    for step in STEPS:
        what = "alert and the case" if "open_case" in step.effects else "alert"
        meaning = f"Severity of the {what} of a {step.name}."
        yield step.name, Annotated[Severity, _about(meaning)], "high" if step.optional else NODEFAULT
    for kind in CASE_KINDS:
        meaning = f"Severity of the alert and the case of {kind.opened_by}."
        yield kind.name, Annotated[Severity, _about(meaning)], kind.severity or NODEFAULT


class ByType(Struct, Generic[Value], frozen=True, kw_only=True):
    """One value for each type of event. The section's description names the type where it has `{}`."""

    login: Annotated[Value, _about("a login")]
    transaction: Annotated[Value, _about("a payment")]
    account_change: Annotated[Value, _about("a change")]


_Thresholds: Any = defstruct("_Thresholds", _thresholds(Risk), frozen=True, kw_only=True)
_Severities: Any = defstruct("_Severities", _severities(), frozen=True, kw_only=True)
_Band: Any = defstruct(
    "_Band",
    [
        (
            "least",
            Annotated[
                values.MajorUnits,
                _about(
                    "Transactions of this currency from this amount on use the thresholds beside it; those not stated are the "
                    "transaction's."
                ),
            ],
            field(name="from"),
        ),
        *((name, annotated, None) for name, annotated, _ in _thresholds(Risk | None)),
    ],
    frozen=True,
    kw_only=True,
)


class ThresholdKeys(_Thresholds):  # type: ignore[misc]
    """`thresholds.<type>`: risks, or "never"."""


class BandKeys(_Band):  # type: ignore[misc]
    """An entry of `bands.<currency>`; a threshold that is None is the transaction's."""


class ChallengeKeys(Struct, frozen=True, kw_only=True):
    """`challenge`."""

    lifetime_s: Annotated[values.Lifetime, _about("How long a challenge can be answered.")]
    letter_after_s: Annotated[
        values.LetterAfter,
        _about("The owner gets a letter of a challenge that nobody has passed by then, or when it ends."),
    ]
    exempt_kinds: Annotated[
        values.Kinds,
        _about(
            "Kinds of transaction that are never challenged, held or denied. Failed logins and failed transactions "
            "never are, whatever stands here."
        ),
    ]


class LossKeys(Struct, frozen=True, kw_only=True):
    """`cost.loss`, in `cost.currency`."""

    login: Annotated[Loss, _about("Loss when a login is somebody else's; none: thresholds alone.")] = NONE
    transaction: Annotated[
        values.MoneyLoss,
        _about(
            "Loss when a payment is somebody else's. amount: its amount, in `cost.currency` or by `cost.rates`."
        ),
    ] = AMOUNT
    account_change: Annotated[
        Loss, _about("Loss when a change is somebody else's; none: thresholds alone.")
    ] = NONE


class CostKeys(Struct, frozen=True, kw_only=True):
    """`cost`."""

    rule: Annotated[
        values.CostRuleName,
        _about(
            "off: thresholds alone. also: challenge where the threshold or the cost says so. instead: challenge where "
            "the cost says so, whatever the challenge threshold."
        ),
    ] = "off"
    currency: Annotated[
        values.Currency | None, _about("Currency of the costs below. Required unless the rule is off.")
    ] = None
    friction: Annotated[
        Positive | None, _about("Cost of challenging the account's owner. Required unless the rule is off.")
    ] = None
    catch: Annotated[values.Share, _about("Share of the losses that a challenge prevents.")] = 1.0
    loss: LossKeys = LossKeys()
    rates: dict[
        values.Currency,
        Annotated[
            Positive,
            _about(
                "Units of `cost.currency` for one of this currency. Amounts in a currency without a rate are left to "
                "the thresholds."
            ),
        ],
    ] = {}


class BudgetKeys(Struct, frozen=True, kw_only=True):
    """`budget`."""

    challenges_per_week: Annotated[
        values.Limit, _about("Challenges that an account may be asked for in 7 days of event time.")
    ] = UNLIMITED
    challenges_per_hour: Annotated[
        values.Limit,
        _about(
            "Challenges that an account may be asked for in an hour of event time: whoever is asked ever again gives in."
        ),
    ] = UNLIMITED
    overflow: Annotated[
        ByType[Instead], _about("What a challenge of {} becomes when the budget is spent.")
    ] = ByType(login="hold", transaction="hold", account_change="hold")


class SnoozeKeys(Struct, frozen=True, kw_only=True):
    """An entry of `snoozes`."""

    account: Annotated[
        values.AccountId | None, _about("Account whose findings are snoozed; all accounts when left out.")
    ] = None
    detector: Annotated[
        values.DetectorName | None, _about("Detector whose findings are snoozed; all when left out.")
    ] = None
    starts: Annotated[
        values.Time | None, _about("Events before this time are not snoozed; none: from the beginning.")
    ] = field(default=None, name="from")
    until: Annotated[values.Time, _about("Events from this time on are not snoozed any more.")]
    reason: Annotated[values.Reason, _about("Why, for those who read the policy.")]
    holds: Annotated[bool, _about("true: a hold or a denial is snoozed too. Otherwise it stays.")] = False


class DenyKeys(Struct, frozen=True, kw_only=True):
    """`deny`."""

    insufficient: Annotated[
        values.DetectorNames,
        _about(
            "Detectors that see what owners do too. An event against which nothing else speaks is held for support where it "
            "would have been denied, and freezes nobody. It may be empty."
        ),
    ]


class ListKeys(Struct, frozen=True, kw_only=True):
    """`lists`."""

    allow: Annotated[
        values.AccountIds,
        _about("Accounts whose events are always allowed, unless frozen; findings are still recorded."),
    ]
    deny: Annotated[values.AccountIds, _about("Accounts whose events are always denied.")]


class SeverityKeys(_Severities):  # type: ignore[misc]
    """`severity`."""


class DetectorKeys(Struct, frozen=True, kw_only=True):
    """`detectors.<detector>`."""

    mode: Annotated[Mode, _about("off: not run. shadow: run and recorded, never acts. on: acts.")] = "on"
    params: Annotated[
        values.Params,
        _about("Parameters that differ from the detector's own; checked against them at start."),
    ] = {}
    alone_at_most: Annotated[
        Action,
        _about(
            "Strongest action when all acting findings come from detectors that state a bound here (the highest of "
            "their bounds). Where the account cannot answer a challenge, the bound `challenge` is `hold`."
        ),
    ] = "deny"


class PolicyFile(Struct, frozen=True, kw_only=True):
    """A policy file. Values stay as they are written: the digest in a policy's version is made of them.

    Sections with a default may be left out; while they are as their default they are no part of the digest.
    """

    version: Annotated[
        values.Name,
        _about(
            "Name of this policy. Decisions are stamped with it and eight digits of a digest of all values."
        ),
    ]
    prior: Annotated[values.Prior, _about("Risk of an event without any evidence.")]
    fade: Annotated[
        values.Fade,
        _about(
            "What each further finding of one family counts, against the one before it. 0: only the strongest counts."
        ),
    ]
    calibration: Annotated[
        values.Points, _about("Map from risk to score, straight lines between the points.")
    ]
    thresholds: ByType[ThresholdKeys]
    bands: dict[values.Currency, list[BandKeys]]
    no_factor: Annotated[
        ByType[Without],
        _about(
            "What a challenge of {} becomes for an account without a second factor. confirm: it is held until the owner confirms "
            "it, without an alert or a case. hold: it is held for support."
        ),
    ]
    unavailable: Annotated[
        ByType[FailRule],
        _about(
            "Least action for {} while memory or counts across accounts are away; or a table of what each action becomes."
        ),
    ]
    degraded: Annotated[
        ByType[FailRule], _about("The same for {} when a detector failed and was skipped.")
    ] = ByType(login="allow", transaction="allow", account_change="allow")
    challenge: ChallengeKeys
    cost: CostKeys = CostKeys()
    budget: BudgetKeys = BudgetKeys()
    snoozes: list[SnoozeKeys] = []
    deny: DenyKeys
    lists: ListKeys
    severity: SeverityKeys
    second_person: SecondPersonKeys
    unfreeze: UnfreezeKeys
    hold: HoldKeys
    incidents: IncidentKeys = IncidentKeys()
    report: ReportKeys
    reports: ReportsKeys = ReportsKeys()
    detectors: dict[values.DetectorName, DetectorKeys]
