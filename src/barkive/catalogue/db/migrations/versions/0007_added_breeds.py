"""The breeds that people added, of which one name in several spellings was several before."""

import json

import sqlalchemy as sa
from alembic import op

from barkive.catalogue.db.schema import decode_path
from barkive.catalogue.predictions.breed_names import Names, gathered
from barkive.catalogue.query.text_search import searchable
from barkive.verdicts import BreedName

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT_ONCE = 500


def upgrade() -> None:
    """Makes the table, fills it from what people said, and unites photos of one breed."""
    op.create_table(
        "added_breed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("breed", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("merged_into", sa.Text),
    )
    connection = op.get_bind()
    said = [
        breed
        for row in connection.execute(sa.text("SELECT breed, breed2 FROM correction ORDER BY id"))
        for breed in row
        if breed
    ]
    rows = connection.execute(sa.text("SELECT labels FROM model ORDER BY id")).scalars()
    labels = [BreedName(**label) for row in rows for label in json.loads(row)]
    added = gathered(said, labels)
    table = sa.table("added_breed", *map(sa.column, ("key", "breed", "name")))
    for one in added:
        values = {"key": one.key, "breed": one.breed, "name": one.name}
        connection.execute(sa.insert(table).values(values))
    names = Names(labels, added)
    changed = [breed for breed in dict.fromkeys(said) if names.meant(breed) != breed]
    for start in range(0, len(changed), _AT_ONCE):
        _unite(connection, names, changed[start : start + _AT_ONCE])


def _unite(connection: sa.Connection, names: Names, changed: list[str]) -> None:
    """Has photos have the breed that these spellings mean."""
    photo = sa.table("photo", *map(sa.column, ("id", "path", "breed", "breed2", "note", "words")))
    c = photo.c
    where = sa.or_(c.breed.in_(changed), c.breed2.in_(changed))
    for row in connection.execute(sa.select(photo).where(where)).all():
        meant = list(dict.fromkeys(names.meant(one) for one in (row.breed, row.breed2) if one))
        connection.execute(
            sa.update(photo)
            .where(c.id == row.id)
            .values(
                breed=meant[0],
                breed2=meant[1] if len(meant) > 1 else None,
                words=searchable(decode_path(row.path), map(names.breed, meant), row.note),
            )
        )
