"""For how long attacks are kept, and what of an account is in them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, select

from services.attacks.act_tables import attack_act_accounts, attack_acts
from services.attacks.tables import (
    attack_accounts,
    attack_alerts,
    attack_log,
    attack_minutes,
    attack_sources,
    attacks,
)
from services.platform.settings import Settings
from services.rights import which
from services.rights.rule import Rule, of_nobody

_DAYS = 400


def _days(_settings: Settings) -> int:
    """A year, and what a report on it takes."""
    return _DAYS


def _of_past(table: Table, before: float) -> ColumnElement[bool]:
    return table.c.attack_id.in_(select(attacks.c.attack_id).where(attacks.c.last_at < before))


def _of_past_acts(before: float) -> ColumnElement[bool]:
    past = select(attack_acts.c.act_id).where(_of_past(attack_acts, before))
    return attack_act_accounts.c.act_id.in_(past)


def _part(table: Table) -> Rule:
    return Rule(
        table=table.name,
        erased="nothing of accounts",
        since="the last attempt of their attack",
        days=_days,
        over=lambda before: _of_past(table, before),
    )


ATTACK_RULES: tuple[Rule, ...] = (
    Rule(
        table="attack_accounts",
        of=which.of_account(attack_accounts),
        erased="deleted; how many accounts an attack touched stays",
        since="the last attempt of their attack",
        days=_days,
        over=lambda before: _of_past(attack_accounts, before),
    ),
    Rule(
        table="attack_act_accounts",
        of=which.of_account(attack_act_accounts),
        erased="deleted; for how many accounts an act was stays",
        since="the last attempt of their attack",
        days=_days,
        over=_of_past_acts,
    ),
    *map(_part, (attack_sources, attack_minutes, attack_log, attack_alerts, attack_acts)),
    of_nobody(attacks.c.last_at, "their last attempt", _days),
    Rule(
        table="attack_numbers",
        erased="nothing of accounts",
        since="always: one row, the last number that an attack was given",
        by="nobody",
    ),
)
