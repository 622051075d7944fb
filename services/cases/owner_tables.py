"""Tables of what owners chose and of what they are told together. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, Index, Integer, String, Table, Text, text

from services.cases.tables import ID
from services.platform.database import metadata

#: How an owner wants to be told. `alerts` is JSON: channels by kind. Quiet hours are minutes after midnight in `time_zone`
#: (None: that of the contact); `phrase` stands in each message. An account without a row has the defaults.
preferences = Table(
    "preferences",
    metadata,
    Column("account_id", ID, primary_key=True),
    Column("alerts", Text, nullable=False),
    Column("quiet_from", Integer),
    Column("quiet_to", Integer),
    Column("time_zone", String(64)),
    Column("phrase", String(64)),
    Column("changed_at", Double, nullable=False),
    CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet"),
)

#: Findings of one account that are told together. `incident_id` derives from the notice that opened it; `closed_at` is when an
#: answer ended it, or the time after which a later finding opened another.
incidents = Table(
    "incidents",
    metadata,
    Column("incident_id", ID, primary_key=True),
    Column("account_id", ID, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("closed_at", Double),
    Column("answer", String(16)),
    Column("answered_at", Double),
    CheckConstraint("severity IN ('low', 'medium', 'high', 'critical')", name="severity"),
    CheckConstraint("answer IN ('was_me', 'not_me')", name="answer"),
    Index(None, "account_id", "opened_at"),
    Index(None, "last_at"),
)
#: An account has one of them open at most.
Index(
    "uq_incidents_open",
    incidents.c.account_id,
    unique=True,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
