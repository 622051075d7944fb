"""Members of staff: who they are, their roles, and their rows in SQL."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args
from zoneinfo import available_timezones

from msgspec import Struct
from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from services.audit import audit_log
from services.http.api_keys import Scope
from services.mfa.reset_rows import keys_stand
from services.platform.database import insert_new
from services.staff.tables import staff_members

Role = Literal["agent", "senior", "security", "admin", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)
LOCALES = ("en", "zh-CN")
#: What a role may do of what keys may. An auditor does nothing.
_SCOPES: Mapping[Role, frozenset[Scope]] = {
    "agent": frozenset({"support"}),
    "senior": frozenset({"support"}),
    "security": frozenset({"support"}),
    "admin": frozenset({"support", "admin"}),
    "auditor": frozenset(),
}
#: What a role may see and do, least first: a role that fell ends sessions.
_LEAST_FIRST: tuple[Role, ...] = ("auditor", "agent", "senior", "security", "admin")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_MOST_SHOWN = 128


class Member(Struct, frozen=True, kw_only=True):
    """Somebody who works at the desk, as they are now. `keys`: whether single keys act; `time_zone` is an IANA name."""

    name: str
    display_name: str
    role: Role
    locale: str
    time_zone: str
    ident: str = ""
    keys: bool = True

    @property
    def actor(self) -> str:
        """Who acted, wherever that is kept."""
        return f"staff:{self.name}"

    def allows(self, scope: Scope) -> bool:
        """Whether the member may do what a key of that scope may."""
        return scope in _SCOPES[self.role]


class Kept(Struct, frozen=True, kw_only=True):
    """A member as an administrator sees them. `ready`: whether the first sign-in is done; `invited_until` is its end, if not."""

    member: Member
    ready: bool
    company: bool
    added_at: float
    added_by: str
    invited_until: float | None
    signed_in_at: float | None
    disabled_at: float | None


class NameTaken(Exception):
    """A member of that name is or was here: names are never given twice."""


class NoMember(Exception):
    """There is no member of that name."""


def checked_name(name: str) -> str:
    """The name, in small letters. Raises Malformed with the rule."""
    found = name.strip().lower()
    if _NAME.fullmatch(found) is None:
        rule = "a staff name has 1 to 64 of a-z, 0-9, dot, hyphen and underscore, and begins and ends with a letter or digit"
        raise Malformed("invalid_name", rule)
    return found


def checked_role(role: str) -> Role:
    """The role. Raises Malformed naming those there are."""
    for known in ROLES:
        if role == known:
            return known
    raise Malformed("unknown_role", f"a role is one of {', '.join(ROLES)}")


def fell(before: str, after: Role) -> bool:
    """Whether a member of the role `before` may do less after the change."""
    return _LEAST_FIRST.index(checked_role(before)) > _LEAST_FIRST.index(after)


def checked_zone(time_zone: str) -> str:
    """The time zone. Raises Malformed for one that this machine does not know."""
    if time_zone not in available_timezones():
        raise Malformed("unknown_time_zone", "a time zone is an IANA name such as Asia/Shanghai")
    return time_zone


def made(
    name: str,
    role: str,
    display_name: str = "",
    locale: str = "en",
    time_zone: str = "UTC",
) -> Member:
    """A new member, not kept yet. Raises Malformed for what is not as it must be."""
    shown = display_name.strip() or name.strip()
    if len(shown) > _MOST_SHOWN or not shown.isprintable():
        raise Malformed("invalid_name", f"a name to show has 1 to {_MOST_SHOWN} printable characters")
    if locale not in LOCALES:
        raise Malformed("unknown_locale", f"a language is one of {', '.join(LOCALES)}")
    return Member(
        name=checked_name(name),
        display_name=shown,
        role=checked_role(role),
        locale=locale,
        time_zone=checked_zone(time_zone),
        # Never the form of a key's id, which is hexadecimal.
        ident=f"s{secrets.token_hex(6)[:11]}",
    )


async def add(connection: AsyncConnection, member: Member, by: str, at: float, **more: Any) -> None:
    """Keep the new member, audited as added by `by`; `more` are columns. Raises NameTaken."""
    row = {**_columns(member), "added_at": at, "added_by": by, **more}
    new = insert_new(staff_members).values(row).returning(staff_members.c.name)
    if (await connection.execute(new)).first() is None:
        raise NameTaken(f"a member {member.name} is or was here already")
    await audit_log.record(connection, act("staff_added", member.name, by, at, member.role))


async def find(connection: AsyncConnection, name: str, *, lock: bool = False) -> Row[Any] | None:
    """The row of the member of that name, disabled or not."""
    query: Select[Any] = select(staff_members).where(staff_members.c.name == name)
    found: Row[Any] | None = (
        await connection.execute(query.with_for_update() if lock else query)
    ).one_or_none()
    return found


async def of_subject(connection: AsyncConnection, subject: str) -> Row[Any] | None:
    """The row of whoever is known by that subject at the company's provider, held until the transaction ends."""
    query = select(staff_members).where(staff_members.c.subject == subject).with_for_update()
    found: Row[Any] | None = (await connection.execute(query)).one_or_none()
    return found


async def change(connection: AsyncConnection, name: str, **columns: Any) -> None:
    """Write these columns of the member. Raises NoMember."""
    changed = update(staff_members).where(staff_members.c.name == name).values(columns)
    if (await connection.execute(changed)).rowcount != 1:
        raise NoMember(f"there is no member {name}")


async def listed(connection: AsyncConnection) -> list[Kept]:
    """Every member by name, disabled ones too."""
    rows = await connection.execute(select(staff_members).order_by(staff_members.c.name))
    return [_kept(row) for row in rows]


async def stand(connection: AsyncConnection, idents: Collection[str]) -> bool:
    """Whether everybody of these may still act: no key revoked, no member disabled, nor one without the role any more."""
    people = {each for each in idents if each.startswith("s")}
    keys = set(idents) - people
    table = staff_members.c
    active = table.ident.in_(people), table.disabled_at.is_(None), table.role == "admin"
    counted = select(func.count()).select_from(staff_members).where(*active)
    if (await connection.execute(counted)).scalar_one() != len(people):
        return False
    return not keys or await keys_stand(connection, keys)


def member_of(row: Any) -> Member:
    """The member of a row that has the columns of `staff_members`."""
    kept = row._mapping
    return Member(**{name: kept[name] for name in Member.__struct_fields__})


def act(action: str, name: str, by: str, at: float, more: str = "", result: str = "done") -> audit_log.Entry:
    """What the audit keeps of something that was done with a member."""
    return audit_log.Entry(at=at, action=action, result=result, actor=by, reason=f"{name} {more}".strip())


def _columns(member: Member) -> dict[str, Any]:
    return {name: getattr(member, name) for name in Member.__struct_fields__}


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        member=member_of(row),
        ready=row.subject is not None or row.totp_bound_at is not None,
        company=row.subject is not None,
        added_at=row.added_at,
        added_by=row.added_by,
        invited_until=row.invited_until,
        signed_in_at=row.signed_in_at,
        disabled_at=row.disabled_at,
    )
