"""The effective label of a photo: a person's label in force, or else the model's prediction.

It gives the columns of `photo` that searches look at, and the rows of `other_dog`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, delete, select

from barkive.catalogue.db import bulk, schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.predictions.models import Model, Models
from barkive.catalogue.query.effective_dogs import Effective, Prediction
from barkive.catalogue.query.entries import chosen
from barkive.catalogue.query.judgements import effective_of, said_of
from barkive.catalogue.query.text_search import searchable
from barkive.catalogue.records import Change, Kind, LabelRow
from barkive.verdicts import Status

AnyLabel = TypeVar("AnyLabel", Change, LabelRow, Row[Any])

_STATUS_OF: Mapping[str, Status] = {
    Kind.BREED: Status.DOG,
    Kind.CROSS: Status.DOG,
    Kind.NOT_DOG: Status.NOT_DOG,
    Kind.UNSURE: Status.UNCERTAIN,
}
_SHOWS_DOG = (Status.DOG, Status.UNCERTAIN)


def standing(said: Iterable[AnyLabel]) -> list[AnyLabel]:
    """What was said and not taken back, in order.

    Args:
        said: All that was said of one picture, in order; each with its `id`, its `kind`, and the
            `id` of what it `undoes`.
    """
    labels = list(said)
    undone = {one.undoes for one in labels if one.kind == Kind.UNDO}
    return [one for one in labels if one.kind != Kind.UNDO and one.id not in undone]


def update_effective_labels(connection: Connection, models: Models, *pictures: int) -> None:
    """Writes the effective labels of pictures, a few hundred at most, into their photos."""
    rows = connection.execute(chosen().where(schema.photo.c.picture.in_(pictures))).all()
    keep_effective_labels(connection, models, rows)


def keep_effective_labels(
    connection: Connection,
    models: Models,
    rows: Sequence[Row[Any]],
    beside: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
) -> None:
    """Writes the effective labels of photos.

    Args:
        connection: Of a writing transaction.
        models: The catalogue's.
        rows: Of `chosen`.
        beside: What else is written of each photo, by its `id`; of all the same columns.
    """
    said = said_of(connection, {row.picture for row in rows})
    columns: dict[int, dict[str, Any]] = {}
    others: dict[int, list[dict[str, Any]]] = {}
    for row, found in zip(rows, effective_of(connection, models, rows, said), strict=True):
        label = effective_label(models, row.path, found, said.get(row.picture, ()))
        columns[row.id] = label | dict(beside.get(row.id, {}))
        others[row.number] = other_dogs(models, found)
    write_labels(connection, columns, {row.id: row.words for row in rows})
    keep_other_dogs(connection, others)


def write_labels(
    connection: Connection, columns: Mapping[int, dict[str, Any]], words: Mapping[int, str]
) -> None:
    """Writes columns of photos; words, which are indexed, only where they have changed.

    Args:
        connection: Of a writing transaction.
        columns: Of each photo by its `id`: for all the same ones, `words` among them or not.
        words: That each photo has.
    """
    same: list[dict[str, Any]] = []
    other: list[dict[str, Any]] = []
    for number, row in columns.items():
        if row.get("words", words[number]) == words[number]:
            row.pop("words", None)
            same.append({**row, "id": number})
        else:
            other.append({**row, "id": number})
    for rows in (same, other):
        bulk.update(connection, schema.photo, rows)


def effective_label(
    models: Models, path: str, found: Effective, said: Sequence[Row[Any]]
) -> dict[str, Any]:
    """The columns of `photo` that say what its effective label is.

    `margin` says how far the model was from saying something else, least first in a review:
    the difference between its two highest probabilities, or where it saw no dog, minus the
    log-odds of one.

    Args:
        models: Of the catalogue.
        path: The photo's.
        found: What holds of the photo.
        said: All that was said of it, in order.
    """
    label = found.label
    columns = _named(models, found.prediction, label, is_dog=bool(found.dogs))
    shows_dog = columns["status"] in _SHOWS_DOG
    notes = [found.note, *(one.note for one in found.dogs or ())]
    breeds = [columns["breed"], columns["breed2"]]
    for one in found.others:
        named = _named(models, one.prediction, one.label, is_dog=True)
        breeds += [named["breed"], named["breed2"]]
    named_once = dict.fromkeys(breed for breed in breeds if breed)
    noted = " ".join(note for note in dict.fromkeys(notes) if note)
    return {
        **columns,
        "margin": _margin(found.prediction),
        "correction_id": label.id if label is not None else None,
        "note": found.note,
        "words": searchable(path, map(models.names.breed, named_once), noted),
        # One that has no box is one.
        "dogs": None if found.dogs is None else max(len(found.dogs), int(shows_dog)),
        "said_id": said[-1].id if any(map(_is_told_by_history, said)) else None,
    }


def _is_told_by_history(word: Row[Any]) -> bool:
    """Whether what it says is not told by the label in force alone."""
    return word.dog is not None or word.kind == Kind.NOTE


def unspoken_labels(
    models: Models, model: Model, rows: Sequence[Row[Any]]
) -> dict[int, dict[str, Any]]:
    """What `effective_label` gives of photos that show one dog at most, and of which nobody spoke.

    A hundred times as fast, for many photos at once.

    Args:
        models: Of the catalogue.
        model: That judged all of them.
        rows: Of `chosen`.

    Returns:
        The columns of each photo by its `id`.
    """
    columns: dict[int, dict[str, Any]] = {}
    best = model.best([row.probabilities for row in rows])
    for row, (breed, highest, second) in zip(rows, best, strict=True):
        is_not_dog = row.answer_status == Status.NOT_DOG
        status = Status.UNCERTAIN if is_not_dog and row.answer_dogs else Status(row.answer_status)
        named = breed if status in _SHOWS_DOG else None
        words = row.words
        if named != row.breed:
            words = searchable(row.path, [models.names.breed(named)] if named else [], None)
        columns[row.id] = {
            "status": status.value,
            "breed": named,
            "breed2": None,
            "probability": highest if named else None,
            "corrected": False,
            "margin": -row.dog if is_not_dog else highest - second,
            "correction_id": None,
            "note": None,
            "words": words,
            "dogs": None if row.answer_dogs is None else max(row.answer_dogs, int(bool(named))),
            "said_id": None,
        }
    return columns


def other_dogs(models: Models, found: Effective) -> list[dict[str, Any]]:
    """The rows of `other_dog` of a photo, without its number."""
    return [
        {"place": place, **_named(models, one.prediction, one.label, is_dog=True)}
        for place, one in enumerate(found.others, 1)
    ]


def keep_other_dogs(
    connection: Connection, others: Mapping[int, Sequence[Mapping[str, Any]]]
) -> None:
    """Keeps the dogs of photos beside their main ones, in the place of those that were.

    Args:
        connection: Of a writing transaction.
        others: Of `other_dogs`, by the numbers of photos.
    """
    photo, table = schema.photo.c, schema.other_dog
    for part in chunks(list(others)):
        ids = select(photo.id).where(photo.number.in_(part))
        connection.execute(delete(table).where(table.c.photo_id.in_(ids)))
    rows: list[dict[str, Any]] = []
    for part in chunks([number for number, some in others.items() if some]):
        found = select(photo.id, photo.number).where(photo.number.in_(part))
        for row in connection.execute(found):
            rows += [{"photo_id": row.id, **one} for one in others[row.number]]
    bulk.insert(connection, table, rows)


def _named(
    models: Models,
    prediction: Prediction | None,
    label: Row[Any] | LabelRow | None,
    *,
    is_dog: bool,
) -> dict[str, Any]:
    """Status, breeds and probability of a photo or of a dog.

    Args:
        models: Of the catalogue.
        prediction: What the model says of it; None where it said nothing.
        label: What a person says of it, or None.
        is_dog: Whether a dog is certain to be there.
    """
    status, breeds, probability = Status.FAILED, [], None
    if prediction is not None:
        status = prediction.status
    if is_dog and status not in _SHOWS_DOG:
        status = Status.UNCERTAIN
    if prediction is not None and status in _SHOWS_DOG:
        ((best, probability, _),) = prediction.model.best([prediction.probabilities])
        breeds = [best]
    if label is not None:
        status = _STATUS_OF[label.kind]
        if status is not Status.UNCERTAIN:
            said = [models.names.meant(breed) for breed in (label.breed, label.breed2) if breed]
            breeds = list(dict.fromkeys(said))  # a cross of two that are one by now is that one
            probability = 1.0 if breeds else None
    return {
        "status": status.value,
        "breed": breeds[0] if breeds else None,
        "breed2": breeds[1] if len(breeds) > 1 else None,
        "probability": probability,
        "corrected": label is not None,
    }


def _margin(prediction: Prediction | None) -> float | None:
    if prediction is None or prediction.status not in (*_SHOWS_DOG, Status.NOT_DOG):
        return None
    if prediction.status is Status.NOT_DOG:
        return -prediction.dog
    ((_, highest, second),) = prediction.model.best([prediction.probabilities])
    return highest - second
