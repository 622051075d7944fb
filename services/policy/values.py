"""The types of a policy file's values: msgspec's constraints, their words, and a check where those do not reach."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta

from contracts.actions import ACTIONS, RANK, STEPS
from contracts.currencies import is_code
from contracts.events import LONGEST_UNDO_S
from contracts.profile import MAX_CHALLENGES
from services.risk.fusion import Calibration

NEVER: Final = "never"
NONE: Final = "none"
AMOUNT: Final = "amount"
UNLIMITED: Final = "unlimited"
_Kind = Literal["transfer", "payment", "withdrawal", "top_up", "cash_out", "refund"]
_MOST = 10**15
_Fraction = Annotated[float, Meta(gt=0, le=1)]


def fail_ranks(value: str | Mapping[str, Any]) -> tuple[int, ...] | None:
    """What each action of ACTIONS becomes under a fail rule, as positions in it; None for what is no such rule.

    An action's name is the least action. A table names what each becomes, and what it leaves out stays; none may become
    weaker than it is, nor than what the one before it becomes.
    """
    if isinstance(value, str):
        return tuple(max(rank, RANK[value]) for rank in range(len(ACTIONS))) if value in ACTIONS else None
    becomes = [value.get(action, action) for action in ACTIONS]
    if not set(value) <= set(ACTIONS[:-1]) or not all(name in ACTIONS for name in becomes):
        return None
    ranks = tuple(RANK[name] for name in becomes)
    rising = list(ranks) == sorted(ranks) and all(rank <= after for rank, after in enumerate(ranks))
    return ranks if rising else None


def _is_calibration(points: list[list[float]]) -> bool:
    try:
        Calibration((risk, score) for risk, score in points)
    except (ValueError, OverflowError):
        return False
    return True


Name = Annotated[str, Meta(min_length=1, max_length=40, title="a name of 1 to 40 characters")]
Prior = Annotated[float, Meta(gt=0, lt=0.5, title="a probability between 0 and 0.5")]
Fade = Annotated[float, Meta(ge=0, le=1, title="a number from 0 to 1")]
Share = Annotated[_Fraction, Meta(title="a share above 0 and up to 1")]
Risk = Annotated[_Fraction | Literal["never"], Meta(title='a risk above 0 and up to 1, or "never"')]
Points = Annotated[
    list[Annotated[list[float], Meta(min_length=2, max_length=2)]],
    Meta(
        title="a list of [risk, score] points from risk 0 to risk 1 with rising risks and scores in 0..100 that never fall"
    ),
    _is_calibration,
]
MajorUnits = Annotated[int, Meta(ge=0, lt=_MOST, title="a whole amount in major units, 0 or more")]
Deadline = Annotated[int, Meta(ge=60, le=7_776_000, title="whole seconds from 60 to 7776000")]
ReportActs = Annotated[
    list[Literal["freeze", "revoke_sessions", "forget_device", "case"]],
    Meta(title="a list of freeze, revoke_sessions, forget_device and case"),
]
ConfirmActs = Annotated[list[Literal["release_payment"]], Meta(title="a list of release_payment")]
UnfreezeSteps = Annotated[list[Literal["factor", "password"]], Meta(title="a list of factor and password")]
Window = Annotated[int, Meta(ge=0, le=86_400, title="whole seconds from 0 to 86400; 0: never together")]
UndoTime = Annotated[
    int, Meta(ge=0, le=LONGEST_UNDO_S, title=f"whole seconds from 0 to {LONGEST_UNDO_S}; 0: never")
]
SecondPersonActs = Annotated[
    list[Literal["unfreeze", "factor_reset", "erasure"]],
    Meta(title="a list of unfreeze, factor_reset and erasure"),
]
Lifetime = Annotated[int, Meta(ge=30, le=3600, title="whole seconds from 30 to 3600")]
LetterAfter = Annotated[
    Annotated[int, Meta(ge=0, le=3600)] | Literal["never"],
    Meta(title='whole seconds from 0 to 3600, or "never"'),
]
Positive = Annotated[float, Meta(gt=0, lt=_MOST, title="a number above 0")]
Loss = Annotated[Positive | Literal["none"], Meta(title='a number above 0, or "none"')]
MoneyLoss = Annotated[
    Positive | Literal["amount", "none"], Meta(title='"amount", a number above 0, or "none"')
]
Limit = Annotated[
    Annotated[int, Meta(ge=1, le=MAX_CHALLENGES)] | Literal["unlimited"],
    Meta(title=f'a whole number from 1 to {MAX_CHALLENGES}, or "{UNLIMITED}"'),
]
#: What a challenge may become.
_INSTEAD = tuple(kind.name for kind in STEPS if kind.name != "challenge")
Instead = Annotated[str, Meta(title=f"one of {', '.join(_INSTEAD)}"), _INSTEAD.__contains__]
#: What a challenge may become where there is no factor: besides those, the event waits for its owner's word, and for nobody else.
CONFIRM: Final = "confirm"
_WITHOUT = ("notify", CONFIRM, "hold", "deny")
Without = Annotated[str, Meta(title=f"one of {', '.join(_WITHOUT)}"), _WITHOUT.__contains__]
CostRuleName = Literal["off", "also", "instead"]
FailRule = Annotated[
    str | dict[str, Any],
    Meta(
        title=f'one of {", ".join(ACTIONS)}, or a table such as {{ allow = "notify", challenge = "hold" }} that weakens nothing'
    ),
    fail_ranks,
]
Kinds = Annotated[list[_Kind], Meta(title=f"a list of transaction kinds ({', '.join(get_args(_Kind))})")]
AccountId = Annotated[str, Meta(min_length=1, max_length=128, title="an account id")]
AccountIds = Annotated[list[Annotated[str, Meta(min_length=1)]], Meta(title="a list of account ids")]
Currency = Annotated[
    str, Meta(title="a currency such as CNY or USDT", extra={"placeholder": "<currency>"}), is_code
]
DetectorName = Annotated[
    str,
    Meta(pattern=r"\A[a-z][a-z0-9_]*\Z", title="a detector's name", extra={"placeholder": "<detector>"}),
]
DetectorNames = Annotated[
    list[Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]*\Z")]], Meta(title="a list of detectors' names")
]
Params = Annotated[dict[str, Any], Meta(title="a table of the detector's parameters")]
Time = Annotated[datetime, Meta(tz=True, title="a date and time with an offset such as 2026-12-01T08:00:00Z")]
Reason = Annotated[str, Meta(min_length=1, max_length=200, title="1 to 200 characters")]
