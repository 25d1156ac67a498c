"""The first schema: models, answers, photos, corrections, and the search by text."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
# Paths are compared character by character, so that a folder is a range.
_PATH = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# Each holds all that filters ask for, and the column of the condition as well: otherwise
# SQLite does not see that a count need not visit the rows.
_INDEXES = {
    "photo_by_status": ("status", "probability", "breed", "taken_at", "corrected", "answer_id"),
    "photo_by_breed": ("breed", "status", "probability", "taken_at", "corrected", "answer_id"),
    "photo_by_date": ("taken_at", "status", "breed", "probability", "corrected", "answer_id"),
    "photo_by_probability": (
        "probability",
        "status",
        "breed",
        "taken_at",
        "corrected",
        "answer_id",
    ),
    "photo_by_correction": ("corrected", "status", "margin"),
    "photo_by_path": (
        "path",
        "status",
        "breed",
        "probability",
        "taken_at",
        "corrected",
        "answer_id",
    ),
}


def upgrade() -> None:
    """Makes everything."""
    catalogue = op.create_table(
        "catalogue",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uuid", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "model",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
    )
    op.create_table(
        "answer",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("model_id", sa.Integer, sa.ForeignKey("model.id"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("probabilities", sa.LargeBinary, nullable=False),
        sa.Column("dog", sa.Float, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("identified_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("sha256", "model_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "photo",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("path", _PATH, nullable=False, unique=True),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("mtime_ns", sa.BigInteger),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("phash", sa.LargeBinary),
        sa.Column("format", sa.Text),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("orientation", sa.Integer),
        sa.Column("taken_at", sa.DateTime),
        sa.Column("camera", sa.Text),
        sa.Column("model_id", sa.Integer, sa.ForeignKey("model.id")),
        sa.Column("answer_id", _ID, sa.ForeignKey("answer.id")),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("breed", sa.Text),
        sa.Column("breed2", sa.Text),
        sa.Column("probability", sa.Float),
        sa.Column("margin", sa.Float),
        sa.Column("corrected", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.Column("identified_at", sa.DateTime),
        sa.Column("missing_since", sa.DateTime),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "correction",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("breed", sa.Text),
        sa.Column("breed2", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("said_by", sa.Text),
        sa.Column("said_at", sa.DateTime, nullable=False),
        sa.Column("was", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    for name, columns in _INDEXES.items():
        _index(name, (*columns, "missing_since"), "missing_since IS NULL")
    _index("photo_by_breed2", ("breed2", "breed", "missing_since"), "breed2 IS NOT NULL")
    _index("photo_missing", ("missing_since",), "missing_since IS NOT NULL")
    op.create_index("photo_by_content", "photo", ["sha256"])
    op.create_index("photo_by_answer", "photo", ["answer_id"])
    op.create_index("correction_by_content", "correction", ["sha256"])
    _search_by_text()
    _tally()
    _identity(catalogue)


def _index(name: str, columns: tuple[str, ...], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "photo", list(columns), sqlite_where=where, postgresql_where=where)


def _search_by_text() -> None:
    if op.get_context().dialect.name != "sqlite":
        op.execute("CREATE INDEX photo_words ON photo USING gin (to_tsvector('simple', words))")
        return
    op.execute(
        "CREATE VIRTUAL TABLE photo_words USING fts5 "
        "(words, content = 'photo', content_rowid = 'id')"
    )
    add = "INSERT INTO photo_words (rowid, words) VALUES (new.id, new.words);"
    remove = (
        "INSERT INTO photo_words (photo_words, rowid, words) VALUES ('delete', old.id, old.words);"
    )
    for when, what in (
        ("INSERT", add),
        ("DELETE", remove),
        ("UPDATE OF words", remove + add),
    ):
        name = f"photo_words_{when.split()[0].lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {when} ON photo BEGIN {what} END")


def _tally() -> None:
    """Keeps how many photos that are there have which status and breed, for SQLite.

    To count a million rows takes it longer than a page may take.
    """
    if op.get_context().dialect.name != "sqlite":
        return
    op.execute(
        "CREATE TABLE tally (status TEXT NOT NULL, breed TEXT NOT NULL, photos INTEGER NOT NULL, "
        "PRIMARY KEY (status, breed)) WITHOUT ROWID"
    )

    def change(row: str, by: int) -> str:
        return (
            f"INSERT INTO tally SELECT {row}.status, coalesce({row}.breed, ''), {by} "
            f"WHERE {row}.missing_since IS NULL "
            f"ON CONFLICT (status, breed) DO UPDATE SET photos = photos + {by};"
        )

    for when, what in (
        ("INSERT", change("new", 1)),
        ("DELETE", change("old", -1)),
        ("UPDATE OF status, breed, missing_since", change("old", -1) + change("new", 1)),
    ):
        name = f"tally_{when.split()[0].lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {when} ON photo BEGIN {what} END")


def _identity(catalogue: sa.Table) -> None:
    import uuid
    from datetime import UTC, datetime

    now = datetime.now(UTC).replace(tzinfo=None)
    op.bulk_insert(catalogue, [{"id": 1, "uuid": str(uuid.uuid4()), "created_at": now}])
