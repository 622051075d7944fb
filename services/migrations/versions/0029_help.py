"""The help: answers with their index, what is asked and read, and notices of the security team."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029_help"
down_revision = "0028_reports"
branch_labels = None
depends_on = None

_SLUG = sa.String(64)
_LOCALE = sa.String(8)


def upgrade() -> None:
    """Empty tables: the API puts in the answers that PayGuard brings when it starts."""
    _answers()
    _asked()
    _notices()


def _answers() -> None:
    op.create_table(
        "faq",
        sa.Column("slug", _SLUG, nullable=False),
        sa.Column("locale", _LOCALE, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("topic", sa.String(16), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.Column("reviewed_by", sa.String(128), nullable=False),
        sa.Column("reviewed_at", sa.Date, nullable=False),
        sa.Column("review_by", sa.Date, nullable=False),
        sa.Column("written_by", sa.String(128), nullable=False),
        sa.Column("written_at", sa.Double, nullable=False),
        sa.Column("replaced_at", sa.Double),
        sa.PrimaryKeyConstraint("slug", "locale", "version", name="pk_faq"),
    )
    current = sa.text("replaced_at IS NULL")
    op.create_index(
        "uq_faq_current",
        "faq",
        ["slug", "locale"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_table(
        "faq_terms",
        sa.Column("locale", _LOCALE, nullable=False),
        sa.Column("term", sa.String(64), nullable=False),
        sa.Column("slug", _SLUG, nullable=False),
        sa.Column("weight", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("locale", "term", "slug", name="pk_faq_terms"),
    )
    op.create_index("ix_faq_terms_slug", "faq_terms", ["slug", "locale"])


def _asked() -> None:
    op.create_table(
        "faq_searches",
        sa.Column("search_id", sa.String(32), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("locale", _LOCALE, nullable=False),
        sa.Column("words", sa.String(200), nullable=False),
        sa.Column("hits", sa.Integer, nullable=False),
        sa.Column("opened", _SLUG),
        sa.PrimaryKeyConstraint("search_id", name="pk_faq_searches"),
    )
    op.create_index("ix_faq_searches_at", "faq_searches", ["at"])
    op.create_table(
        "faq_reads",
        sa.Column("slug", _SLUG, nullable=False),
        sa.Column("locale", _LOCALE, nullable=False),
        sa.Column("day", sa.Double, nullable=False),
        sa.Column("reads", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("slug", "locale", "day", name="pk_faq_reads"),
    )
    op.create_table(
        "faq_votes",
        sa.Column("vote_id", sa.String(64), nullable=False),
        sa.Column("slug", _SLUG, nullable=False),
        sa.Column("locale", _LOCALE, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("useful", sa.Boolean, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("vote_id", name="pk_faq_votes"),
    )
    op.create_index("ix_faq_votes_at", "faq_votes", ["at"])


def _notices() -> None:
    op.create_table(
        "security_notices",
        sa.Column("notice_id", sa.String(32), nullable=False),
        sa.Column("title_en", sa.String(200), nullable=False),
        sa.Column("title_zh", sa.String(200), nullable=False),
        sa.Column("text_en", sa.String(2000), nullable=False),
        sa.Column("text_zh", sa.String(2000), nullable=False),
        sa.Column("starts_at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("written_by", sa.String(128), nullable=False),
        sa.Column("written_at", sa.Double, nullable=False),
        sa.CheckConstraint("audience IN ('all', 'accounts')", name=op.f("ck_security_notices_audience")),
        sa.PrimaryKeyConstraint("notice_id", name="pk_security_notices"),
    )
    op.create_index("ix_security_notices_until", "security_notices", ["until"])
    op.create_table(
        "security_notice_accounts",
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("notice_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "notice_id", name="pk_security_notice_accounts"),
    )
    op.create_index("ix_security_notice_accounts_notice_id", "security_notice_accounts", ["notice_id"])


def downgrade() -> None:
    """Without the help; what administrators wrote is lost."""
    for table in (
        "security_notice_accounts", "security_notices", "faq_votes", "faq_reads", "faq_searches", "faq_terms", "faq",
    ):  # fmt: skip
        op.drop_table(table)
