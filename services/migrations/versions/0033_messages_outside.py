"""The outbox carries what owners are told, too."""

from __future__ import annotations

from alembic import op

revision = "0033_messages_outside"
down_revision = "0032_several_browsers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Records of before stay as they are."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint("kind", "kind IN ('action', 'event', 'message')")


def downgrade() -> None:
    """Not offered: records of messages would have no kind."""
    raise NotImplementedError("restore a backup from before it instead")
