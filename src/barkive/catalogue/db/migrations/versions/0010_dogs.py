"""A photo has dogs: what models and people said of each, and what holds of it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_THERE = "missing_since IS NULL"
_HELD = ("status", "breed", "probability", "taken_at", "corrected", "answer_id")


def upgrade() -> None:
    """Makes tables and columns; which dogs the photos show, the next scan finds out."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    op.create_table(
        "detection",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("answer_id", _ID, sa.ForeignKey("answer.id"), nullable=False),
        sa.Column("place", sa.Integer),
        *(
            sa.Column(name, sa.Float, nullable=False)
            for name in ("x", "y", "width", "height", "score")
        ),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("probabilities", sa.LargeBinary),
        sa.Column("dog", sa.Float),
        sa.Column("vector", sa.LargeBinary),
        sa.UniqueConstraint("answer_id", "place"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "other_dog",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("photo_id", _ID, sa.ForeignKey("photo.id", ondelete="CASCADE"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("breed", sa.Text),
        sa.Column("breed2", sa.Text),
        sa.Column("probability", sa.Float),
        sa.Column("corrected", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    for table, column, kind in (
        ("answer", "dogs", sa.Integer()),
        ("photo", "dogs", sa.Integer()),
        ("photo", "said_id", _ID),
        ("correction", "dog", sa.BigInteger()),
        ("correction", "box", sa.Text()),
        ("content", "orientation", sa.Integer()),
    ):
        op.add_column(table, sa.Column(column, kind))
    op.execute(
        "UPDATE content SET orientation = (SELECT max(orientation) FROM photo "
        "WHERE photo.sha256 = content.sha256)"
    )
    if is_sqlite:
        _index("photo_by_dogs", "photo", ("dogs", *_HELD, "missing_since"), _THERE)
    else:
        _index("photo_of_dogs", "photo", ("dogs", "id"), _THERE, _HELD)
    _index("other_dog_by_photo", "other_dog", ("photo_id",))
    _index("other_dog_by_status", "other_dog", ("status", "corrected", "photo_id"))
    _index("other_dog_by_breed", "other_dog", ("breed", "probability", "photo_id"))
    _index("other_dog_by_breed2", "other_dog", ("breed2", "photo_id"), "breed2 IS NOT NULL")


def _index(
    name: str,
    table: str,
    columns: tuple[str, ...],
    where: str | None = None,
    held: tuple[str, ...] = (),
) -> None:
    condition = sa.text(where) if where is not None else None
    op.create_index(
        *(name, table, list(columns)),
        sqlite_where=condition,
        postgresql_where=condition,
        postgresql_include=list(held),
    )
