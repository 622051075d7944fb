"""What an evidence pack holds: all that is known of a case, each line with its source. Pure; the JSON schema is made of it.

Times are ISO 8601 in the pack's zone, with its offset. Words are in the pack's language; codes such as `state` are the API's own.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct, json

#: Grows with every change that a reader of the JSON must know of.
FORMAT = "payguard-evidence-pack-1"


class Anchor(Struct, frozen=True, kw_only=True):
    """The last row of the account's partition of the audit when the pack was made: the row about the pack comes after it."""

    partition: int
    row: int
    hash: str


class About(Struct, frozen=True, kw_only=True):
    """The case. `number` is what people call it by; `kind` and `state` are codes, `kind_words` and `outcome_words` for people.

    `event` is what it is about, in words, and `event_id` that event.
    """

    number: str
    case_id: str
    account: str
    kind: str
    kind_words: str
    state: str
    severity: str
    opened_at: str
    closed_at: str | None
    outcome: str | None
    outcome_words: str | None
    assignee: str | None
    event_id: str | None
    event: str | None
    addresses: list[str]


class Answered(Struct, frozen=True, kw_only=True):
    """A question of the report's form, and what the owner chose or typed."""

    question: str
    answer: str


class Statement(Struct, frozen=True, kw_only=True):
    """What the owner reported, in their own words."""

    made_at: str
    through: str
    text: str
    answers: list[Answered]


class StoryLine(Struct, frozen=True, kw_only=True):
    """One thing that happened; `mine` where the case is about it. `source` names the record that says so."""

    at: str
    what: str
    source: str
    mine: bool = False


class ReasonTold(Struct, frozen=True, kw_only=True):
    """Why a decision was made: the detector, its sentence, and its part of the score (0 to 100); None: no part of it."""

    detector: str
    words: str
    share: int | None


class DecisionTold(Struct, frozen=True, kw_only=True):
    """What PayGuard decided about an event of the case, and why."""

    at: str
    event_id: str
    event: str
    action: str
    headline: str
    score: int
    policy: str
    reasons: list[ReasonTold]
    would_have_passed: str
    source: str


class Acknowledged(Struct, frozen=True, kw_only=True):
    """An action that the wallet was asked for, and its answer; `result` is None while it has none."""

    kind: str
    words: str
    asked_at: str
    result: str | None
    answered_at: str | None
    source: str


class HoldTold(Struct, frozen=True, kw_only=True):
    """A freeze of the account (`kind` freeze) or a held payment, and its end; `state` of a payment is how it ended."""

    kind: str
    what: str
    state: str
    placed_at: str
    placed_by: str
    ended_at: str | None
    ended_by: str | None
    why: str | None
    wallet: list[Acknowledged]
    source: str


class ChallengeTold(Struct, frozen=True, kw_only=True):
    """A demand for a second factor. That a code was given is said, the code is not: PayGuard does not keep it.

    `digest` binds amount and payee to what was approved.
    """

    purpose: str
    what: str
    state: str
    state_words: str
    asked_at: str
    closed_at: str | None
    digest: str
    source: str


class MessageTold(Struct, frozen=True, kw_only=True):
    """A letter to the owner: the reference that it bears, what it was about, and how each channel fared."""

    at: str
    reference: str
    what: str
    state: str
    channels: list[str]
    source: str


class ActTold(Struct, frozen=True, kw_only=True):
    """A line of the case's history: who did what, and the words that belong to it."""

    at: str
    by: str
    what: str
    words: str | None
    source: str


class FileTold(Struct, frozen=True, kw_only=True):
    """A file beside the case; `added_by` is the owner or whoever of staff put it there.

    `sha256` is of the file as PayGuard keeps it and hands it out, `sha256_sent` of what was sent: pictures are made anew. None
    where it cannot be opened here.
    """

    number: int
    name: str
    media_type: str
    size_bytes: int
    added_at: str
    added_by: str
    sha256: str | None
    sha256_sent: str


class Deadline(Struct, frozen=True, kw_only=True):
    """A clock of the case: until when, and when it was met; `late` once that was or is after it."""

    what: str
    due_at: str
    met_at: str | None
    late: bool


class Pack(Struct, frozen=True, kw_only=True):
    """An evidence pack of one case, as it stood at `made_at`.

    `masked`: account, payees and addresses are masked, and so are mail addresses and long numbers in what people wrote; else
    `allowed_by` says which second person allowed it. `check` says how to check all of it.
    """

    format: str
    made_at: str
    made_by: str
    service: str
    locale: str
    time_zone: str
    masked: bool
    allowed_by: str | None
    anchor: Anchor
    case: About
    statement: Statement | None
    story: list[StoryLine]
    decisions: list[DecisionTold]
    holds: list[HoldTold]
    challenges: list[ChallengeTold]
    messages: list[MessageTold]
    acts: list[ActTold]
    files: list[FileTold]
    deadlines: list[Deadline]
    check: list[str]


def written(pack: Pack) -> bytes:
    """The pack as JSON: the same bytes for the same pack."""
    return json.format(json.encode(pack, order="deterministic"), indent=1) + b"\n"


def sha256(body: bytes) -> str:
    """The hash that the audit keeps, as `sha256sum` prints it."""
    return hashlib.sha256(body).hexdigest()


def schema() -> bytes:
    """The JSON schema of a pack, as docs/evidence-pack.schema.json has it."""
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **json.schema(Pack)}
    return json.format(json.encode(described), indent=1) + b"\n"
