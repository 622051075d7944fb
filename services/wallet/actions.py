"""The actions a wallet may be asked for: one table that the wire, the metrics and the pages of docs follow."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct, json

Kind = Literal["freeze", "unfreeze", "revoke_sessions", "release_payment", "cancel_payment", "forget_device"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: What each asks for.
MEANINGS: dict[Kind, str] = {
    "freeze": "Let no money out of the account until `unfreeze`.",
    "unfreeze": "Let money out of the account again.",
    "revoke_sessions": "End every session of the account.",
    "release_payment": "Carry out the payment `event_id`, which was held.",
    "cancel_payment": "Give up the payment `event_id`, which was held, and tell its payer.",
    "forget_device": "Stop trusting the device that the event `event_id` came from.",
}
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
    """A record of the results topic: what the wallet did. `already` is as good as `done`."""

    action_id: str
    result: Result
    detail: str | None = None


#: Both raise msgspec's errors for what is none.
read_action = json.Decoder(WalletAction).decode
read_result = json.Decoder(ActionResult).decode
