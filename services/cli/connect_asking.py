"""Whether a connected help desk lets PayGuard in, in words for whoever runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.connect.connections import Connections

#: What `services.connect.calls` says of a help desk that took nothing, in words.
_AWAY = {
    "not_allowed": "it refuses the token, or the token's user may not do this",
    "slow": "it does not answer in time",
    "redirected": "it sends on to another address; give the last one",
    "too_long": "its answer is too long",
    "PrivateAddress": "its address is in a private network, which PAYGUARD_WEBHOOK_PRIVATE_NETWORKS has to allow",
}


async def asked(there: Connections, private: bool, name: str) -> tuple[str, bool]:
    """What the help desk of that name says, and whether it lets us in; `private`: it may be in a private network."""
    from services.connect.calls import Away, Refused
    from services.connect.registry import opened
    from services.mfa.vault import VaultClosed
    from services.wallet.outside import outside

    connection = await there.one(name)
    if connection is None:
        return f"no help desk is connected as {name}", False
    async with outside(private) as pool:
        try:
            known = await opened(connection, there.vault, pool).check()
        except VaultClosed:
            why = "its secrets do not open: they were sealed under another PAYGUARD_EVENT_KEY"
            return f"{name} was not asked: {why}", False
        except Away as error:
            why = _AWAY.get(error.reason, f"nobody answers at {connection.url}")
            return f"{name} does not let us in: {why} ({error.reason})", False
        except Refused as error:
            return f"{name} does not let us in: {error}", False
    return f"{name} lets us in as {known}", True
