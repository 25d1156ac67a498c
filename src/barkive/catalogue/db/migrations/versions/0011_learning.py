"""What people say teaches a model: exact features, learned models, and more of added breeds."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes tables and columns; the features of photos come with the next scan."""
    for table, column, kind in (
        ("answer", "features", sa.LargeBinary()),
        ("answer", "source_id", _ID),
        ("detection", "features", sa.LargeBinary()),
        ("catalogue", "model_id", sa.Integer()),
        ("added_breed", "name_fr", sa.Text()),
        ("added_breed", "fci", sa.Integer()),
        ("added_breed", "fci_group", sa.Integer()),
    ):
        op.add_column(table, sa.Column(column, kind))
    op.create_index("photo_by_model", "photo", ["model_id"])
    op.create_table(
        "learned_model",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("model_id", sa.Integer, sa.ForeignKey("model.id"), nullable=False, unique=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("model.id"), nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("learned_by", sa.Text),
        sa.Column("learned_at", sa.DateTime, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "review_order",
        sa.Column("rank", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("picture", sa.BigInteger, nullable=False, unique=True),
    )
