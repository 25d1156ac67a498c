"""What an animal's photos say of it together, and what else follows from its row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from barkive.catalogue.animal_records import View
from barkive.catalogue.animals.finding import key_of
from barkive.catalogue.db import schema
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.store import Store


def judge(connection: Connection, models: Models, animals: Sequence[int]) -> None:
    """Derives what follows from the photos of animals, within a writing transaction.

    Args:
        connection: Of a writing transaction.
        models: Of the catalogue.
        animals: Their numbers; those that there are not are passed over.
    """
    c, shown = schema.animal.c, schema.animal_photo.c
    for number in animals:
        row = connection.execute(select(schema.animal).where(c.number == number)).first()
        if row is None:
            continue
        photos = connection.execute(
            select(func.count(), func.min(shown.picture)).where(shown.animal == number)
        ).one()
        words = " ".join(["", *key_of(" ".join(filter(None, (row.code, row.name)))).split()])
        values = {"photos": photos[0], "cover": row.main_picture or photos[1], "words": words}
        connection.execute(update(schema.animal).where(c.number == number).values(**values))


def refresh(store: Store) -> None:
    """Derives anew what triggers have noted; quiet where the catalogue can only be read."""


def views(store: Store, animal: int) -> list[View]:
    """What each photo of an animal says, the main photo first."""
    return []
