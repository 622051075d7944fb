"""A login after three others: a detector with a memory that keeps every check, from which the bad ones are made.

Sees: a login from an account that logged in before.
Misses: everything that is not a login.
Fires falsely when: the owner logs in.
When it fires: ask for the second factor.
"""

from __future__ import annotations

from msgspec import Struct, msgpack

from contracts.events import Login
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile

SPEC = Spec(
    name="remembering_detector",
    version=1,
    event_types=(Login,),
    family="device",
    reasons=(Reason(code="strange", en="A strange login.", zh_cn="从未见过的登录。"),),
)


class Params(Struct, frozen=True):
    """The weight of a login."""

    strange_nats: float = 1.0


PARAMS = Params()


class Memory(Struct, array_like=True):
    """Times of the last logins."""

    logins: list[float] = []


def learn(event: Login, memory: Memory, params: Params) -> Memory:
    """Remembers the time of a login."""
    return memory if event.at in memory.logins else Memory(logins=[*memory.logins, event.at][-9:])


def upgrade(version: int, packed: bytes) -> Memory:
    """Reads what version 1 packed."""
    return msgpack.decode(packed, type=Memory)


def observe(
    event: Login, profile: Profile, tallies: Tallies, memory: Memory | None, params: Params
) -> Finding | None:
    """Fires on the fourth login."""
    if memory is None or event.device_key is None or len(memory.logins) < 3 or event.at in memory.logins:
        return None
    return SPEC.finding(weight=params.strange_nats)
