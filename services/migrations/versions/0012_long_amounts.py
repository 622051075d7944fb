"""Room for currencies of eight letters and amounts of 15 digits before the point and 18 after it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_long_amounts"
down_revision = "0011_letters"
branch_labels = None
depends_on = None

_WAS = (("amount", 32), ("currency", 3))
_IS = (("amount", 40), ("currency", 8))


def upgrade() -> None:
    """Widen both columns of challenges."""
    _widths(_WAS, _IS)


def downgrade() -> None:
    """Narrow them again; fails on PostgreSQL where a longer value is kept."""
    _widths(_IS, _WAS)


def _widths(before: tuple[tuple[str, int], ...], after: tuple[tuple[str, int], ...]) -> None:
    with op.batch_alter_table("challenges") as table:
        for (column, was), (_, now) in zip(before, after, strict=True):
            table.alter_column(column, existing_type=sa.String(was), type_=sa.String(now))
