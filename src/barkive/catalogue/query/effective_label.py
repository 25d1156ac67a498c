"""The effective label of a photo: a person's label in force, or else the model's prediction.

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
from barkive.catalogue.records import Change, Kind, LabelRow
from barkive.verdicts import Status

AnyLabel = TypeVar("AnyLabel", Change, LabelRow, Row[Any])

IN_ORDER = (schema.correction.c.said_at, schema.correction.c.turn, schema.correction.c.id)
"""The order of what people said of a picture."""

_STATUS_OF: Mapping[str, Status] = {
    Kind.BREED: Status.DOG,
    Kind.CROSS: Status.DOG,
    Kind.NOT_DOG: Status.NOT_DOG,
    Kind.UNSURE: Status.UNCERTAIN,
}


def labels_in_force(connection: Connection, pictures: Iterable[int]) -> dict[int, Row[Any]]:
    """The label in force of each picture that people labelled.

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
    in_force = {picture: label_in_force(labels) for picture, labels in said.items()}
    return {picture: label for picture, label in in_force.items() if label is not None}


def label_in_force(said: Iterable[AnyLabel]) -> AnyLabel | None:
    """The last label that was not taken back; None where there is none.

    Args:
        said: All that was said of one picture, in order; each with its `id`, its `kind`, and the
            `id` of what it `undoes`.
    """
    labels = list(said)
    undone = {one.undoes for one in labels if one.kind == Kind.UNDO}
    standing = [one for one in labels if one.kind != Kind.UNDO and one.id not in undone]
    return standing[-1] if standing else None


def update_effective_labels(connection: Connection, models: Models, *pictures: int) -> None:
    """Writes the effective labels of pictures, a few hundred at most, into their photos."""
    labels = labels_in_force(connection, pictures)
    known: list[dict[str, Any]] = []
    for row in connection.execute(chosen().where(schema.photo.c.picture.in_(pictures))).all():
        prediction = None
        if row.answer_id is not None:
            model = models.get(connection, row.answer_model_id)
            prediction = model, row.answer_status, row.probabilities, row.dog
        columns = effective_label(models, row.path, prediction, labels.get(row.picture))
        known.append({**columns, "id": row.id})
    bulk.update(connection, schema.photo, known)


def effective_label(
    models: Models,
    path: str,
    prediction: tuple[Model, str, bytes, float] | None,
    label: Row[Any] | None,
) -> dict[str, Any]:
    """The columns of `photo` that say what its effective label is.

    `margin` says how far the model was from saying something else, least first in a review:
    the difference between its two highest probabilities, or where it saw no dog, minus the
    log-odds of one.

    Args:
        models: Of the catalogue.
        path: The photo's.
        prediction: The model, its status, its packed probabilities and its log-odds that there is
            a dog; None where the photo could not be read.
        label: Of `labels_in_force`, or None.
    """
    status, breeds, probability, margin = Status.FAILED, [], None, None
    if prediction is not None:
        model, predicted, packed, dog = prediction
        status = Status(predicted)
        if status in (Status.DOG, Status.UNCERTAIN):
            best = model.candidates(packed, 2)
            breeds = [best[0].label.id]
            probability = best[0].probability
            margin = probability - (best[1].probability if len(best) > 1 else 0.0)
        elif status is Status.NOT_DOG:
            margin = -dog
    if label is not None:
        status = _STATUS_OF[label.kind]
        if status is not Status.UNCERTAIN:
            said = [models.names.meant(breed) for breed in (label.breed, label.breed2) if breed]
            breeds = list(dict.fromkeys(said))  # a cross of two that are one by now is that one
            probability = 1.0 if breeds else None
    note = label.note if label is not None else None
    return {
        "status": status.value,
        "breed": breeds[0] if breeds else None,
        "breed2": breeds[1] if len(breeds) > 1 else None,
        "probability": probability,
        "margin": margin,
        "corrected": label is not None,
        "correction_id": label.id if label is not None else None,
        "note": note,
        "words": searchable(path, [models.names.label(breed) for breed in breeds], note),
    }
