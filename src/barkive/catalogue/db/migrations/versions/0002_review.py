"""Who has which photo before them, so that several people can review at once."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "review",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("desk", sa.Text, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("turn", sa.BigInteger),
        sa.Column("correction_id", _ID),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("desk", "sha256"),
    )
    op.create_index("review_by_content", "review", ["sha256"])
    op.create_index("review_by_age", "review", ["at"])
