"""Every kind of help desk that can be connected: a row each."""

from __future__ import annotations

import httpcore

from services.connect.chatwoot import Chatwoot
from services.connect.connections import Connection, ConnectionKind
from services.connect.help_desk import HelpDesk
from services.connect.webhook import OwnWebhook
from services.connect.zammad import Zammad
from services.mfa.vault import Vault

KINDS: dict[ConnectionKind, type[HelpDesk]] = {
    "zammad": Zammad,
    "chatwoot": Chatwoot,
    "webhook": OwnWebhook,
}


def opened(connection: Connection, vault: Vault, pool: httpcore.AsyncConnectionPool) -> HelpDesk:
    """The help desk of a connection. Raises VaultClosed where the key of its secrets is not held."""
    return KINDS[connection.kind](connection, connection.secrets(vault), pool)
