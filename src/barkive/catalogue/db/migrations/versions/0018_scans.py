"""Where a scan was asked for and which process it is; folders that are scanned by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes columns and a table; of earlier scans it is not known."""
    for column in ("origin", "process"):
        op.add_column("run", sa.Column(column, sa.Text()))
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "scan_plan",
        sa.Column("path", name, primary_key=True),
        sa.Column("is_watched", sa.Boolean, nullable=False),
        sa.Column("daily_at", sa.Text),
        sa.Column("ran_at", sa.DateTime),
    )
