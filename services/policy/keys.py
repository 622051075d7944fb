"""The keys a policy file may hold: what each means and what it expects."""

from __future__ import annotations

from typing import Any

from contracts.profile import MAX_CHALLENGES
from services.policy.reader import Each, Expects, Key, Rows, Schema
from services.policy.values import (
    ACTION,
    AMOUNT,
    COST_RULES,
    CURRENCY,
    DETECTOR,
    FAIL_RULE,
    ID,
    IDS,
    INSTEAD,
    KINDS,
    LOSS,
    MONEY_LOSS,
    MORE_THAN_0,
    NONE,
    RISK,
    SEVERITY,
    TIME,
    UNLIMITED,
    are_points,
    are_texts,
    is_number,
    is_whole,
    one_of,
)

#: Sections that a policy may leave out. At their defaults they are no part of the digest in its version.
OPTIONAL = ("cost", "budget", "degraded", "snoozes")
_TYPES = (("login", "a login"), ("transaction", "a payment"), ("account_change", "a change"))


def _thresholds(default: Any = ...) -> dict[str, Key]:
    return {
        "notify": Key(RISK, "Risk from which the owner is told and an alert is raised.", default),
        "challenge": Key(RISK, "Risk from which a second factor is asked for.", default),
        "hold": Key(RISK, "Risk from which the event waits for support.", default),
        "deny": Key(RISK, "Risk from which the event is refused and the account is frozen.", default),
    }


SCHEMA: Schema = {
    "version": Key(
        Expects("a name of 1 to 40 characters", lambda v: isinstance(v, str) and 1 <= len(v) <= 40),
        "Name of this policy. Decisions are stamped with it and eight digits of a digest of all values.",
    ),
    "prior": Key(
        Expects("a probability between 0 and 0.5", lambda v: is_number(v) and 0 < v < 0.5),
        "Risk of an event without any evidence.",
    ),
    "fade": Key(
        Expects("a number from 0 to 1", lambda v: is_number(v) and 0 <= v <= 1),
        "What each further finding of one family counts, against the one before it. 0: only the strongest counts.",
    ),
    "calibration": Key(
        Expects(
            "a list of [risk, score] points from risk 0 to risk 1 with rising risks and scores in 0..100 "
            "that never fall",
            are_points,
        ),
        "Map from risk to score, straight lines between the points.",
    ),
    "thresholds": {"login": _thresholds(), "transaction": _thresholds(), "account_change": _thresholds()},
    "bands": Each(
        "<currency>",
        CURRENCY,
        {
            "from": Key(
                Expects(
                    "a whole amount in major units, 0 or more", lambda v: is_whole(v) and 0 <= v < 10**15
                ),
                "Transactions of this currency from this amount on use the thresholds beside it; those not stated "
                "are the transaction's.",
            ),
            **_thresholds(None),
        },
        many=True,
    ),
    "no_factor": {
        kind: Key(INSTEAD, f"What a challenge of {what} becomes for an account without a second factor.")
        for kind, what in _TYPES
    },
    "unavailable": {
        kind: Key(
            FAIL_RULE,
            f"Least action for {what} while memory or counts across accounts are away; or a table of what each action "
            "becomes.",
        )
        for kind, what in _TYPES
    },
    "degraded": {
        kind: Key(FAIL_RULE, f"The same for {what} when a detector failed and was skipped.", "allow")
        for kind, what in _TYPES
    },
    "challenge": {
        "lifetime_s": Key(
            Expects("whole seconds from 30 to 3600", lambda v: is_whole(v) and 30 <= v <= 3600),
            "How long a challenge can be answered.",
        ),
        "exempt_kinds": Key(
            Expects(
                "a list of transaction kinds (" + ", ".join(KINDS) + ")",
                lambda v: are_texts(v) and set(v) <= set(KINDS),
            ),
            "Kinds of transaction that are never challenged, held or denied. Failed logins and failed transactions "
            "never are, whatever stands here.",
        ),
    },
    "cost": {
        "rule": Key(
            one_of(*COST_RULES),
            "off: thresholds alone. also: challenge where the threshold or the cost says so. instead: challenge where the "
            "cost says so, whatever the challenge threshold.",
            "off",
        ),
        "currency": Key(CURRENCY, "Currency of the costs below. Required unless the rule is off.", None),
        "friction": Key(
            MORE_THAN_0, "Cost of challenging the account's owner. Required unless the rule is off.", None
        ),
        "catch": Key(
            Expects("a share above 0 and up to 1", lambda v: is_number(v) and 0 < v <= 1),
            "Share of the losses that a challenge prevents.",
            1.0,
        ),
        "loss": {
            "login": Key(LOSS, "Loss when a login is somebody else's; none: thresholds alone.", NONE),
            "transaction": Key(
                MONEY_LOSS,
                "Loss when a payment is somebody else's. amount: its amount, in `cost.currency` or by `cost.rates`.",
                AMOUNT,
            ),
            "account_change": Key(
                LOSS, "Loss when a change is somebody else's; none: thresholds alone.", NONE
            ),
        },
        "rates": Each(
            "<currency>",
            CURRENCY,
            Key(
                MORE_THAN_0,
                "Units of `cost.currency` for one of this currency. Amounts in a currency without a rate are left to the "
                "thresholds.",
                None,
            ),
        ),
    },
    "budget": {
        "challenges_per_week": Key(
            Expects(
                f'a whole number from 1 to {MAX_CHALLENGES}, or "{UNLIMITED}"',
                lambda v: v == UNLIMITED or (is_whole(v) and 1 <= v <= MAX_CHALLENGES),
            ),
            "Challenges that an account may be asked for in 7 days of event time.",
            UNLIMITED,
        ),
        "challenges_per_hour": Key(
            Expects(
                f'a whole number from 1 to {MAX_CHALLENGES}, or "{UNLIMITED}"',
                lambda v: v == UNLIMITED or (is_whole(v) and 1 <= v <= MAX_CHALLENGES),
            ),
            "Challenges that an account may be asked for in an hour of event time: whoever is asked ever again gives in.",
            UNLIMITED,
        ),
        "overflow": {
            kind: Key(INSTEAD, f"What a challenge of {what} becomes when the budget is spent.", "hold")
            for kind, what in _TYPES
        },
    },
    "snoozes": Rows(
        {
            "account": Key(ID, "Account whose findings are snoozed; all accounts when left out.", None),
            "detector": Key(DETECTOR, "Detector whose findings are snoozed; all when left out.", None),
            "from": Key(TIME, "Events before this time are not snoozed; none: from the beginning.", None),
            "until": Key(TIME, "Events from this time on are not snoozed any more."),
            "reason": Key(
                Expects("1 to 200 characters", lambda v: isinstance(v, str) and 1 <= len(v) <= 200),
                "Why, for those who read the policy.",
            ),
            "holds": Key(
                Expects("true or false", lambda v: isinstance(v, bool)),
                "true: a hold or a denial is snoozed too. Otherwise it stays.",
                False,
            ),
        }
    ),
    "lists": {
        "allow": Key(IDS, "Accounts whose events are always allowed; findings are still recorded."),
        "deny": Key(IDS, "Accounts whose events are always denied."),
    },
    "severity": {
        "notify": Key(SEVERITY, "Severity of the alert of a notify."),
        "challenge": Key(SEVERITY, "Severity of the alert of a challenge."),
        "hold": Key(SEVERITY, "Severity of the alert and the case of a hold."),
        "deny": Key(SEVERITY, "Severity of the alert and the case of a deny."),
        "report": Key(SEVERITY, 'Severity of the alert and the case of a "not me" report or a fraud label.'),
    },
    "detectors": Each(
        "<detector>",
        DETECTOR,
        {
            "mode": Key(
                one_of("off", "shadow", "on"),
                "off: not run. shadow: run and recorded, never acts. on: acts.",
                "on",
            ),
            "params": Key(
                Expects("a table of the detector's parameters", lambda v: isinstance(v, dict)),
                "Parameters that differ from the detector's own; checked against them at start.",
                {},
            ),
            "alone_at_most": Key(
                ACTION,
                "Strongest action when all acting findings come from detectors that state a bound here "
                "(the highest of their bounds). Where the account cannot answer a challenge, the bound "
                "`challenge` is `hold`.",
                "deny",
            ),
        },
    ),
}
