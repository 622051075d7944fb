"""Members who sign in at the company's own OpenID Connect provider: its groups say who belongs here, and as what.

A member is made at their first sign-in, and known by issuer and `sub` from then on, never by a name that another may get later.
Their role is that of the first group of the map that they are in, read at each sign-in; without one they are refused and their
sessions end. Where the provider does not say that it asked for a second factor, ours is asked: see `company_factor`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Literal, NoReturn
from zoneinfo import available_timezones

from msgspec import Struct
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from services.audit import audit_log
from services.http.openid import CodeFlow, Proved
from services.http.signed_text import SignedText
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.platform.metrics import STAFF_SIGN_INS
from services.staff import members
from services.staff.binding import Binding
from services.staff.company_factor import CompanyFactor, Ticket
from services.staff.members import Member, NameTaken, Role, act, checked_role, member_of
from services.staff.sessions import Seen, Sessions
from services.staff.sign_in import SignedIn
from services.staff.tries import Tries

#: Who the audit says it was where the company's provider said so.
ACTOR = "company"
#: How long after the company's word our own factor may be given.
TICKET_S = 600.0
Why = Literal["no_group", "name_taken", "disabled", "unnamed"]
_MOST_NAME = 128


class CompanyRefused(Exception):
    """The company's provider knows them, and they may not work here.

    `why`: no group of theirs has a role, a member of another sign-in has their name, an administrator suspended them, or the
    provider gives no name that a member can have.
    """

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class CompanyRules(Struct, frozen=True, kw_only=True):
    """Groups and their roles, the first that fits first; the claims of groups and name; the values of `amr` or `acr` that tell of
    a second factor.
    """

    roles: Mapping[str, Role]
    groups_claim: str = "groups"
    name_claim: str = "preferred_username"
    factors: frozenset[str] = frozenset()


class Again(Struct, frozen=True):
    """The session that the browser has goes on: its member belongs here still."""

    page: str


class Entered(Struct, frozen=True):
    """A session was begun."""

    done: SignedIn
    page: str


class FactorAsked(Struct, frozen=True):
    """Our own factor is asked for: `ticket` is what the browser keeps meanwhile."""

    ticket: str


class _Person(Struct, frozen=True, kw_only=True):
    """Somebody as the provider tells of them. `role` is None where no group has one."""

    subject: str
    name: str
    shown: str
    role: Role | None
    locale: str
    time_zone: str
    second_factor: bool


def groups_and_roles(text: str) -> dict[str, Role]:
    """`GROUP=ROLE,GROUP=ROLE` as a map in that order. Raises ValueError saying what is wrong."""
    found: dict[str, Role] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        group, equals, role = part.rpartition("=")
        if not equals or not group.strip():
            raise ValueError(f"PAYGUARD_STAFF_OIDC_ROLES has GROUP=ROLE, with commas between, not {part!r}")
        try:
            found.setdefault(group.strip(), checked_role(role.strip()))
        except Malformed as error:
            raise ValueError(f"PAYGUARD_STAFF_OIDC_ROLES, {part!r}: {error}") from None
    return found


class CompanySignIn:
    """Signs members in at the company's provider. Every method raises Unavailable when SQL is away."""

    def __init__(
        self,
        flow: CodeFlow,
        rules: CompanyRules,
        database: Database,
        sessions: Sessions,
        tries: Tries,
        binding: Binding,
        clock: Callable[[], float],
        keys: Keyring,
    ) -> None:
        self._flow = flow
        self._rules = rules
        self._database = database
        self._sessions = sessions
        self._tries = tries
        self._clock = clock
        self._tickets = SignedText(keys, "payguard staff company factor")
        self.factor = CompanyFactor(database, sessions, tries, binding, clock, self._tickets)

    async def begin(self, page: str) -> tuple[str, str]:
        """Where to send the browser, which goes on to `page` then, and what its cookie holds meanwhile. Raises SignInFailed."""
        return await self._flow.begin(page)

    async def finish(
        self, cookie: str, answer: Mapping[str, str], seen: Seen, before: str = ""
    ) -> Again | Entered | FactorAsked:
        """What came of it, by what the provider sent the browser back with; `before` is the session that the browser has.

        Raises SignInFailed, CompanyRefused.
        """
        proved = await self._flow.finish(cookie, answer)
        person = self._person(proved)
        async with self._database.begin() as connection:
            found = await self._member(connection, person)
        if isinstance(found, str):
            await self._refuse(found)
        member = member_of(found)
        session = await self._sessions.find(before)
        if session is not None and session.way == "company" and session.member.name == member.name:
            async with self._database.begin() as connection:
                await self._sessions.checked(connection, session.session_id)
            return Again(proved.page)
        if not person.second_factor:
            ticket = Ticket(member.name, self._clock() + TICKET_S, proved.page)
            return FactorAsked(self._tickets.sealed(ticket))
        return Entered(await self._enter(member, seen, before), proved.page)

    async def _enter(self, member: Member, seen: Seen, before: str) -> SignedIn:
        at = self._clock()
        async with self._database.begin() as connection:
            await members.change(connection, member.name, signed_in_at=at)
            text = await self._sessions.begin(connection, member, "company", seen, before)
            told = act("staff_sign_in", member.name, member.actor, at, "at the company, with its factor")
            await audit_log.record(connection, told)
        STAFF_SIGN_INS.labels("company", "done").inc()
        return SignedIn(member=member, session=text, known=self._tries.known(member.name, at))

    async def _member(self, connection: AsyncConnection, person: _Person) -> Row[Any] | Why:
        """The member's row, as the provider's groups have it now; else why they may not work here."""
        row, at = await members.of_subject(connection, person.subject), self._clock()
        if person.role is None:
            if row is not None:
                await self._sessions.end_all(connection, row.name, ACTOR, "no_role")
            return "no_group"
        if row is None and not person.name:
            return "unnamed"
        if row is None:
            new = members.made(person.name, person.role, person.shown, person.locale, person.time_zone)
            try:
                await members.add(connection, new, ACTOR, at, subject=person.subject)
            except NameTaken:
                return "name_taken"
        elif row.disabled_at is not None:
            return "disabled"
        elif row.role != person.role:
            await members.change(connection, row.name, role=person.role)
            if members.fell(row.role, person.role):
                await self._sessions.end_all(connection, row.name, ACTOR, "no_role")
            await audit_log.record(connection, act("staff_role", row.name, ACTOR, at, person.role))
        found = await members.of_subject(connection, person.subject)
        assert found is not None
        return found

    async def _refuse(self, why: Why) -> NoReturn:
        STAFF_SIGN_INS.labels("company", "refused").inc()
        async with self._database.begin() as connection:
            await audit_log.record(
                connection, act("staff_sign_in", "", "unknown", self._clock(), why, "refused")
            )
        raise CompanyRefused(why)

    def _person(self, proved: Proved) -> _Person:
        claims, rules = proved.claims, self._rules
        groups = _texts(claims.get(rules.groups_claim))
        zone = claims.get("zoneinfo")
        name = _text(claims.get(rules.name_claim)).partition("@")[0]
        shown = _text(claims.get("name"))
        return _Person(
            # Without the issuer another provider's people would be taken for this one's after a change.
            subject=hashlib.sha256(f"{proved.issuer}\0{claims['sub']}".encode()).hexdigest(),
            name=_usable(name),
            shown=shown if shown.isprintable() and len(shown) <= _MOST_NAME else "",
            role=next((role for group, role in rules.roles.items() if group in groups), None),
            locale="zh-CN" if _text(claims.get("locale")).lower().startswith("zh") else "en",
            time_zone=zone if isinstance(zone, str) and zone in available_timezones() else "UTC",
            second_factor=bool(rules.factors & {*_texts(claims.get("amr")), *_texts(claims.get("acr"))}),
        )


def _usable(name: str) -> str:
    """The name as a member's; empty where it cannot be one."""
    try:
        return members.checked_name(name)
    except Malformed:
        return ""


def _text(claim: Any) -> str:
    return claim if isinstance(claim, str) else ""


def _texts(claim: Any) -> set[str]:
    """A claim of one text or several."""
    several = claim if isinstance(claim, list) else [claim]
    return {each for each in several if isinstance(each, str)}
