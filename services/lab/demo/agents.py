"""Who works at the desk of the demonstration: the visitor's own sign-in, and a colleague who has some of the cases."""

from __future__ import annotations

import secrets
import time

import pyotp
from msgspec import Struct

from services.bootstrap.desk import desk_url, staff_of
from services.lab.demo.casebook import COLLEAGUE
from services.platform.database import Database
from services.platform.settings import Settings
from services.staff.members import made
from services.staff.staff import new_secret

#: The visitor may approve what another asks for.
_NAME, _ROLE = "mei", "senior"
_BY = "payguard up"
#: Read out easily, and never twice the same.
_WORDS = (
    "lantern",
    "harbour",
    "walnut",
    "pepper",
    "violin",
    "marble",
    "saddle",
    "copper",
    "meadow",
    "ribbon",
    "canvas",
    "thistle",
)
_WORDS_A_PASSWORD = 3


class Agent(Struct, frozen=True):
    """A sign-in of made-up staff. Its text form shows neither password nor secret."""

    name: str
    password: str
    secret: str
    url: str

    def __repr__(self) -> str:
        return f"Agent({self.name!r})"

    def code(self, now: float) -> str:
        """What the authenticator shows at `now` (epoch seconds)."""
        return pyotp.TOTP(self.secret).at(int(now))


async def hire(settings: Settings, database: Database) -> Agent:
    """Make the visitor a member of staff, and a colleague. Raises Unavailable."""
    staff = staff_of(settings, database, time.time)
    agent = Agent(_NAME, _password(), new_secret(), f"{desk_url(settings)}/desk")
    for name, shown, role in ((_NAME, "Mei Lin", _ROLE), (COLLEAGUE, "Chen Hao", "agent")):
        own = name == _NAME
        password = agent.password if own else _password()
        secret = agent.secret if own else new_secret()
        member = made(name, role, shown, time_zone="Asia/Shanghai")
        await staff.add_ready(member, _BY, password, secret)
    return agent


def _password() -> str:
    words = secrets.SystemRandom().sample(_WORDS, _WORDS_A_PASSWORD)
    return "-".join([*words, str(secrets.randbelow(90) + 10)])
