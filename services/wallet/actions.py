"""The actions a wallet may be asked for: one table that the wire, the metrics and the pages of docs follow."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import DecodeError, Meta, Struct, json
from msgspec.structs import replace

from contracts.errors import Malformed
from contracts.events import Identifier
from contracts.identifiers import RULE, is_identifier

Kind = Literal[
    "freeze",
    "unfreeze",
    "revoke_sessions",
    "release_payment",
    "cancel_payment",
    "forget_device",
    "revoke_device",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: What each asks for.
MEANINGS: dict[Kind, str] = {
    "freeze": "Let no money out of the account until `unfreeze`.",
    "unfreeze": "Let money out of the account again.",
    "revoke_sessions": "End every session of the account.",
    "release_payment": "Carry out the payment `event_id`, which was held.",
    "cancel_payment": "Give up the payment `event_id`, which was held, and tell its payer.",
    "revoke_device": "End the sessions on the device that the event `event_id` came from.",
    "forget_device": "Stop trusting the device that the event `event_id` came from.",
}
#: Characters of a result's detail that are kept.
MOST_DETAIL = 256
Result = Literal["done", "already", "failed"]
RESULTS: tuple[Result, ...] = get_args(Result)


class WalletAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of the actions topic and of the feed: what the wallet must do, once an `action_id`; `at` in epoch seconds."""

    action_id: str
    kind: Kind
    account_id: str
    event_id: str
    at: float


class ActionResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of the results topic: what the wallet did. `already` is as good as `done`; `detail` says why it failed.

    `detail` holds no personal data; what is longer than 256 characters is cut.
    """

    action_id: Identifier
    result: Result
    detail: Annotated[str, Meta(extra_json_schema={"maxLength": MOST_DETAIL})] | None = None


#: Raises msgspec's errors for what is none.
read_action = json.Decoder(WalletAction).decode
_read_result = json.Decoder(ActionResult).decode


def read_result(value: bytes) -> ActionResult:
    """The result that a record tells, fit to be kept. Raises Malformed for what is none."""
    try:
        told = _read_result(value)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("invalid_result", type(error).__name__) from None
    if not is_identifier(told.action_id):
        raise Malformed("invalid_result", f"action_id: {RULE}")
    if told.detail is None:
        return told
    return replace(told, detail=told.detail.replace("\0", "")[:MOST_DETAIL])
