"""What the desk needs, made by `services.bootstrap`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from services.activity.repository import ActivityStore
from services.cases.acts.service import DeskActs
from services.cases.business_days import DeadlineSet, deadline_set
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.desk.counts import CountCache
from services.desk.limits import Limiting, NoLimits
from services.memory.known_devices import KnownDevices
from services.platform.database import Database
from services.scoring.explain import Reasons
from services.staff.administration import Administration
from services.staff.staff import Staff


@dataclass(frozen=True)
class Desk:
    """Staff, what administrators do with members, the database and the services behind its pages.

    `service` is the wallet's name, `url` where the desk is reached, `runbooks` where those of alerts are; empty: nowhere.

    `reasons` are the sentences of detectors, `limits` those of the policy in use, `known` the stream's memory of devices.

    `deadlines` are those of cases that owners report. `clock` gives epoch seconds.
    """

    staff: Staff
    members: Administration
    database: Database
    clock: Callable[[], float]
    cases: CaseService
    holds: HoldService
    acts: DeskActs
    activity: ActivityStore
    service: str
    url: str
    runbooks: str = ""
    reasons: Reasons = field(default_factory=dict)
    limits: Limiting = field(default_factory=NoLimits)
    known: KnownDevices | None = None
    deadlines: DeadlineSet = field(default_factory=lambda: deadline_set("cn"))
    counts: CountCache = field(default_factory=CountCache)

    @property
    def secure(self) -> bool:
        """Whether people reach the desk over https."""
        return self.url.startswith("https://")


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    desk: Desk = request.app.state.desk
    return desk
