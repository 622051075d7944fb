"""What PayGuard decides about one event, and the effects that follow, as plain data.

One decision an event, named by the account and the event's id. Effects travel inside it, each with an id derived from
these and the effect's kind, so a repeated decision repeats the same ids. While it is kept for its caller, the answer is
called by event, account and content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from struct import Struct as Layout
from typing import Literal
from zlib import crc32

from msgspec import Struct

from contracts.actions import Action
from contracts.events import Purpose
from contracts.findings import Mode, Value
from contracts.shown import Shown

Severity = Literal["low", "medium", "high", "critical"]
#: Whose word a held event waits for.
WaitsFor = Literal["owner", "support"]
Change = Literal["amount_below", "known_device", "known_place", "known_payee", "unchanged_account"]

#: In place of a decision: the account's event id was used before, for other content.
REUSED = b"event_id_reused"
REUSED_DETAIL = "the account's event id was used before for other content; give each event an id of its own"
_BIG_ENDIAN = Layout(">I").pack
#: No identifier holds it.
_BETWEEN = "\x1f"


class Effect(Struct, frozen=True, kw_only=True, tag_field="kind", gc=False, omit_defaults=True):
    """Something to be done once; `effect_id` is what repeats are dropped by."""

    effect_id: str


class IssueChallenge(Effect, frozen=True, kw_only=True, tag="issue_challenge", gc=False, omit_defaults=True):
    """Ask for a second factor, bound to the digest of what is approved (amount as canonical decimal text).

    Its owner gets a letter when nobody has passed it `letter_after_s` seconds on; None: no letter is of the challenge alone.
    """

    challenge_id: str
    purpose: Purpose
    digest: str
    lifetime_s: int
    amount: str | None = None
    currency: str | None = None
    payee_id: str | None = None
    letter_after_s: int | None = None


class RaiseAlert(Effect, frozen=True, kw_only=True, tag="raise_alert", gc=False, omit_defaults=True):
    """Show this event to the security team."""

    severity: Severity


class OpenCase(Effect, frozen=True, kw_only=True, tag="open_case", gc=False, omit_defaults=True):
    """Hand the account to support (joins the account's open case when there is one)."""

    severity: Severity


class Freeze(Effect, frozen=True, kw_only=True, tag="freeze", gc=False, omit_defaults=True):
    """Stop outgoing money of the account until support releases it."""


class HoldPayment(Effect, frozen=True, kw_only=True, tag="hold_payment", gc=False, omit_defaults=True):
    """Keep the payment from being carried out until it is let go, given up, or has waited for `due_s` seconds.

    `joins` names a payment that waits already, which this one repeats: of the two at most one is carried out.
    """

    due_s: int
    amount: str
    currency: str
    payee_id: str | None = None
    joins: str | None = None


class ReleasePayment(Effect, frozen=True, kw_only=True, tag="release_payment", gc=False, omit_defaults=True):
    """The owner gave the code for the held payment `event_id`: it waits no more, and its grant lets it go."""

    event_id: str


class RevokeSessions(Effect, frozen=True, kw_only=True, tag="revoke_sessions", gc=False, omit_defaults=True):
    """End the account's sessions."""


class Notify(Effect, frozen=True, kw_only=True, tag="notify", gc=False, omit_defaults=True):
    """Tell the user; `template` names the notice (login_notice, transaction_notice,
    change_notice, hold_notice, deny_notice)."""

    template: str


class ForgetAccount(Effect, frozen=True, kw_only=True, tag="forget_account", gc=False, omit_defaults=True):
    """Take out of SQL what earlier decisions left there about the account."""


AnyEffect = (
    IssueChallenge
    | RaiseAlert
    | OpenCase
    | HoldPayment
    | ReleasePayment
    | Freeze
    | RevokeSessions
    | Notify
    | ForgetAccount
)


class Contribution(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A finding as a decision records it: `share` is its part of the score (shares of `on` findings add up to it)."""

    detector: str
    reason: str
    weight: float
    share: int = 0
    mode: Mode = "on"
    value: Value = None
    baseline: Value = None
    threshold: Value = None
    facts: dict[str, Value] | None = None


class Counterfactual(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A single change with which the same event would have passed, and the `action` it would then have got.

    `amount_below`: an amount under `amount` (canonical decimal text) of `currency`, looked for down to a hundredth of what
    was asked. `known_device`, `known_place`: from the device, or the address and network, of the account's latest visit.
    `known_payee`: to the payee paid last.
    `unchanged_account`: without an account change in the `hours` before.
    """

    change: Change
    action: Action
    amount: str | None = None
    currency: str | None = None
    hours: int | None = None


class Decision(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The answer to one event: risk is a probability in 0..1, score its calibrated 0..100.

    `states` says what was not known: `learning`, `place_unavailable`, `network_unavailable`, `tallies_unavailable`,
    `memory_lost`, `late`, `clamped`, `address_not_public`, `device_of_a_crowd`; what could not be read: `address_malformed`,
    `place_malformed`, `network_malformed`, `device_malformed`, `field_malformed`; what the policy did: `snoozed`,
    `budget_spent`, `held_not_denied`; and `repeated`: the payment repeats one that was stopped and has not ended.
    `degraded` names detectors that were skipped.
    `tallies` are the counts across accounts that were read.
    `counterfactuals` are single changes with which the event would have passed; empty where none is known.
    `model_version` names the trained model that had a part in the risk.
    `shown` is what a person needs to recognise the event: of a login, transaction or account change that had effects;
    `about_event_id` is the event that a report, label, outcome or settlement with effects speaks of.
    `waits_for` says whose word a held event waits for: its owner's, or support's.
    """

    event_id: str
    account_id: str
    type: str
    at: float
    risk: float
    score: int
    action: Action
    policy_version: str
    findings: tuple[Contribution, ...] = ()
    effects: tuple[AnyEffect, ...] = ()
    states: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    tallies: dict[str, int] | None = None
    held: bool = False
    counterfactuals: tuple[Counterfactual, ...] = ()
    model_version: str | None = None
    shown: Shown | None = None
    about_event_id: str | None = None
    waits_for: WaitsFor | None = None


def effect_id(account_id: str, event_id: str, kind: str) -> str:
    """The id of an event's effect of one kind, 32 hex digits of BLAKE2b over all three: the same on every repeat.

    Event ids are the callers' own, so two accounts may use the same. The account's length keeps the two apart: no other
    account and event give the same id.
    """
    return derived_id(f"{len(account_id)}:{account_id}{event_id}", kind)


def derived_id(unique_id: str, kind: str) -> str:
    """The id of what follows once from a thing whose id is unique over all accounts, such as a case or a challenge.

    Never an event: its id is unique in its account alone.
    """
    return hashlib.blake2b(f"{kind}\x00{unique_id}".encode(), digest_size=16).hexdigest()


def approval_digest(
    event_id: str, purpose: str, amount: str | None, currency: str | None, payee_id: str | None
) -> str:
    """Canonical digest of what a challenge approves: SHA-256 over length-prefixed fields, hex.

    `amount` is canonical decimal text (see `contracts.events.canonical_amount`).
    """
    digest = hashlib.sha256()
    for part in ("payguard-approval-1", event_id, purpose, amount, currency, payee_id):
        data = b"" if part is None else part.encode()
        digest.update(b"-" if part is None else f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


def content_digest(value: bytes) -> bytes:
    """Four bytes that tell one content from another: CRC-32 of the event's JSON as it was sent.

    Good against mistakes, not against somebody who wants two contents to look alike: he could as well have sent another id.
    """
    return crc32(value).to_bytes(4, "big")


def content_digests(values: Iterable[bytes]) -> list[bytes]:
    """The `content_digest` of each value."""
    return list(map(_BIG_ENDIAN, map(crc32, values)))


def answer_name(account_id: str, event_id: str, value: bytes) -> str:
    """The name of the answer to an event whose JSON is `value`."""
    return f"{event_id}{_BETWEEN}{account_id}{_BETWEEN}{content_digest(value).hex()}"


def event_of(name: str) -> tuple[str, str]:
    """The event id in an answer's name, and the rest of it."""
    event_id, _, rest = name.partition(_BETWEEN)
    return event_id, rest


def account_in(rest: str) -> str:
    """The account in the rest of an answer's name."""
    return rest.rpartition(_BETWEEN)[0]
