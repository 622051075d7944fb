"""What the limits beside a factor's own lock keep in SQL. Networks and devices are keyed hashes; times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, String, Table, text

from services.platform.database import metadata

#: Where codes come from. `spent_until` is when the last refused code will be forgiven (0: none is left);
#: `passed_at` when a code from there last passed, to the day; null when none ever did.
code_networks = Table(
    "code_networks",
    metadata,
    Column("network", String(16), primary_key=True),
    Column("spent_until", Double, nullable=False),
    Column("passed_at", Double),
    Index(None, "spent_until"),
)

#: Refused codes over all accounts, a minute (epoch minutes) in partitions (`lane`), so that they do not wait for each other.
code_minutes = Table(
    "code_minutes",
    metadata,
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("lane", Integer, primary_key=True, autoincrement=False),
    Column("refused", Integer, nullable=False),
)

#: Devices on which a factor's owner passed a code. `tries` are refused codes since `tries_since` that only this device was
#: allowed to offer, `failures` all of them since the last pass on it.
factor_devices = Table(
    "factor_devices",
    metadata,
    Column("factor_id", String(32), primary_key=True),
    Column("device", String(16), primary_key=True),
    Column("passed_at", Double, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tries_since", Double, nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Index(None, "passed_at"),
)
