"""The exports' own record: who took what out, when and in which form."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "export_run",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("started_by", sa.Text, nullable=False),
        sa.Column("exported_at", sa.DateTime, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
