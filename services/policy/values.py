"""What the values of a policy file must be: in words, and as a check."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from contracts.currencies import is_code
from contracts.decisions import ACTIONS
from services.policy.reader import Expects
from services.risk.fusion import Calibration

NEVER = "never"
NONE = "none"
AMOUNT = "amount"
UNLIMITED = "unlimited"
COST_RULES = ("off", "also", "instead")
SEVERITIES = ("low", "medium", "high", "critical")
KINDS = ("transfer", "payment", "withdrawal", "top_up", "cash_out", "refund")


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def one_of(*words: str) -> Expects:
    return Expects("one of " + ", ".join(words), lambda value: isinstance(value, str) and value in words)


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def are_points(value: Any) -> bool:
    pairs = isinstance(value, list) and all(
        isinstance(point, list) and len(point) == 2 and all(map(is_number, point)) for point in value
    )
    if not pairs:
        return False
    try:
        Calibration((risk, score) for risk, score in value)
    except (ValueError, OverflowError):
        return False
    return True


RISK = Expects(
    'a risk above 0 and up to 1, or "never"', lambda v: v == NEVER or (is_number(v) and 0 < v <= 1)
)
ACTION = one_of(*ACTIONS)
INSTEAD = one_of("notify", "hold", "deny")
SEVERITY = one_of(*SEVERITIES)
IDS = Expects("a list of account ids", are_texts)
ID = Expects("an account id", lambda v: isinstance(v, str) and 1 <= len(v) <= 128)
DETECTOR = Expects(
    "a detector's name", lambda v: isinstance(v, str) and re.fullmatch("[a-z][a-z0-9_]*", v) is not None
)
CURRENCY = Expects(
    "a currency such as CNY or USDT",
    lambda v: isinstance(v, str) and is_code(v),
)
TIME = Expects(
    "a date and time with an offset such as 2026-12-01T08:00:00Z",
    lambda v: isinstance(v, datetime) and v.tzinfo is not None,
)
MORE_THAN_0 = Expects("a number above 0", lambda v: is_amount(v))
LOSS = Expects('a number above 0, or "none"', lambda v: v == NONE or is_amount(v))
MONEY_LOSS = Expects('"amount", a number above 0, or "none"', lambda v: v in (AMOUNT, NONE) or is_amount(v))
FAIL_RULE = Expects(
    f'one of {", ".join(ACTIONS)}, or a table such as {{ allow = "notify", challenge = "hold" }} that weakens nothing',
    lambda v: fail_ranks(v) is not None,
)


def fail_ranks(value: Any) -> tuple[int, ...] | None:
    """What each action of ACTIONS becomes under a fail rule, as positions in it; None for what is no such rule.

    An action's name is the least action. A table names what each becomes, and what it leaves out stays; none may become
    weaker than it is, nor than what the one before it becomes.
    """
    ranks = list(range(len(ACTIONS)))
    if isinstance(value, str):
        if value not in ACTIONS:
            return None
        return tuple(max(rank, ACTIONS.index(value)) for rank in ranks)
    if not isinstance(value, dict) or not all(name in ACTIONS[:-1] for name in value):
        return None
    for rank, action in enumerate(ACTIONS):
        becomes = value.get(action, action)
        if becomes not in ACTIONS:
            return None
        ranks[rank] = ACTIONS.index(becomes)
    rising = ranks == sorted(ranks) and all(rank <= becomes for rank, becomes in enumerate(ranks))
    return tuple(ranks) if rising else None


def is_amount(value: Any) -> bool:
    return is_number(value) and 0 < value < 10**15
