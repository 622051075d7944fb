"""A desk over a database, and members whose password and authenticator the test knows."""

from __future__ import annotations

from collections.abc import Callable

from services.activity.repository import ActivityStore
from services.cases.acts.service import DeskActs
from services.cases.acts.situation import Ground
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.desk.service import Desk
from services.memory.in_process import InProcessProfileStore
from services.memory.known_devices import KnownDevices
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.reports.kept_files import KeptFiles
from services.staff.administration import Administration
from services.staff.members import Member, made
from services.staff.passwords import Cost, Passwords
from services.staff.staff import Staff, open_staff
from tests.services.desk.telling import known

URL = "http://payguard"
#: Hashing at its least cost: what a hash costs is tested once.
CHEAP = Cost(passes=1, memory_kib=8)
PASSWORD, SECRET = "seven green lamps at noon", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def staff_over(database: Database, clock: Callable[[], float], refused_after_s: float = 0.0) -> Staff:
    """The staff of a database, which answers refusals at once."""
    keys = Keyring({1: b"v" * 32}, 1)
    passwords = Passwords(CHEAP)
    return open_staff(
        database, keys, Vault({1: b"v" * 32}, 1), clock, passwords=passwords, refused_after_s=refused_after_s
    )


def administration_over(database: Database, clock: Callable[[], float]) -> Administration:
    """What administrators do with the members of a database."""
    return Administration(staff_over(database, clock))


def desk_over(
    database: Database,
    clock: Callable[[], float],
    cases: CaseService,
    holds: HoldService,
    activity: ActivityStore,
) -> Desk:
    """The desk of a database."""
    staff = staff_over(database, clock)
    files = KeptFiles(Vault({1: b"v" * 32}, 1))
    ground = Ground(unfreezing=holds.unfreezing, decide=holds.decide_within, files=files)
    return Desk(
        staff=staff,
        members=Administration(staff),
        database=database,
        clock=clock,
        cases=cases,
        holds=holds,
        acts=DeskActs(database, clock, ground),
        activity=activity,
        reasons=known().reasons,
        limits=known().limits,
        known=KnownDevices(InProcessProfileStore(), 1, 1),
        service="UPay",
        url=URL,
    )


async def hired(staff: Staff, role: str = "agent", name: str = "", locale: str = "en") -> Member:
    """A member of that role who may sign in with PASSWORD and the codes of SECRET; named as the role unless a name is given."""
    member = made(name or role, role, locale=locale, time_zone="Asia/Shanghai")
    await staff.add_ready(member, "cli:test", PASSWORD, SECRET)
    return member
