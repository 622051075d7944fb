"""Reports, labels and contacts get scopes of their own.

A key that could do them with `ingest` alone still can, and now says so: take what it does not need away with
`payguard admin api-key limit`. No key gains anything.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0009_scopes_apart"
down_revision = "0008_hinted_step"
branch_labels = None
depends_on = None

_KEYS = sa.table("api_keys", sa.column("key_id", sa.String), sa.column("scopes", sa.String))
_APART = {"contacts", "label", "report"}


def upgrade() -> None:
    """Name beside `ingest` what it was."""
    _change(lambda scopes: scopes | _APART if "ingest" in scopes else scopes)


def downgrade() -> None:
    """Take the names away; who had one of them without `ingest` can do nothing with it."""
    _change(lambda scopes: scopes - _APART)


def _change(rule: Callable[[set[str]], set[str]]) -> None:
    connection = op.get_bind()
    for key_id, scopes in connection.execute(sa.select(_KEYS.c.key_id, _KEYS.c.scopes)).all():
        changed = " ".join(sorted(rule(set(scopes.split()))))
        connection.execute(sa.update(_KEYS).where(_KEYS.c.key_id == key_id).values(scopes=changed))
