"""Tables of the help. Times are epoch seconds. Nothing here says who asked or voted."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from services.platform.database import metadata

_SLUG = String(64)
_LOCALE = String(8)

#: Every version of every answer; `replaced_at` is absent on the one that is shown, `asked` (JSON) how people ask for it.
faq = Table(
    "faq",
    metadata,
    Column("slug", _SLUG, primary_key=True),
    Column("locale", _LOCALE, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("topic", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("asked", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("reviewed_by", String(128), nullable=False),
    Column("reviewed_at", Date, nullable=False),
    Column("review_by", Date, nullable=False),
    Column("written_by", String(128), nullable=False),
    Column("written_at", Double, nullable=False),
    Column("replaced_at", Double),
)
Index(
    "uq_faq_current",
    faq.c.slug,
    faq.c.locale,
    unique=True,
    sqlite_where=text("replaced_at IS NULL"),
    postgresql_where=text("replaced_at IS NULL"),
)

#: The index of what is shown: how much a term says of an answer.
faq_terms = Table(
    "faq_terms",
    metadata,
    Column("locale", _LOCALE, primary_key=True),
    Column("term", String(64), primary_key=True),
    Column("slug", _SLUG, primary_key=True),
    Column("weight", Double, nullable=False),
    Index("ix_faq_terms_slug", "slug", "locale"),
)

#: What was asked, without numbers and addresses; `opened` is the answer that was chosen from what was found.
faq_searches = Table(
    "faq_searches",
    metadata,
    Column("search_id", String(32), primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("locale", _LOCALE, nullable=False),
    Column("words", String(200), nullable=False),
    Column("hits", Integer, nullable=False),
    Column("opened", _SLUG),
)

#: How often an answer was read on a day, which begins at `day` (midnight of UTC).
faq_reads = Table(
    "faq_reads",
    metadata,
    Column("slug", _SLUG, primary_key=True),
    Column("locale", _LOCALE, primary_key=True),
    Column("day", Double, primary_key=True),
    Column("reads", Integer, nullable=False),
)

#: Whether an answer helped, once a visit; `vote_id` is derived from the visit's session and names nobody once that is over.
faq_votes = Table(
    "faq_votes",
    metadata,
    Column("vote_id", String(64), primary_key=True),
    Column("slug", _SLUG, nullable=False),
    Column("locale", _LOCALE, nullable=False),
    Column("version", Integer, nullable=False),
    Column("useful", Boolean, nullable=False),
    Column("at", Double, nullable=False, index=True),
)

#: What support wrote to one owner and offers as an answer for all, without what names anybody; `ended` says what became of it.
faq_drafts = Table(
    "faq_drafts",
    metadata,
    Column("draft_id", String(32), primary_key=True),
    Column("locale", _LOCALE, nullable=False),
    Column("title", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("offered_by", String(128), nullable=False),
    Column("offered_at", Double, nullable=False),
    Column("ended", String(16)),
    Column("ended_at", Double, index=True),
    Column("ended_by", String(128)),
    CheckConstraint("ended IN ('accepted', 'dropped')", name="ended"),
)

#: What the security team tells users, from `starts_at` until `until`: all of them, or those of `security_notice_accounts`.
security_notices = Table(
    "security_notices",
    metadata,
    Column("notice_id", String(32), primary_key=True),
    Column("title_en", String(200), nullable=False),
    Column("title_zh", String(200), nullable=False),
    Column("text_en", String(2000), nullable=False),
    Column("text_zh", String(2000), nullable=False),
    Column("starts_at", Double, nullable=False),
    Column("until", Double, nullable=False, index=True),
    Column("audience", String(16), nullable=False),
    Column("written_by", String(128), nullable=False),
    Column("written_at", Double, nullable=False),
    CheckConstraint("audience IN ('all', 'accounts')", name="audience"),
)

security_notice_accounts = Table(
    "security_notice_accounts",
    metadata,
    Column("account_id", String(128), primary_key=True),
    Column("notice_id", String(32), primary_key=True),
    Index(None, "notice_id"),
)
