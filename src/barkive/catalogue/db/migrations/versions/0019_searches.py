"""Searches with names, and the day on which photos were added as a filter."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_THERE = "missing_since IS NULL"
_HELD = ("status", "breed", "probability", "taken_at", "corrected", "answer_id")


def upgrade() -> None:
    """Makes the table and the index."""
    op.create_table(
        "saved_search",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("said_by", sa.Text),
        sa.Column("said_at", sa.DateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    if op.get_context().dialect.name == "sqlite":
        columns = ["added_at", *_HELD, "missing_since"]
        op.create_index("photo_by_added", "photo", columns, sqlite_where=sa.text(_THERE))
    else:
        op.create_index(
            *("photo_of_added", "photo", ["added_at", "id"]),
            postgresql_where=sa.text(_THERE),
            postgresql_include=list(_HELD),
        )
