"""The published schemas, generated from the types: docs/events.schema.json, docs/asyncapi.json and docs/openapi.json.

`python -m services.api.schema` writes them; a test fails while they are stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from contracts import topics
from contracts.decisions import Decision
from contracts.event_times import BEYOND_MS, FIRST_MS
from contracts.events import EVENT_TYPES, AnyEvent
from services.cases.inbox import MessageRecord
from services.wallet.actions import ActionResult, WalletAction

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
DOCS = Path(__file__).parents[2] / "docs"
VERSION = "1.0.0"

_TIME = r"^(19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})$"
_MONEY = {
    "anyOf": [
        {
            "type": "string",
            "pattern": r"^[0-9]{1,15}(\.[0-9]{1,4})?$",
            "description": "Decimal, major units.",
        },
        {"type": "integer", "minimum": 0, "maximum": 10**15 - 1, "description": "Minor units."},
    ]
}
_WHEN = {
    "anyOf": [
        {
            "type": "string",
            "format": "date-time",
            "pattern": _TIME,
            "description": "RFC 3339 with an offset.",
        },
        {
            "type": "integer",
            "minimum": FIRST_MS,
            "exclusiveMaximum": BEYOND_MS,
            "description": "Epoch milliseconds. Seconds, micro- and nanoseconds are refused.",
        },
    ]
}

_EVENTS = {
    "Login": "An attempt to log in.",
    "Transaction": "Money asked to move, or moved.",
    "AccountChange": "A change to credentials, contacts, limits or factors of an account.",
    "ChallengeOutcome": "How a second-factor challenge ended. PayGuard writes it; it is refused over HTTP.",
    "Settlement": "How a freeze or a held payment ended. PayGuard writes it; it is refused over HTTP.",
    "Erasure": "The account's data is erased: what came before is forgotten. PayGuard writes it; it is refused over HTTP.",
    "OwnerAct": "What the owner did in the security centre. PayGuard writes it; it is refused over HTTP.",
    "UserReport": "What the account's owner says of one earlier event. Over HTTP it needs the scope `report`.",
    "Label": "What support or a chargeback says of one earlier event. Over HTTP it needs the scope `label`.",
    "Place": "Where the address is said to be. Coordinates beyond +-90 and +-180 degrees are no place.",
    "Network": "The network the address belongs to.",
    "Device": "What the user agent says of the device.",
}

_FIELDS = {
    "event_id": "Your id of this event. Repeating one is harmless: it is one event.",
    "account_id": "Your id of the account; the key of the record on Kafka.",
    "occurred_at": "When it happened.",
    "ip": "The address it came from, IPv4 or IPv6. Of a list of hops the first public one is taken; private ones are nobody.",
    "user_agent": "The user agent as sent.",
    "device_id": "Your lasting id of the device. Zeros, `unknown` and other placeholders are no device.",
    "session_id": "Your id of the session.",
    "place": "Where the address is; looked up when absent.",
    "network": "The address's network; looked up when absent.",
    "device": "The device; read from the user agent when absent.",
    "outcome": "How it ended.",
    "method": "How the user proved who they are, such as password.",
    "reason": "The code for a failure, as the identity provider or the wallet calls it.",
    "amount": "How much, in the currency beside it: decimal text with up to 18 decimals, or an integer in minor units where the "
    "currency's decimals are known; never a floating-point number.",
    "currency": "ISO 4217 code, or that of a coin such as USDT.",
    "status": "Requested before it is carried out, then completed or failed.",
    "payee_id": "Your id of who receives the money.",
    "category": "The payee's trade, such as a merchant category code.",
    "balance": "What was in the account before.",
    "balance_after": "What is in the account now, for the owner's letter of a top-up.",
    "reference": "Your number of this money, the same in all its states: support traces a top-up by it.",
    "channel": "The bank, card network or rail that it goes by.",
    "change": "What was changed.",
    "challenge_id": "The challenge.",
    "challenged_event_id": "The event that was challenged.",
    "purpose": "What the challenge was for.",
    "act": "What the owner did: locked the wallet, or gave up a device.",
    "gone_device": "The device that was given up: 16 hex digits of its key, which PayGuard made.",
    "trusted_device": "The device that the owner trusts from now on: 16 hex digits of its key, which PayGuard made.",
    "by": "Who did it in the place of the owner, if somebody did.",
    "settles": "What ended: the freeze of the account, or the payment that was held.",
    "about_event_id": "The event this is about.",
    "proof": "How it is known that the owner says so: link (whoever reads the mail may press it; a was_me teaches nothing), "
    "session (signed in on a session that the wallet knows), code (PayGuard accepted a code in the last 15 minutes).",
    "undoes": "The report that this one takes back; not taken over HTTP, see "
    "POST /v1/accounts/{account_id}/reports/{event_id}/undo.",
    "about_occurred_at": "When the event this is about happened; seven days before the label when absent.",
    "verdict": "What is said of it.",
    "source": "Who says so.",
    "country": "ISO 3166 code.",
    "latitude": "Degrees north.",
    "longitude": "Degrees east.",
    "accuracy_km": "Radius within which the place is meant.",
    "asn": "Autonomous system number.",
}


def components(reference: str) -> dict[str, Any]:
    """JSON Schemas of `Event`, its six kinds and their parts; `reference` is a template such as `#/$defs/{name}`."""
    kinds = (*EVENT_TYPES, AnyEvent)
    (*_, event), found = msgspec.json.schema_components(kinds, ref_template=reference)
    for name, schema in found.items():
        schema["description"] = _EVENTS[name]
        schema["properties"] = {
            field: _described(field, body)
            for field, body in schema["properties"].items()
            if not field.startswith("_")
        }
    event["description"] = (
        "Something that happened to an account. Unknown members are allowed; no text may hold U+0000."
    )
    return {"Event": event, **found}


def events_schema() -> dict[str, Any]:
    """The JSON Schema of one event."""
    parts = components("#/$defs/{name}")
    event = parts.pop("Event")
    return {"$schema": JSON_SCHEMA, "title": "PayGuard account event", **event, "$defs": parts}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI document of the topics: what PayGuard reads and what it writes."""
    reference = "#/components/schemas/{name}"
    _, others = msgspec.json.schema_components(
        (Decision, WalletAction, ActionResult, MessageRecord), ref_template=reference
    )
    schemas = {**components(reference), **others}
    messages = {name: message for name, _, message, _ in _channels()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "PayGuard topics",
            "version": VERSION,
            "description": "Records are keyed by account id (UTF-8) and partitioned by Kafka's default hash of it.",
        },
        "defaultContentType": "application/json",
        "channels": {
            name: {
                "address": name,
                "description": about,
                "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            }
            for name, about, _, _ in _channels()
        },
        "operations": {
            f"{verb}-{name}": {
                "action": verb,
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            }
            for name, _, _, verb in _channels()
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _channels() -> list[tuple[str, str, dict[str, Any], str]]:
    """(topic, what it is for, its message, what PayGuard does with it)."""
    # long because it is one table
    trace = {topics.HEADER_TRACEPARENT: "W3C trace context, passed through."}
    reply = {topics.HEADER_REPLY_TO: "Set by the HTTP API: where the decision is announced."}
    effects = {topics.HEADER_EFFECTS: "1 when the decision has effects, or refuses; absent otherwise."}
    event, decision, action, result, told = (
        {"$ref": f"#/components/schemas/{name}"}
        for name in ("Event", "Decision", "WalletAction", "ActionResult", "MessageRecord")
    )
    return [
        (
            topics.ACCOUNT_EVENTS,
            "Everything that changes what PayGuard believes about an account.",
            _message("AccountEvent", event, {**reply, **trace, **_MAC}),
            "receive",
        ),
        (
            topics.ACCOUNT_EVENTS_DEAD,
            "Records that can never be processed: original key, value and headers, and why.",
            _message("DeadLetter", {"description": "The original bytes."}, {**_DEAD, **trace}),
            "send",
        ),
        (
            topics.DECISIONS,
            "One decision an event, its effects inside. May repeat after a crash: drop repeated event ids.",
            _message("Decision", decision, {**effects, **trace}),
            "send",
        ),
        (
            topics.ACTIONS,
            "What the wallet must do beyond one answer. May repeat: drop repeated action ids.",
            _message("Action", action, trace),
            "send",
        ),
        (
            topics.ACTION_RESULTS,
            "What the wallet did with an action. The first answer stands, except that what failed may be done later.",
            _message("ActionResult", result, {}),
            "receive",
        ),
        (
            topics.MESSAGES,
            "What an owner was told, where messages_to_kafka is on. May repeat: drop repeated message ids.",
            _message("Message", told, {}),
            "send",
        ),
    ]


_DEAD = {
    topics.DEAD_REASON: "Reason code.",
    topics.DEAD_DETAIL: "What is wrong, without personal data.",
    topics.DEAD_TOPIC: "Topic of the original record.",
    topics.DEAD_PARTITION: "Partition of the original record.",
    topics.DEAD_OFFSET: "Offset of the original record.",
    topics.DEAD_ATTEMPTS: "How often it was tried.",
}
_MAC = {topics.HEADER_MAC: "PayGuard's MAC on its own events; others need none."}


def _message(name: str, payload: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    about = {header: {"type": "string", "description": text} for header, text in headers.items()}
    message: dict[str, Any] = {
        "name": name,
        "payload": payload,
        "headers": {"type": "object", "properties": about},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The account id."}}},
    }
    if name == "DeadLetter":
        message["contentType"] = "application/octet-stream"
    return message


def _described(field: str, body: dict[str, Any]) -> dict[str, Any]:
    """The field's schema, with what the decoder checks beyond its type."""
    if field == "occurred_at":
        body = dict(_WHEN)
    elif field == "about_occurred_at":
        body = {"anyOf": [*_WHEN["anyOf"], {"type": "null"}], "default": None}
    elif field in ("amount", "balance", "balance_after"):
        body = {"anyOf": [*_MONEY["anyOf"], {"type": "null"}]} if "default" in body else dict(_MONEY)
    if field in _FIELDS:
        body = {**body, "description": _FIELDS[field]}
    return body


def documents() -> dict[str, str]:
    """The text of each generated file, by its name in docs/."""
    from services.api.route_table import openapi_document  # it takes the event schemas from this module

    written = {
        "events.schema.json": events_schema(),
        "asyncapi.json": asyncapi(),
        "openapi.json": openapi_document(),
    }
    return {name: json.dumps(body, indent=2, ensure_ascii=False) + "\n" for name, body in written.items()}


def main() -> None:
    """Write the generated files."""
    DOCS.mkdir(exist_ok=True)
    for name, text in documents().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote docs/{name}\n")


if __name__ == "__main__":
    main()
