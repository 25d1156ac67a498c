"""Catalogues are merged: what came with which merge, and the numbers that others had."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes the tables; what is there was said and read here."""
    op.create_table(
        "merge",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("uuid", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "alias",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("picture", sa.BigInteger, nullable=False),
        sa.Column("merge_id", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("alias_by_picture", "alias", ["picture"])
    turn = sa.Column("turn", sa.Integer, nullable=False, server_default="0")
    op.add_column("correction", turn)
    for table in ("correction", "content"):
        op.add_column(table, sa.Column("merge_id", sa.BigInteger))
