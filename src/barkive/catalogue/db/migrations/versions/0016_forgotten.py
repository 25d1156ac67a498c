"""What was taken out: the SHA-256 of contents that scans pass over from then on."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table; nothing was taken out yet."""
    op.create_table(
        "forgotten",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("sha256", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("forgotten_by", sa.Text),
        sa.Column("forgotten_at", sa.DateTime, nullable=False),
        sqlite_autoincrement=True,
    )
