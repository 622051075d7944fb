"""Builds what support works with."""

from __future__ import annotations

from collections.abc import Callable

from services.cases.case_acts import CaseActs
from services.cases.case_service import CaseService
from services.cases.unfreezing import Unfreezing
from services.memory.pseudonyms import Pseudonyms
from services.mfa.factor_facts import has_factor
from services.platform.database import Database
from services.platform.secrets import decode_key
from services.platform.settings import Settings
from services.policy.acts import Acts


def open_case_service(
    settings: Settings, database: Database, unfreezing: Unfreezing, acts: Acts, clock: Callable[[], float]
) -> CaseService:
    """Cases and their queue. Raises UnusableKeys without a key to name payees by."""
    key_of = Pseudonyms(decode_key("pseudonym_key", settings.pseudonym_key)).key_of
    return CaseService(database, clock, CaseActs(unfreezing, acts.second_person, has_factor), key_of)
