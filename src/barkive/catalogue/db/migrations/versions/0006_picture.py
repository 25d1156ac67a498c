"""Photos follow their pictures: numbers of their own, contents, and what takes back which word."""

import secrets
from collections import defaultdict
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_PATH = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_THERE = "missing_since IS NULL"
_GONE = "missing_since IS NOT NULL"
_NEW = (
    *(("number", "BIGINT"), ("picture", "BIGINT"), ("ctime_ns", "BIGINT")),
    *(("correction_id", "BIGINT"), ("unreadable_since", "TIMESTAMP")),
)
# Of `photo` in SQLite, as 0001 made them: they go with the old table.
_INDEXES = {
    "photo_by_status": ("status", "probability", "breed", "taken_at", "corrected", "answer_id"),
    "photo_by_breed": ("breed", "status", "probability", "taken_at", "corrected", "answer_id"),
    "photo_by_date": ("taken_at", "status", "breed", "probability", "corrected", "answer_id"),
    "photo_by_probability": (
        *("probability", "status", "breed", "taken_at", "corrected", "answer_id"),
    ),
    "photo_by_correction": ("corrected", "status", "margin"),
    "photo_by_path": (
        *("path", "status", "breed", "probability", "taken_at", "corrected", "answer_id"),
    ),
}


def upgrade() -> None:
    """Keeps every photo's number, and has that of the first of a content be its picture."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    op.create_table(
        "content",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("sha256", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("picture", sa.BigInteger, nullable=False),
        sa.Column("coded", sa.LargeBinary),
        sa.Column("sketch", sa.LargeBinary),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO content (sha256, picture) SELECT sha256, min(id) FROM photo "
        "WHERE sha256 IS NOT NULL GROUP BY sha256 ORDER BY min(id)"
    )
    op.create_table(
        "place",
        sa.Column("path", _PATH, primary_key=True),
        sa.Column("device", sa.Text, nullable=False),
    )
    _corrections()
    (_photos_of_sqlite if is_sqlite else _photos_of_postgresql)()
    op.create_index("content_by_picture", "content", ["picture"])
    op.create_index("content_by_code", "content", ["coded"])
    for name, where, unique in (("photo_here", _THERE, True), ("photo_was_here", _GONE, False)):
        condition = sa.text(where)
        op.create_index(
            *(name, "photo", ["path"]),
            unique=unique,
            sqlite_where=condition,
            postgresql_where=condition,
        )
    op.create_index("photo_by_picture", "photo", ["picture"])
    _last_words()
    # Who has which photo before them is of a few minutes.
    op.drop_table("review")
    op.create_table(
        "review",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("desk", sa.Text, nullable=False),
        sa.Column("picture", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("turn", sa.BigInteger),
        sa.Column("correction_id", _ID),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("desk", "picture"),
    )
    op.create_index("review_by_picture", "review", ["picture"])
    op.create_index("review_by_age", "review", ["at"])


_correction = sa.table(
    "correction",
    *map(sa.column, ("id", "sha256", "kind", "picture", "undoes")),
    sa.column("said_at", sa.DateTime),
)
_content = sa.table("content", sa.column("sha256"), sa.column("picture"))


def _corrections() -> None:
    """Has what people said hang on pictures; also on those whose files are long gone."""
    connection = op.get_bind()
    op.add_column("correction", sa.Column("picture", sa.BigInteger))
    op.add_column("correction", sa.Column("undoes", _ID))
    known = sa.exists().where(_content.c.sha256 == _correction.c.sha256)
    lost = connection.execute(sa.select(_correction.c.sha256).where(~known).distinct()).scalars()
    rows = [
        {"sha256": one, "picture": secrets.randbelow(9 * 10**11) + 10**11} for one in lost.all()
    ]
    if rows:
        connection.execute(sa.insert(_content), rows)
    op.execute(
        "UPDATE correction SET picture = "
        "(SELECT picture FROM content WHERE content.sha256 = correction.sha256)"
    )
    undone = sa.select(_correction.c.sha256).where(_correction.c.kind == "undo")
    # Words are in the order of their times from now on, also where a clock was set back.
    latest: dict[bytes, datetime] = {}
    when = sa.select(_correction.c.id, _correction.c.sha256, _correction.c.said_at)
    for row in connection.execute(when.order_by(_correction.c.id)).all():
        before = latest.get(bytes(row.sha256))
        if before is not None and row.said_at < before:
            later = sa.update(_correction).where(_correction.c.id == row.id)
            connection.execute(later.values(said_at=before))
        else:
            latest[bytes(row.sha256)] = row.said_at
    said = connection.execute(
        sa.select(_correction.c.id, _correction.c.sha256, _correction.c.kind)
        .where(_correction.c.sha256.in_(undone))
        .order_by(_correction.c.id)
    )
    words: defaultdict[bytes, list[int]] = defaultdict(list)
    for row in said.all():
        stack = words[bytes(row.sha256)]
        if row.kind != "undo":
            stack.append(row.id)
        elif stack:
            connection.execute(
                sa.update(_correction).where(_correction.c.id == row.id).values(undoes=stack.pop())
            )
    op.drop_index("correction_by_content", "correction")
    with op.batch_alter_table("correction", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("picture", nullable=False)
    op.create_index("correction_by_picture", "correction", ["picture"])


def _photos_of_postgresql() -> None:
    # The sums that triggers keep do not change by it.
    op.execute("ALTER TABLE photo DISABLE TRIGGER USER")
    for name, kind in _NEW:
        op.execute(f"ALTER TABLE photo ADD COLUMN {name} {kind}")
    op.execute(
        "UPDATE photo SET number = photo.id, picture = coalesce(content.picture, photo.id), "
        "mtime_ns = CASE WHEN photo.status = 'failed' THEN NULL ELSE photo.mtime_ns END "
        "FROM photo AS one LEFT JOIN content ON content.sha256 = one.sha256 "
        "WHERE one.id = photo.id"
    )
    op.execute("ALTER TABLE photo ENABLE TRIGGER USER")
    for name in ("number", "picture"):
        op.alter_column("photo", name, nullable=False)
    op.create_unique_constraint("photo_number_key", "photo", ["number"])
    op.drop_constraint("photo_path_key", "photo")


def _photos_of_sqlite() -> None:
    """Makes the table anew: SQLite can't take away that a column is unique."""
    connection = op.get_bind()
    made = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'photo'"
    triggers = connection.execute(sa.text(made)).scalars().all()
    last = connection.execute(
        sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'photo'")
    ).scalar()
    op.create_table(
        "photo_anew",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("picture", sa.BigInteger, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("mtime_ns", sa.BigInteger),
        sa.Column("ctime_ns", sa.BigInteger),
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
        sa.Column("correction_id", _ID),
        sa.Column("note", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.Column("identified_at", sa.DateTime),
        sa.Column("unreadable_since", sa.DateTime),
        sa.Column("missing_since", sa.DateTime),
        sqlite_autoincrement=True,
    )
    kept = (
        *("id", "path", "bytes", "sha256", "phash", "format", "width", "height", "orientation"),
        *("taken_at", "camera", "model_id", "answer_id", "status", "breed", "breed2"),
        *("probability", "margin", "corrected", "note", "error", "words", "added_at"),
        *("identified_at", "missing_since"),
    )
    listed = ", ".join(kept)
    op.execute(
        f"INSERT INTO photo_anew (number, picture, mtime_ns, {listed}) "
        "SELECT id, "
        "coalesce((SELECT picture FROM content WHERE content.sha256 = photo.sha256), id), "
        # What could not be read is tried once more.
        f"CASE WHEN status = 'failed' THEN NULL ELSE mtime_ns END, {listed} FROM photo ORDER BY id"
    )
    op.drop_table("photo")
    op.rename_table("photo_anew", "photo")
    if last is not None:
        forget = sa.text("DELETE FROM sqlite_sequence WHERE name = 'photo'")
        connection.execute(forget)
        again = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('photo', :last)")
        connection.execute(again, {"last": last})
    for name, columns in _INDEXES.items():
        _index(name, (*columns, "missing_since"), _THERE)
    _index("photo_by_breed2", ("breed2", "breed", "missing_since"), "breed2 IS NOT NULL")
    _index("photo_missing", ("missing_since",), _GONE)
    op.create_index("photo_by_content", "photo", ["sha256"])
    op.create_index("photo_by_answer", "photo", ["answer_id"])
    for trigger in triggers:
        op.execute(trigger)


def _index(name: str, columns: tuple[str, ...], condition: str) -> None:
    op.create_index(name, "photo", list(columns), sqlite_where=sa.text(condition))


def _last_words() -> None:
    """Notes of each corrected photo which word holds: of the last that nobody took back."""
    op.execute(
        "UPDATE photo SET correction_id = (SELECT max(id) FROM correction AS said "
        "WHERE said.picture = photo.picture AND said.kind <> 'undo' AND NOT EXISTS "
        "(SELECT 1 FROM correction AS undo WHERE undo.undoes = said.id)) WHERE corrected"
    )
