"""Photos are found by the names of their breeds, and no more by the words of FCI groups.

The group of spaniels is called “Retrievers, flushing dogs, water dogs”: whoever looked for
retrievers got all of them.
"""

import json
from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from barkive.catalogue.db.schema import decode_path
from barkive.catalogue.predictions.breed_names import AddedBreed, Names
from barkive.catalogue.query.text_search import searchable, split
from barkive.verdicts import BreedName

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_AT_ONCE = 10_000
_ADDED = ("key", "breed", "name", "merged_into", "name_fr", "fci", "fci_group")
_TRIGGER = "photo_words_update"


def upgrade() -> None:
    """Takes the words of groups out of those of photos; animals get theirs anew."""
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    words = _OfGroups(connection)
    # The index of words is made anew at the end, in a fraction of the time.
    if is_sqlite:
        found = sa.text("SELECT sql FROM sqlite_master WHERE name = :name")
        trigger = connection.execute(found, {"name": _TRIGGER}).scalar_one()
        op.execute(f"DROP TRIGGER {_TRIGGER}")
    else:
        op.execute("ALTER TABLE photo DISABLE TRIGGER USER")
    last = 0
    while rows := words.changed(last):
        last, changed = rows
        _write(connection, changed, is_sqlite=is_sqlite)
    if is_sqlite:
        connection.exec_driver_sql(trigger)
        op.execute("INSERT INTO photo_words (photo_words) VALUES ('rebuild')")
    else:
        op.execute("ALTER TABLE photo ENABLE TRIGGER USER")
        op.execute("SELECT photo_finer_tally_fill()")
    op.execute("UPDATE animal SET stale = true WHERE breed IS NOT NULL OR top_breed IS NOT NULL")


class _OfGroups:
    """The words that photos have of the groups of their breeds alone."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        models = connection.execute(sa.text("SELECT labels FROM model ORDER BY id")).scalars()
        labels = [BreedName(**label) for row in models for label in json.loads(row)]
        added = f"SELECT {', '.join(_ADDED)} FROM added_breed ORDER BY id"
        rows = [AddedBreed(*row) for row in connection.execute(sa.text(added))]
        self._names = Names(labels, rows)
        self._known: dict[str, tuple[set[str], set[str]]] = {}
        self._together: dict[frozenset[str | None], set[str]] = {}
        # What people wrote of dogs beside the main one stands with those alone.
        self._noted: defaultdict[int, set[str]] = defaultdict(set)
        notes = "SELECT picture, note FROM correction WHERE note IS NOT NULL"
        for picture, note in connection.execute(sa.text(notes)):
            self._noted[picture].update(split(note))

    def changed(self, last: int) -> tuple[int, list[tuple[int, str]]] | None:
        """The next photos: the number of the last, and which of them get what words."""
        some = sa.text(
            "SELECT id, picture, path, breed, breed2, words FROM photo WHERE id > :last "
            f"ORDER BY id LIMIT {_AT_ONCE}"
        )
        rows = self._connection.execute(some, {"last": last}).all()
        if not rows:
            return None
        beside: defaultdict[int, list[str]] = defaultdict(list)
        others = sa.text(
            "SELECT photo_id, breed, breed2 FROM other_dog WHERE photo_id BETWEEN :first AND :last"
        )
        span = {"first": rows[0].id, "last": rows[-1].id}
        for photo, *breeds in self._connection.execute(others, span):
            beside[photo] += breeds
        changed = []
        for row in rows:
            of_groups = self._of_groups(frozenset((row.breed, row.breed2, *beside[row.id])))
            if not of_groups:
                continue
            left = of_groups - self._noted.get(row.picture, set())
            path = row.path.lower()
            # To part every path takes most of the time.
            if not path.isascii() or any(word in path for word in left):
                left = left.difference(split(decode_path(row.path)))
            words = " ".join(word for word in row.words.split() if word not in left)
            if words != row.words:
                changed.append((row.id, words))
        return rows[-1].id, changed

    def _of_groups(self, breeds: frozenset[str | None]) -> set[str]:
        """The words that some breeds have of their groups alone."""
        if breeds not in self._together:
            words = [self._words(one) for one in breeds if one]
            of_groups = set[str]().union(*(of_group for of_group, _ in words))
            self._together[breeds] = of_groups.difference(*(named for _, named in words))
        return self._together[breeds]

    def _words(self, breed: str) -> tuple[set[str], set[str]]:
        """The words of a breed's group, and those of its names."""
        if breed not in self._known:
            found = self._names.breed(breed)
            groups = (found.group_name(lang) or "" for lang in ("en", "fr"))
            of_group = {word for name in groups for word in split(name)}
            self._known[breed] = of_group, set(searchable("", [found], None).split())
        return self._known[breed]


def _write(connection: sa.Connection, rows: list[tuple[int, str]], *, is_sqlite: bool) -> None:
    if not rows:
        return
    if is_sqlite:
        statement = "UPDATE photo SET words = ? WHERE id = ?"
        connection.exec_driver_sql(statement, [(words, number) for number, words in rows])
        return
    ids, words = zip(*rows, strict=True)
    connection.execute(
        sa.text(
            "UPDATE photo SET words = given.words FROM "
            "unnest(CAST(:ids AS bigint[]), CAST(:words AS text[])) AS given (id, words) "
            "WHERE photo.id = given.id"
        ),
        {"ids": list(ids), "words": list(words)},
    )
