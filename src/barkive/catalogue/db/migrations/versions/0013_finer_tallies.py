"""What keeps finer counts and searches fast on PostgreSQL: tallies by zone and by word.

Projections of vectors are made anew at the next scan, in cells and by breed: see
`similarity/pgvector_index.py`. SQLite keeps what it has.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_THERE = "missing_since IS NULL"
_ZONE = 13
# Those of migration 0004.
_STEPS = [k / 100 for k in range(1, 100)] + [0.99 + k / 1000 for k in range(1, 10)]
_STEP = (
    "coalesce(width_bucket(probability, ARRAY"
    f"[{', '.join(f'{step:g}' for step in _STEPS)}]::float8[]), -1)"
)
# Of each tally: its columns with their types, and what they hold of a photo.
_TALLIES = {
    "tally_by_zone": (
        {"zone": "bigint", "breed": "text", "status": "text", "corrected": "boolean"},
        f"id >> {_ZONE}, coalesce(breed, ''), status, corrected",
    ),
    "tally_by_zone_and_step": (
        {"zone": "bigint", "step": "integer", "status": "text", "corrected": "boolean"},
        f"id >> {_ZONE}, {_STEP}, status, corrected",
    ),
}
# A photo counts for each of its words, in order, with the number of letters that it has in common
# with the word before: so those whose number is below the length of a beginning are one a photo.
_WORDS = {
    "word": 'text COLLATE "C"',
    "shared": "integer",
    "status": "text",
    "corrected": "boolean",
}
_LETTERS = 24
# Words are of letters or of digits alone, and nearly every photo has a number of its own.
_WITHOUT_NUMBERS = "translate(words, '0123456789', '')"


def upgrade() -> None:
    """Makes them, and fills them with what is there."""
    if op.get_context().dialect.name == "sqlite":
        return
    for name, status in (("photo_to_review", "uncertain"), ("photo_to_review_no_dog", "not_dog")):
        op.drop_index(name, "photo")
        op.create_index(
            name,
            "photo",
            ["margin", "id"],
            # Word for word what the queue asks for, or the database does not see that it is the same.
            postgresql_where=sa.text(f"{_THERE} AND corrected IS false AND status = '{status}'"),
            postgresql_include=["picture"],
        )
    tables = {name: columns for name, (columns, _) in _TALLIES.items()} | {"tally_by_word": _WORDS}
    for name, columns in tables.items():
        typed = ", ".join(f"{column} {kind} NOT NULL" for column, kind in columns.items())
        op.execute(
            # Half of each page is left free, because the same rows change again and again.
            f"CREATE TABLE {name} ({typed}, photos bigint NOT NULL, "
            f"PRIMARY KEY ({', '.join(columns)})) WITH (fillfactor = 50)"
        )
    _keep("insert", "", "new")
    _keep("delete", "old", "")
    _keep("update", "old", "new")
    fill = [f"TRUNCATE {', '.join(tables)};", *_counted(("photo", 1))]
    op.execute(
        "CREATE FUNCTION photo_finer_tally_fill() RETURNS void LANGUAGE plpgsql AS "
        f"$$ BEGIN {' '.join(fill)} END $$"
    )
    op.execute("SELECT photo_finer_tally_fill()")
    _projections()


def _keep(event: str, old: str, new: str) -> None:
    """Has the tallies follow an event, once for all rows of a statement."""
    sources = [(rows, sign) for rows, sign in ((old, -1), (new, 1)) if rows]
    op.execute(
        f"CREATE FUNCTION photo_finer_tally_{event}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {' '.join(_counted(*sources))} RETURN NULL; END $$"
    )
    seen = [f"{rows.upper()} TABLE AS {rows}" for rows, _ in sources]
    op.execute(
        f"CREATE TRIGGER photo_finer_tally_{event} AFTER {event.upper()} ON photo "
        f"REFERENCING {' '.join(seen)} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION photo_finer_tally_{event}()"
    )


def _counted(*sources: tuple[str, int]) -> list[str]:
    """Statements that add photos to the tallies, or subtract them.

    Args:
        sources: Tables of photos, and 1 or -1.
    """
    added = [
        _added(name, columns, _changed(", ".join(columns), values, sources))
        for name, (columns, values) in _TALLIES.items()
    ]
    changed = _changed("key, status, corrected", f"{_WITHOUT_NUMBERS}, status, corrected", sources)
    shared = " ".join(
        f"WHEN left(previous, {n + 1}) IS DISTINCT FROM left(word, {n + 1}) THEN {n}"
        for n in range(_LETTERS)
    )
    # Of other than ASCII letters PostgreSQL alone knows where a word ends for it.
    words = (
        "CASE WHEN octet_length(key) = length(key) THEN string_to_array(key, ' ') "
        "ELSE tsvector_to_array(to_tsvector('simple', key)) END"
    )
    of_photo = (
        "SELECT word, lag(word) OVER (ORDER BY word) AS previous FROM "
        f'(SELECT left(one, {_LETTERS}) COLLATE "C" AS word FROM unnest({words}) AS one '
        "WHERE one <> '') AS cut"
    )
    of_words = (
        f"SELECT word, CASE {shared} ELSE {_LETTERS} END, status, corrected, sum(photos) "
        f"FROM ({changed}) AS changed, LATERAL ({of_photo}) AS held "
        "GROUP BY 1, 2, 3, 4 HAVING sum(photos) <> 0"
    )
    return [*added, _added("tally_by_word", _WORDS, of_words)]


def _changed(columns: str, values: str, sources: tuple[tuple[str, int], ...]) -> str:
    """By how much photos change a tally."""
    signed = [f"SELECT {values}, {sign} FROM {rows} WHERE {_THERE}" for rows, sign in sources]
    return (
        f"SELECT {columns}, sum(photos) AS photos "
        f"FROM ({' UNION ALL '.join(signed)}) AS one ({columns}, photos) "
        f"GROUP BY {columns} HAVING sum(photos) <> 0"
    )


def _added(name: str, columns: dict[str, str], rows: str) -> str:
    """Adds rows to a tally."""
    listed = ", ".join(columns)
    return (
        f"INSERT INTO {name} ({listed}, photos) {rows} "
        f"ON CONFLICT ({listed}) DO UPDATE SET photos = {name}.photos + excluded.photos;"
    )


def _projections() -> None:
    """Has projections know the breed of each photo, and follow it."""
    op.execute("ALTER TABLE projection ADD COLUMN centres bytea")
    op.execute("UPDATE projection SET state = 'old'")
    op.execute(
        "CREATE FUNCTION photo_projection_update() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE number bigint; BEGIN "
        "FOR number IN SELECT id FROM projection WHERE state = 'ready' LOOP "
        "EXECUTE format('UPDATE likeness_%s AS held SET breed = coalesce(new.breed, '''') "
        "FROM new JOIN old ON old.id = new.id WHERE held.answer_id = new.answer_id "
        "AND (new.breed, new.answer_id) IS DISTINCT FROM (old.breed, old.answer_id) "
        "AND held.breed <> coalesce(new.breed, '''')', number); "
        "END LOOP; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER photo_projection_update AFTER UPDATE ON photo "
        "REFERENCING OLD TABLE AS old NEW TABLE AS new "
        "FOR EACH STATEMENT EXECUTE FUNCTION photo_projection_update()"
    )
