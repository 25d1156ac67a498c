"""Animals: one record, many photos; what people did to them; and what is proposed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
# What an animal's verdict comes from.
_TELLING = (
    *("picture", "answer_id", "status", "breed", "breed2"),
    *("correction_id", "said_id", "missing_since"),
)


def upgrade() -> None:
    """Makes the tables; there are no animals yet."""
    op.create_table(
        "animal",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("code", sa.Text),
        sa.Column("code_key", sa.Text, unique=True),
        sa.Column("name", sa.Text),
        sa.Column("name_key", sa.Text),
        sa.Column("species", sa.Text, nullable=False),
        sa.Column("sex", sa.Text),
        sa.Column("birth", sa.Text),
        sa.Column("birth_is_estimate", sa.Boolean, nullable=False),
        sa.Column("breed", sa.Text),
        sa.Column("breed2", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("notes", sa.Text),
        sa.Column("arrived", sa.Text),
        sa.Column("left_on", sa.Text),
        sa.Column("main_picture", sa.BigInteger),
        sa.Column("merged_into", sa.BigInteger),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.Column("act_id", _ID, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("photos", sa.Integer, nullable=False),
        sa.Column("cover", sa.BigInteger),
        sa.Column("verdict", sa.Text),
        sa.Column("breeds", sa.Text, nullable=False),
        sa.Column("top_breed", sa.Text),
        sa.Column("top_breed2", sa.Text),
        sa.Column("origin", sa.Text),
        sa.Column("disagrees", sa.Boolean, nullable=False),
        sa.Column("views", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "animal_photo",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("animal", sa.BigInteger, nullable=False),
        sa.Column("picture", sa.BigInteger, nullable=False),
        sa.Column("dog", sa.BigInteger),
        sa.UniqueConstraint("animal", "picture"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "refusal",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("key", sa.BigInteger, nullable=False),
        sa.Column("picture", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("key", "picture"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "act",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("said_by", sa.Text),
        sa.Column("said_at", sa.DateTime, nullable=False),
        sa.Column("undoes", _ID),
        sa.Column("merge_id", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "act_change",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("act_id", _ID, sa.ForeignKey("act.id"), nullable=False),
        sa.Column("animal", sa.BigInteger),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("picture", sa.BigInteger),
        sa.Column("was", sa.Text, nullable=False),
        sa.Column("becomes", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "suggestion",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("animal", sa.BigInteger),
        sa.Column("code", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("photos", sa.Integer, nullable=False),
        sa.Column("is_large", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "suggestion_photo",
        sa.Column("id", _ID, primary_key=True),
        sa.Column(
            "suggestion_id",
            _ID,
            sa.ForeignKey("suggestion.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("picture", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "animal_export",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("animal", sa.BigInteger, nullable=False),
        sa.Column("sent", sa.Text, nullable=False),
        sa.Column("sent_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("form", "animal"),
        sqlite_autoincrement=True,
    )
    op.create_index("animal_by_name", "animal", ["removed", "name_key", "code_key"])
    op.create_index("animal_by_status", "animal", ["removed", "status"])
    op.create_index("animal_by_breed", "animal", ["top_breed"])
    stale = sa.text("stale")
    op.create_index(
        "animal_stale", "animal", ["number"], sqlite_where=stale, postgresql_where=stale
    )
    op.create_index("animal_photo_by_picture", "animal_photo", ["picture", "animal"])
    op.create_index("refusal_by_picture", "refusal", ["picture"])
    op.create_index("act_by_undone", "act", ["undoes"])
    op.create_index("act_change_by_act", "act_change", ["act_id"])
    op.create_index("act_change_by_animal", "act_change", ["animal", "act_id"])
    op.create_index("suggestion_photo_by_suggestion", "suggestion_photo", ["suggestion_id"])
    op.create_index("suggestion_photo_by_picture", "suggestion_photo", ["picture"])
    if op.get_context().dialect.name == "sqlite":
        _note_on_sqlite()
    else:
        _note_on_postgresql()


def _note_on_sqlite() -> None:
    """Notes the animals of photos that change, row by row."""
    note = (
        "UPDATE animal SET stale = 1 WHERE number IN "
        "(SELECT animal FROM animal_photo WHERE picture = {row}.picture);"
    )
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in _TELLING)
    op.execute(
        f"CREATE TRIGGER photo_animal_update AFTER UPDATE OF {', '.join(_TELLING)} ON photo "
        f"WHEN {changed} BEGIN {note.format(row='OLD')} {note.format(row='NEW')} END"
    )
    op.execute(
        f"CREATE TRIGGER photo_animal_insert AFTER INSERT ON photo "
        f"BEGIN {note.format(row='NEW')} END"
    )
    op.execute(
        f"CREATE TRIGGER photo_animal_delete AFTER DELETE ON photo "
        f"BEGIN {note.format(row='OLD')} END"
    )


def _note_on_postgresql() -> None:
    """Notes the animals of photos that change, once for all rows of a statement."""
    changed = " OR ".join(f"gone.{column} IS DISTINCT FROM come.{column}" for column in _TELLING)
    updated = f"come JOIN gone USING (id) WHERE {changed}"
    pictures = {
        "insert": "SELECT picture FROM come",
        "delete": "SELECT picture FROM gone",
        "update": (
            f"SELECT come.picture FROM {updated} UNION ALL SELECT gone.picture FROM {updated}"
        ),
    }
    seen = {
        "insert": "NEW TABLE AS come",
        "delete": "OLD TABLE AS gone",
        "update": "OLD TABLE AS gone NEW TABLE AS come",
    }
    for event, those in pictures.items():
        op.execute(
            f"CREATE FUNCTION photo_animal_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "UPDATE animal SET stale = true WHERE number IN (SELECT animal FROM animal_photo "
            f"WHERE picture IN ({those})) AND NOT stale; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER photo_animal_{event} AFTER {event.upper()} ON photo "
            f"REFERENCING {seen[event]} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION photo_animal_{event}()"
        )
