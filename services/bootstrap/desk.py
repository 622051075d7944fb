"""Builds the desk: its staff, and the services that its pages ask."""

from __future__ import annotations

import re
from collections.abc import Callable

from services.activity.repository import ActivityStore
from services.cases.acts.attached import CaseFiles
from services.cases.acts.service import DeskActs
from services.cases.acts.situation import Ground
from services.cases.business_days import deadline_set
from services.cases.case_deadlines import promises
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.cases.unfreezing import Unfreezing
from services.desk.company_pages import BACK
from services.desk.limits import Limiting
from services.desk.service import Desk
from services.http.openid import CodeFlow, Provider
from services.memory.known_devices import KnownDevices
from services.mfa.factor_facts import factor_proved, has_factor
from services.mfa.support_checks import is_asked, issue_check
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.keyring import Keyring, read_keyring
from services.platform.settings import Settings
from services.policy.acts import Acts
from services.portal.portal import checked_url, public_url
from services.scoring.explain import Reasons
from services.staff.administration import Administration
from services.staff.company import CompanyRules, groups_and_roles
from services.staff.sessions import Lasting
from services.staff.staff import Staff, open_staff

#: An address that a link may hold.
_FOLLOWED = re.compile(r"https?://[^\s\"'<>]+")


def staff_of(settings: Settings, database: Database, clock: Callable[[], float]) -> Staff:
    """The staff of this installation. Raises UnusableKeys, ValueError as `Sessions` and for a provider that is half set."""
    keys = read_keyring("factor_key", settings.factor_key, settings.factor_key_file)
    check_s = settings.staff_oidc_check_s if settings.staff_oidc_issuer else None
    lasting = Lasting(settings.staff_idle_s, settings.staff_longest_s, check_s)
    company = open_company(settings, keys, clock)
    return open_staff(database, keys, Vault.of(keys), clock, lasting, settings.totp_issuer, company=company)


def open_company(
    settings: Settings, keys: Keyring, clock: Callable[[], float]
) -> tuple[CodeFlow, CompanyRules] | None:
    """The company's own provider and its groups; None where none is set. Raises ValueError for one that is half set."""
    if not settings.staff_oidc_issuer:
        return None
    roles = groups_and_roles(settings.staff_oidc_roles)
    if not (settings.staff_oidc_client_id and settings.staff_oidc_client_secret and roles):
        raise ValueError(
            "PAYGUARD_STAFF_OIDC_ISSUER needs PAYGUARD_STAFF_OIDC_CLIENT_ID, PAYGUARD_STAFF_OIDC_CLIENT_SECRET and "
            "PAYGUARD_STAFF_OIDC_ROLES beside it"
        )
    scopes = _listed(settings.staff_oidc_scopes)
    if "openid" not in scopes or settings.staff_oidc_check_s <= 0:
        raise ValueError(
            "PAYGUARD_STAFF_OIDC_SCOPES must have openid, and PAYGUARD_STAFF_OIDC_CHECK_S be above 0"
        )
    provider = Provider(
        issuer=settings.staff_oidc_issuer,
        client_id=settings.staff_oidc_client_id,
        client_secret=settings.staff_oidc_client_secret,
        scopes=scopes,
        setting="PAYGUARD_STAFF_OIDC_ISSUER",
    )
    rules = CompanyRules(
        roles=roles,
        groups_claim=settings.staff_oidc_groups_claim,
        name_claim=settings.staff_oidc_name_claim,
        factors=frozenset(_listed(settings.staff_oidc_factor)),
    )
    purpose = "payguard staff sign-in"
    return CodeFlow(provider, keys, f"{desk_url(settings)}{BACK}", clock, purpose=purpose), rules


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def open_desk(
    settings: Settings,
    staff: Staff,
    database: Database,
    clock: Callable[[], float],
    cases: CaseService,
    holds: HoldService,
    activity: ActivityStore,
    known: KnownDevices,
    reasons: Reasons,
    limits: Limiting,
    acts: Acts,
    files: CaseFiles,
) -> Desk:
    """The desk; `acts` are the policy's, `files` keeps those beside cases. Raises ValueError for an address that is none."""
    deadlines = deadline_set(settings.deadlines)
    clock_of = promises(acts.clocks, deadlines)
    return Desk(
        staff=staff,
        members=Administration(staff, two_people="factor_reset" in acts.second_person),
        database=database,
        clock=clock,
        cases=cases,
        holds=holds,
        acts=DeskActs(database, clock, open_ground(acts, holds, files), clock_of=clock_of),
        activity=activity,
        reasons=reasons,
        limits=limits,
        known=known,
        deadlines=deadlines,
        service=settings.totp_issuer,
        url=desk_url(settings),
        runbooks=runbook_url(settings),
    )


def desk_url(settings: Settings) -> str:
    """Where staff reach the desk, without a slash at the end: its own address, else that of the owners' pages."""
    if not settings.desk_url:
        return public_url(settings)
    return checked_url("PAYGUARD_DESK_URL", settings.desk_url)


def runbook_url(settings: Settings) -> str:
    """Where the runbooks of alerts are, without a slash at the end; empty where nobody said. Raises ValueError unless people can
    follow it."""
    plain = settings.runbook_url.rstrip("/")
    if plain and _FOLLOWED.fullmatch(plain) is None:
        raise ValueError(
            "PAYGUARD_RUNBOOK_URL must begin with https:// or http:// and hold no space or quote"
        )
    return plain


def open_ground(acts: Acts, holds: HoldService | None = None, files: CaseFiles | None = None) -> Ground:
    """What acts of the desk stand on; `holds` decides on what colleagues asked for, and `files` takes files, where people act."""
    return Ground(
        unfreezing=Unfreezing(acts.unfreeze_steps, {"factor": factor_proved}, acts.second_person),
        has_factor=has_factor,
        issue_check=issue_check,
        check_open=is_asked,
        decide=None if holds is None else holds.decide_within,
        files=files,
    )
