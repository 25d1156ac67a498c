"""Judges the boxes that people drew, so that the model's guesses stand beside what they say."""

from __future__ import annotations

import hashlib

from barkive.catalogue.db import bulk, schema
from barkive.catalogue.predictions.packing import detection_row
from barkive.catalogue.query.effective_label import update_effective_labels
from barkive.catalogue.query.entries import find, to_entries
from barkive.catalogue.query.judgements import effective_of, said_of
from barkive.catalogue.query.store import Store
from barkive.catalogue.records import Entry
from barkive.classifier import Classifier
from barkive.errors import PhotoError
from barkive.images import read_file


def judge(store: Store, photo: str | int, classifier: Classifier) -> Entry:
    """Judges the dogs of a photo that only people saw, and keeps what comes of it.

    The photo is decoded once. Only the network matters: which detector the classifier has, or
    none, makes no difference to a box.

    Args:
        store: The catalogue.
        photo: Its path or its number.
        classifier: Of the network that judged the photo.

    Returns:
        The photo as it is now. Where its file is gone or can't be read, holds other bytes, or
        another network judged it, it is as it was.

    Raises:
        UnknownPhotoError: The photo is not in the catalogue.
        CatalogueError: The catalogue can't be written.
    """
    with store.read() as connection:
        row = find(connection, photo)
        (entry,) = to_entries(connection, store.models, [row])
        said = said_of(connection, [row.picture])
        (found,) = effective_of(connection, store.models, [row], said)
        if row.answer_id is None:
            return entry
        model = store.models.get(connection, row.answer_model_id)
    boxes = [dog.box for dog in found.dogs or () if not dog.is_judged]
    if not boxes or not model.is_of(classifier.bundle):
        return entry
    try:
        content = read_file(row.path)
        if hashlib.sha256(content).digest() != bytes(row.sha256):
            return entry
        judged = classifier.judge_boxes(content, boxes)
    except PhotoError:
        return entry
    with store.write() as connection:
        if find(connection, entry.id).answer_id == row.answer_id:
            rows = [detection_row(row.answer_id, None, dog) for dog in judged]
            bulk.insert(connection, schema.detection, rows)
            update_effective_labels(connection, store.models, row.picture)
        (entry,) = to_entries(connection, store.models, [find(connection, entry.id)])
    return entry
