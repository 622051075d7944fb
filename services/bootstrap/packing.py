"""Builds the maker of evidence packs."""

from __future__ import annotations

from collections.abc import Callable

from services.desk.packs import Packs
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.settings import Settings
from services.scoring.explain import Reasons


def open_packs(
    settings: Settings, database: Database, clock: Callable[[], float], vault: Vault | None, reasons: Reasons
) -> Packs:
    """The maker of packs; without a `vault` it hashes no files."""
    return Packs(database, clock, vault, reasons, settings.totp_issuer, settings.pack_fonts)
