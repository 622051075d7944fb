"""Tables of acts on all accounts of an attack at once. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, ForeignKey, Index, Integer, String, Table, text

from services.attacks.tables import attacks
from services.platform.database import metadata

_ID = String(128)

#: `accounts` are those it was asked for, with a row each in `attack_act_accounts`; an erasure deletes such rows. `hours`: for how
#: long money is held. `leaves_at` is None until a second person has allowed it. `until`: when what is held goes again by itself.
attack_acts = Table(
    "attack_acts",
    metadata,
    Column("act_id", String(32), primary_key=True),
    Column("attack_id", String(32), ForeignKey(attacks.c.attack_id, ondelete="CASCADE"), nullable=False),
    Column("act", String(16), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("hours", Integer),
    Column("accounts", Integer, nullable=False),
    Column("why", String(500), nullable=False),
    Column("asked_by", _ID, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("allowed_by", _ID),
    Column("allowed_at", Double),
    Column("leaves_at", Double),
    Column("until", Double),
    Column("undone_by", _ID),
    Column("undone_at", Double),
    Column("ended_at", Double),
    Column("state", String(16), nullable=False),
    CheckConstraint("act IN ('require_factor', 'end_sessions', 'hold_money', 'tell_owners')", name="act"),
    CheckConstraint("scope IN ('gave_way', 'touched')", name="scope"),
    CheckConstraint(
        "state IN ('waiting', 'leaving', 'done', 'undoing', 'undone', 'refused', 'lapsed', 'over')",
        name="state",
    ),
    CheckConstraint("allowed_by IS NULL OR allowed_by <> asked_by", name="two_people"),
    Index(None, "attack_id", "asked_at"),
    Index(None, "state", "leaves_at"),
)
_LIVE = text("state IN ('waiting', 'leaving', 'undoing')")
#: One of a kind is under way at a time: whoever asks for the same sees it asked.
Index(
    "uq_attack_acts_under_way",
    attack_acts.c.attack_id,
    attack_acts.c.act,
    unique=True,
    sqlite_where=_LIVE,
    postgresql_where=_LIVE,
)

#: `why` an account was left out: it was frozen already, has no factor, or is being asked for a code.
attack_act_accounts = Table(
    "attack_act_accounts",
    metadata,
    Column("act_id", String(32), ForeignKey(attack_acts.c.act_id, ondelete="CASCADE"), primary_key=True),
    Column("account_id", _ID, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("why", String(32)),
    Column("at", Double),
    CheckConstraint("state IN ('waiting', 'done', 'skipped', 'over', 'kept', 'undone')", name="state"),
    Index(None, "account_id"),
    Index(None, "act_id", "state"),
)
