"""HTTP of how an owner wants to be told, for the wallet's own pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self, cast

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.cases.case_service import CaseService
from services.cases.preferences import Chosen, Kind, PhraseRefused, Preferences, Wanted
from services.cases.views import known_zone
from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc_if

router = APIRouter(prefix="/v1", tags=["preferences"], responses=RESPONSES)
_REFUSED: dict[int | str, dict[str, Any]] = {
    400: problem_answer(
        "Not as documented, or (`phrase_refused`) a phrase that is too long, or looks like a password, a code or a link: `why`."
    )
}
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
Time = Annotated[str, Field(pattern=_TIME, description="On the owner's clock: 22:30.")]


class AlertsShown(BaseModel):
    """Channels by kind: security news, the weekly summary, and top-ups that arrived or failed."""

    model_config = ConfigDict(extra="forbid")
    security: list[Chosen]
    weekly: list[Chosen]
    top_up: list[Chosen]


class QuietHours(BaseModel):
    """From and to a time of day, over midnight where the first is later."""

    model_config = ConfigDict(extra="forbid")
    start: Time
    end: Time


class PreferencesShown(BaseModel):
    """What an owner chose. Emergencies (money stopped, a changed address or authenticator) always go by every channel."""

    alerts: AlertsShown
    quiet_hours: QuietHours | None
    time_zone: str | None
    phrase: str | None
    changed_at: datetime | None

    @classmethod
    def of(cls, chosen: Preferences) -> Self:
        """What was chosen, as shown; `changed_at` is null for the defaults."""
        quiet = None
        if chosen.quiet_from is not None and chosen.quiet_to is not None:
            quiet = QuietHours(start=_clock(chosen.quiet_from), end=_clock(chosen.quiet_to))
        return cls(
            alerts=AlertsShown.model_validate({kind: sorted(names) for kind, names in chosen.alerts.items()}),
            quiet_hours=quiet,
            time_zone=chosen.time_zone,
            phrase=chosen.phrase,
            changed_at=utc_if(chosen.changed_at),
        )


class PreferencesGiven(BaseModel):
    """All that an owner chooses; what is left out gets its default. `time_zone` null: that of the contact."""

    model_config = ConfigDict(extra="forbid")
    alerts: dict[Kind, list[Chosen]] = {}
    quiet_hours: QuietHours | None = None
    time_zone: Annotated[
        str | None, Field(max_length=64), AfterValidator(lambda name: name and known_zone(name))
    ] = None
    phrase: Annotated[str | None, Field(max_length=200, description="At most 40 characters.")] = None

    def wanted(self) -> Wanted:
        """The same as the service takes it."""
        quiet = self.quiet_hours
        return Wanted(
            alerts={kind: frozenset(channels) for kind, channels in self.alerts.items()},
            quiet_from=None if quiet is None else _minutes(quiet.start),
            quiet_to=None if quiet is None else _minutes(quiet.end),
            time_zone=self.time_zone,
            phrase=self.phrase,
        )


async def _cases(request: Request) -> CaseService:
    return cast("CaseService", request.app.state.cases)


Cases = Annotated[CaseService, Depends(_cases)]
Wallet = Annotated[ApiKey, Depends(require("verify", "contacts"))]


@router.get("/accounts/{account_id:segment}/preferences")
async def show_preferences(cases: Cases, _key: Wallet, account_id: AccountId) -> PreferencesShown:
    """How the account's owner wants to be told; the defaults where nothing was chosen."""
    return PreferencesShown.of(await cases.preferences(account_id))


@router.put("/accounts/{account_id:segment}/preferences", responses=_REFUSED)
async def put_preferences(
    cases: Cases, key: Wallet, account_id: AccountId, body: PreferencesGiven
) -> PreferencesShown:
    """Put what the owner chose in place of what was chosen before.

    The phrase stands in each message, so 400 `phrase_refused` when it looks like something that opens an account.
    """
    try:
        return PreferencesShown.of(await cases.set_preferences(account_id, body.wanted(), key.actor))
    except PhraseRefused as error:
        raise Problem(400, error.reason, error.detail, why=error.why) from None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
