"""What HTTP shows of alerts and cases, and what it takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import asdict
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.decisions import Severity
from contracts.report_kinds import Kind, Outcome
from services.cases.case_acts import Offer, OfferedAct
from services.cases.case_records import FileKept, Told
from services.cases.case_rows import Entry
from services.cases.case_service import Alert
from services.cases.event_views import AboutShown, EventShown
from services.cases.references import case_number
from services.cases.states import Case, Closing, State, Verdict
from services.cases.subjects import Known
from services.http.identifiers import BodyIdentifier
from services.http.times import utc, utc_if

Locale = Literal["zh-CN", "en"]


class AlertShown(BaseModel):
    """A decision that the security team should see: `shown` is its event, `about` what an owner's report is about."""

    alert_id: str
    event_id: str
    account_id: str
    severity: Severity
    raised_at: datetime
    decision: dict[str, Any]
    shown: EventShown | None
    about: AboutShown | None

    @classmethod
    def of(cls, alert: Alert, known: Known) -> Self:
        """The alert as shown, with what is known of its event."""
        return cls(
            alert_id=alert.effect_id,
            event_id=alert.event_id,
            account_id=alert.account_id,
            severity=alert.severity,
            raised_at=utc(alert.raised_at),
            decision=json.loads(alert.decision),
            shown=EventShown.of_if(known.shown),
            about=AboutShown.of(known),
        )


class AlertPage(BaseModel):
    """Alerts, newest first; `next_cursor` is null on the last page."""

    alerts: list[AlertShown]
    next_cursor: str | None


#: Of a case, beside those that end in "_at".
_TIMES = frozenset({"decide_by", "snoozed_until", "waiting_since"})


class CaseShown(BaseModel):
    """A case; `version` grows by one with every change.

    `number` is what its owner calls it by. Of `kind` other than risk its owner reported it: it ends by `due_at`, and `verdict`
    says how. Its owner, or one whose "not me" is in a case of risk, gets a first answer until `first_response_due_at`. One that
    was appealed needs another person than `decided_by`.

    The desk means to decide on one of risk by `decide_by`, which is promised to nobody; `next_due_at` is the first of these that
    is not done. Until `snoozed_until`, and while it is `waiting_for` something, nobody needs to look. `at_stake` is the largest
    amount that it is about. A duplicate was `merged_into` another case.
    """

    case_id: str
    account_id: str
    state: State
    severity: Severity
    verdict: Closing | None
    assignee: str | None
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    version: int
    number: str
    kind: Kind
    subject_event_id: str | None
    first_response_due_at: datetime | None
    due_at: datetime | None
    first_answered_at: datetime | None
    appealed_at: datetime | None
    decided_by: str | None
    decide_by: datetime | None
    next_due_at: datetime
    snoozed_until: datetime | None
    waiting_for: str | None
    waiting_since: datetime | None
    escalated_at: datetime | None
    at_stake: str | None
    stake_currency: str | None
    merged_into: str | None

    @classmethod
    def of(cls, case: Case) -> Self:
        """The case as shown."""
        kept = asdict(case)
        times = {name: utc_if(kept[name]) for name in kept if name.endswith("_at") or name in _TIMES}
        return cls(**kept | times | {"number": case_number(case.case_id)})


class CasePage(BaseModel):
    """Cases, last opened first; `next_cursor` is null on the last page."""

    cases: list[CaseShown]
    next_cursor: str | None


class EntryShown(BaseModel):
    """One line of a case's history: opened, joined, assigned, resolved, reopened or withdrawn; of a report also reported, its
    owner's `note`, `file` and `appealed`. A `message` of support is what the owner reads.

    `shown` is the event that joined, in words and figures; `about` is the event that an owner's report is about.
    """

    kind: str
    at: datetime
    actor: str | None
    note: str | None
    verdict: Closing | None
    severity: Severity | None
    event_id: str | None
    decision: dict[str, Any] | None
    shown: EventShown | None
    about: AboutShown | None

    @classmethod
    def of(cls, entry: Entry, known: Known) -> Self:
        """The entry as shown, with what is known of its event."""
        decision = None if entry.decision is None else json.loads(entry.decision)
        told = {"shown": EventShown.of_if(known.shown), "about": AboutShown.of(known)}
        return cls(**asdict(entry) | {"at": utc(entry.at), "decision": decision} | told)


class ActShown(BaseModel):
    """Something that can be done about the case's account, and what it takes.

    `subject` is the freeze, the payment's event, the account or the case; `verdicts` are those that the act belongs to. It
    `may` be done unless steps are `missing` or another case is in its way (`blocked_by`); with `second_person` another key
    must agree, and `approval_id` is what waits for one already.
    """

    act: Offer
    subject: str
    may: bool
    missing: list[str]
    blocked_by: str | None
    second_person: bool
    approval_id: str | None
    verdicts: list[Verdict]

    @classmethod
    def of(cls, act: OfferedAct) -> Self:
        """The act as shown."""
        return cls(**asdict(act))


class FileShown(BaseModel):
    """A file that the owner added, or staff (`added_by`); `GET /v1/cases/{case_id}/files/{number}` has it."""

    number: int
    name: str
    media_type: str
    size_bytes: int
    added_at: datetime
    added_by: str

    @classmethod
    def of(cls, file: FileKept) -> Self:
        """The file as shown."""
        return cls(**asdict(file) | {"added_at": utc(file.added_at)})


class ReportShown(BaseModel):
    """What an owner reported: the fields of its kind, and their own words; `through` a page, or the wallet's app."""

    answers: dict[str, str]
    text: str
    through: str
    made_at: datetime
    files: list[FileShown]

    @classmethod
    def of(cls, told: Told, files: Sequence[FileKept]) -> Self:
        """The report as shown."""
        shown = {"made_at": utc(told.made_at), "files": [FileShown.of(file) for file in files]}
        return cls(**asdict(told) | shown)


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Assignment(_Given):
    """Who reviews the case; `version`, when given, must be the present one."""

    assignee: BodyIdentifier
    version: int | None = None


class Resolution(_Given):
    """What the case was, and why. Who says so is the API key. `unclear` labels nothing and lets nothing go."""

    verdict: Verdict
    note: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] | None = None
    version: int | None = None


#: What an owner reads.
Words = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*\S[^\x00]*$")]


class MessageGiven(_Given):
    """What support writes to the owner; `version`, when given, must be the present one."""

    text: Words
    version: int | None = None


class Close(_Given):
    """How a report ended: `message` says it to the owner, `note` to support alone."""

    outcome: Outcome
    message: Words
    note: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] | None = None
    version: int | None = None


class Reopening(_Given):
    """Why a resolved case is taken up again; `version`, when given, must be the present one."""

    reason: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]
    version: int | None = None


def known_zone(name: str) -> str:
    """The same name. Raises ValueError for a time zone that there is not."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("time_zone must be an IANA name such as Asia/Shanghai") from None
    return name


class ContactGiven(_Given):
    """Where notices go: a plain ASCII mail address, the language, and the IANA time zone of the times in them."""

    email: Annotated[
        str, Field(max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}$")
    ]
    locale: Locale = "zh-CN"
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(known_zone)] = "Asia/Shanghai"
