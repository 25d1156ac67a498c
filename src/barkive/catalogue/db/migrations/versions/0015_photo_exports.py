"""What was sent of photos that no animal has to a program that takes them only once."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes the table; what earlier exports sent is not known."""
    op.create_table(
        "photo_export",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("photo", sa.BigInteger, nullable=False),
        sa.Column("sent", sa.Text, nullable=False),
        sa.Column("sent_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("form", "photo"),
        sqlite_autoincrement=True,
    )
