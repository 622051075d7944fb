"""Who cases can be given to: members of staff who work on them."""

from __future__ import annotations

from starlette.requests import Request

from services.desk.service import desk_of
from services.staff import members
from services.staff.members import Member

#: So many are offered; a larger desk names people by typing.
_MOST = 200


async def colleagues(request: Request) -> list[Member]:
    """Members who may be given cases, by name."""
    async with desk_of(request).database.read() as connection:
        found = await members.listed(connection)
    working = [each.member for each in found if each.disabled_at is None and each.member.allows("support")]
    return working[:_MOST]
