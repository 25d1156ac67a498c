"""What a catalogue knows of each breed: its photos, its labels, and how often the model is right.

Only the photos that people labelled are read one by one; all else is counted by indexes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from barkive import breeds
from barkive.catalogue.db import schema
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query import counting
from barkive.catalogue.query.filters import Filter, present
from barkive.catalogue.query.store import Store
from barkive.verdicts import BreedName, Status

_EXAMPLES = 4
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class BreedOverview:
    """What a catalogue knows of a breed, by the photos whose files are there.

    Attributes:
        label: The breed.
        fci: The FCI's number; None where it has none.
        group: The FCI's group, 1..10; None where it has none.
        photos: How many photos show it, as people say or else the model; a cross counts for the
            first of its breeds.
        labelled: How many people said to show it, crosses left out.
        judged: Of these, those on which a model has answered.
        right: Of these, those on which its first guess was the breed.
        examples: The numbers of up to four photos of it: those that people labelled first, then
            those of which the model is most certain.
        is_known: Whether the model in use knows it.
    """

    label: BreedName
    fci: int | None
    group: int | None
    photos: int
    labelled: int
    judged: int
    right: int
    examples: tuple[int, ...]
    is_known: bool


@dataclass(slots=True)
class _Labelled:
    """The photos that people said to show a breed: see `BreedOverview`."""

    photos: int = 0
    judged: int = 0
    right: int = 0
    examples: list[int] = field(default_factory=list)


def breeds_overview(store: Store, in_use: Iterable[BreedName]) -> list[BreedOverview]:
    """What is known of each breed: of those of the table, then of the others by name.

    Args:
        store: The catalogue.
        in_use: The labels of the model in use.
    """
    names = store.models.names
    known = {names.meant(label.id) for label in in_use}
    photos: Counter[str] = Counter()
    for breed, count in counting.counts(store, "breed", Filter(status=(Status.DOG,))).items():
        photos[names.meant(breed)] += count
    found: list[BreedOverview] = []
    with store.read() as connection:
        of_people = _labelled(connection, store.models)
        for one in (*breeds.all_breeds(), *names.own):
            said = of_people.get(one.id, _Labelled())
            examples = said.examples
            if len(examples) < _EXAMPLES and photos[one.id]:
                examples += _most_certain(connection, names.ids(one.id))
            found.append(
                BreedOverview(
                    label=names.labels[one.id],
                    fci=one.fci,
                    group=one.group,
                    photos=photos[one.id],
                    labelled=said.photos,
                    judged=said.judged,
                    right=said.right,
                    examples=tuple(examples[:_EXAMPLES]),
                    is_known=one.id in known,
                )
            )
    return found


def _labelled(connection: Connection, models: Models) -> dict[str, _Labelled]:
    """The photos that people said to show a breed, by the breed's id."""
    c, answer = schema.photo.c, schema.answer.c
    labelled = (
        select(c.number, c.breed)
        .add_columns(answer.status, answer.probabilities, answer.model_id)
        .select_from(schema.photo.outerjoin(schema.answer, c.answer_id == answer.id))
        .where(present(), c.corrected, c.status == Status.DOG.value)
        .where(c.breed.is_not(None), c.breed2.is_(None))
        .order_by(c.id)
    )
    found: defaultdict[str, _Labelled] = defaultdict(_Labelled)
    rows = connection.execute(labelled, execution_options={"yield_per": _AT_ONCE})
    for part in rows.partitions():
        guesses = _guesses(connection, models, part)
        for row in part:
            one = found[breed := models.names.meant(row.breed)]
            one.photos += 1
            one.judged += row.probabilities is not None
            one.right += guesses.get(row.number) == breed
            if len(one.examples) < _EXAMPLES:
                one.examples.append(row.number)
    return found


def _guesses(connection: Connection, models: Models, rows: Iterable[Row[Any]]) -> dict[int, str]:
    """The first guess of the model on each photo on which it saw a dog, by the photo's number."""
    of_models: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        if row.probabilities is not None and row.status != Status.NOT_DOG.value:
            of_models[row.model_id].append(row)
    guesses: dict[int, str] = {}
    for model_id, some in of_models.items():
        found = models.get(connection, model_id).best([row.probabilities for row in some])
        best = [breed for breed, _, _ in found]
        guesses |= zip((row.number for row in some), best, strict=True)
    return guesses


def _most_certain(connection: Connection, ids: list[str]) -> list[int]:
    """The numbers of the photos of which the model is most certain that they show a breed."""
    c = schema.photo.c
    of_breed = c.breed == ids[0] if len(ids) == 1 else c.breed.in_(ids)
    surest = (
        select(c.number)
        .where(present(), of_breed, c.status == Status.DOG.value, c.corrected.is_(False))
        .order_by(c.probability.desc())
        .limit(_EXAMPLES)
    )
    return list(connection.execute(surest).scalars())
