"""What holds of a photo: a person's last word, or else the model's answer.

The one place of that rule. It gives the columns of `photo` that searches look at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select

from barkive.catalogue.db import bulk, schema
from barkive.catalogue.predictions.models import Model, Models
from barkive.catalogue.query.entries import chosen
from barkive.catalogue.query.text_search import searchable
from barkive.catalogue.records import Change, Kind, Said
from barkive.verdicts import Status

Word = TypeVar("Word", Change, Said, Row[Any])

IN_ORDER = (schema.correction.c.said_at, schema.correction.c.turn, schema.correction.c.id)
"""The order of what people said of a picture."""

_SAID: Mapping[str, Status] = {
    Kind.BREED: Status.DOG,
    Kind.CROSS: Status.DOG,
    Kind.NOT_DOG: Status.NOT_DOG,
    Kind.UNSURE: Status.UNCERTAIN,
}


def labels_in_force(connection: Connection, pictures: Iterable[int]) -> dict[int, Row[Any]]:
    """For each picture that people spoke of: the correction that holds, undone ones left out.

    Args:
        connection: Of the catalogue.
        pictures: Which ones.
    """
    table = schema.correction
    rows = connection.execute(
        select(table).where(table.c.picture.in_(list(pictures))).order_by(*IN_ORDER)
    )
    said: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        said[row.picture].append(row)
    last = {picture: label_in_force(words) for picture, words in said.items()}
    return {picture: word for picture, word in last.items() if word is not None}


def label_in_force(said: Iterable[Word]) -> Word | None:
    """The word that holds, undone ones left out; None where none does.

    Args:
        said: All that was said of one picture, in order; each with its `id`, its `kind`, and the
            `id` of what it `undoes`.
    """
    words = list(said)
    undone = {one.undoes for one in words if one.kind == Kind.UNDO}
    standing = [one for one in words if one.kind != Kind.UNDO and one.id not in undone]
    return standing[-1] if standing else None


def update_effective_labels(connection: Connection, models: Models, *pictures: int) -> None:
    """Writes the effective labels of pictures, a few hundred at most, into their photos."""
    words = labels_in_force(connection, pictures)
    known: list[dict[str, Any]] = []
    for row in connection.execute(chosen().where(schema.photo.c.picture.in_(pictures))).all():
        answer = None
        if row.answer_id is not None:
            model = models.get(connection, row.answer_model_id)
            answer = model, row.answer_status, row.probabilities, row.dog
        columns = effective_label(models, row.path, answer, words.get(row.picture))
        known.append({**columns, "id": row.id})
    bulk.update(connection, schema.photo, known)


def effective_label(
    models: Models,
    path: str,
    answer: tuple[Model, str, bytes, float] | None,
    word: Row[Any] | None,
) -> dict[str, Any]:
    """The columns of `photo` that say what holds.

    `margin` says how far the model was from saying something else, least first in a review:
    the difference between its two highest probabilities, or where it saw no dog, minus the
    log-odds of one.

    Args:
        models: Of the catalogue.
        path: The photo's.
        answer: The model, its status, its packed probabilities and its log-odds that there is
            a dog; None where the photo could not be read.
        word: Of `labels_in_force`, or None.
    """
    status, breeds, probability, margin = Status.FAILED, [], None, None
    if answer is not None:
        model, answered, packed, dog = answer
        status = Status(answered)
        if status in (Status.DOG, Status.UNCERTAIN):
            best = model.candidates(packed, 2)
            breeds = [best[0].label.id]
            probability = best[0].probability
            margin = probability - (best[1].probability if len(best) > 1 else 0.0)
        elif status is Status.NOT_DOG:
            margin = -dog
    if word is not None:
        status = _SAID[word.kind]
        if status is not Status.UNCERTAIN:
            said = [models.names.meant(breed) for breed in (word.breed, word.breed2) if breed]
            breeds = list(dict.fromkeys(said))  # a cross of two that are one by now is that one
            probability = 1.0 if breeds else None
    note = word.note if word is not None else None
    return {
        "status": status.value,
        "breed": breeds[0] if breeds else None,
        "breed2": breeds[1] if len(breeds) > 1 else None,
        "probability": probability,
        "margin": margin,
        "corrected": word is not None,
        "correction_id": word.id if word is not None else None,
        "note": note,
        "words": searchable(path, [models.names.label(breed) for breed in breeds], note),
    }
