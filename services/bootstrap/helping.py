"""Builds the help: its library knows what policy and settings say, so that no answer promises anything else."""

from __future__ import annotations

import math
from collections.abc import Callable

from services.help.articles import Facts
from services.help.library import Library
from services.platform.database import Database
from services.platform.settings import Settings
from services.policy.file import read_policy


async def open_library(settings: Settings, database: Database, clock: Callable[[], float]) -> Library:
    """The library of answers, with the facts of this installation and what PayGuard brings. Raises Unavailable."""
    policy = read_policy(settings.policy)
    facts = Facts(
        service=settings.totp_issuer,
        hold_hours=math.ceil(policy.acts.hold_due_s / 3600),
        undo_minutes=policy.acts.undo_s // 60,
        code_minutes=policy.lifetime_s // 60,
        reset_hours=math.ceil(settings.factor_reset_delay_s / 3600),
        money_days=settings.activity_money_days,
        access_days=settings.activity_access_days,
    )
    library = Library(database, clock, facts)
    await library.bring()
    return library
