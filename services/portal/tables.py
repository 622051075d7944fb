"""What pages keep in SQL: one row a link, which becomes the row of its session once it is opened."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, String, Table

from services.platform.database import metadata

#: `link` and `session` are SHA-256 of what the link and the cookie hold, so the table opens no page. `session` is
#: absent until the link is opened. `expires_at` is the link's end, then the session's. `used_at` is when a session that goes on
#: while it is used was used last; absent of any other. Times are epoch seconds.
#: `page` is the path that the link leads to, None for the first page of its purpose.
visits = Table(
    "portal_visits",
    metadata,
    Column("link", String(64), primary_key=True),
    Column("session", String(64)),
    Column("account_id", String(128), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("challenge_id", String(128)),
    Column("proved_at", Double),
    Column("device_id", String(256)),
    Column("device_name", String(64)),
    Column("ip", String(64)),
    Column("locale", String(8)),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
    Column("page", String(2048)),
    Index(None, "session", unique=True),
    Index(None, "expires_at"),
    Index(None, "account_id"),
)
