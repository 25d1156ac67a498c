"""What an animal's photos say of it together, and what else follows from its row.

What people said of the animal itself is its breed. Else it is what they said of its photos, if
they said the same; and where they said nothing, what the model's views of it say together: see
`combining`. A photo that shows several dogs is a view of the one that is the animal.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, func, select, text

from barkive.boxes import Box
from barkive.catalogue.animal_records import SPECIES, Origin, View
from barkive.catalogue.animals import finding
from barkive.catalogue.animals.combining import MOST_BREEDS, Combined, agree, combine
from barkive.catalogue.db import bulk, schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos.reading import hash_of
from barkive.catalogue.predictions.models import Model, Models
from barkive.catalogue.query.effective_dogs import (
    SAME_DOG,
    Effective,
    EffectiveDog,
    dog_id,
)
from barkive.catalogue.query.entries import chosen, to_entries
from barkive.catalogue.query.judgements import Turns, effective_of, said_of
from barkive.catalogue.query.store import Store
from barkive.catalogue.query.text_search import searchable
from barkive.catalogue.records import Kind, LabelRow
from barkive.errors import CatalogueError
from barkive.images import group_near_duplicates
from barkive.verdicts import Candidate, Status

_AT_ONCE: Final = 200
_DOG: Final = SPECIES[0]
_SHOWS_DOG: Final = (Status.DOG, Status.UNCERTAIN)
_CROSS: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Seen:
    """One photo of an animal, and what it says of it.

    Attributes:
        row: Of `entries.chosen`.
        dog: The number of the dog that is the animal; None for the main one.
        status: What is said.
        breeds: The ids of those that people gave; empty where they gave none.
        corrected: Whether people said so.
        model: That judged it; None where people spoke of it, or it shows no dog.
        probabilities: Packed; likewise.
    """

    row: Row[Any]
    dog: int | None
    status: Status
    breeds: tuple[str, ...] = ()
    corrected: bool = False
    model: Model | None = None
    probabilities: bytes = b""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What holds of an animal's breed.

    Attributes:
        combined: What is said; None for nothing.
        origin: Who says so.
        groups: Of near-duplicates: a number for each photo, shape (n,).
        views: How many views count.
    """

    combined: Combined | None
    origin: Origin | None
    groups: NDArray[np.intp]
    views: int

    @property
    def answer(self) -> frozenset[str]:
        """The ids of the breeds of which a photo must be to agree with it."""
        if self.combined is None:
            return frozenset()
        said = self.combined.status is Status.DOG and self.origin is not Origin.MODEL
        breeds = self.combined.breeds if said else self.combined.breeds[:1]
        return frozenset(breed for breed, _ in breeds)


def refresh(store: Store) -> None:
    """Derives anew what triggers have noted.

    Quiet where the catalogue can't be written: what was derived before stands until it can.
    """
    # Word for word what the index has.
    stale = select(schema.animal.c.number).where(text("stale"))
    with store.read() as connection:
        numbers = connection.execute(stale).scalars().all()
    if not numbers or store.database.read_only is not None:
        return
    store.refresh()
    with suppress(CatalogueError):
        for part in chunks(numbers, _AT_ONCE):
            with store.write() as connection:
                judge(connection, store.models, part)


def judge(connection: Connection, models: Models, animals: Sequence[int]) -> None:
    """Derives what follows from the photos of animals, within a writing transaction.

    Args:
        connection: Of a writing transaction.
        models: Of the catalogue.
        animals: Their numbers; those that there are not are passed over.
    """
    shown = schema.animal_photo.c
    for part in chunks(animals, _AT_ONCE):
        rows = finding.rows_of(connection, part)
        seen = _read(connection, models, part)
        verdicts = _verdicts(models, rows, seen)
        counted = select(shown.animal, func.count()).where(shown.animal.in_(part))
        photos = {row[0]: row[1] for row in connection.execute(counted.group_by(shown.animal))}
        columns = [
            _columns(models, row, seen.get(row.number, ()), verdicts[row.number])
            | {"photos": photos.get(row.number, 0)}
            for row in rows
        ]
        bulk.update(connection, schema.animal, columns)


def views(store: Store, animal: int) -> list[View]:
    """What each photo of an animal says, the main photo first.

    Args:
        store: The catalogue.
        animal: Its number.
    """
    with store.read() as connection:
        row = finding.row_of(connection, animal)
        found = _read(connection, store.models, [animal]).get(animal, [])
        verdict = _verdicts(store.models, [row], {animal: found})[animal]
        entries = to_entries(connection, store.models, [one.row for one in found])
    cover = _cover(row, found)
    first: dict[int, int] = {}
    listed = []
    for one, entry, group in zip(found, entries, verdict.groups.tolist(), strict=True):
        same_as = first.setdefault(group, entry.id)
        view = View(
            entry=entry,
            dog=one.dog,
            status=one.status,
            breeds=_breeds(store.models, one),
            corrected=one.corrected,
            same_as=same_as if same_as != entry.id else None,
            disagrees=_contradicts(one, verdict),
        )
        listed.append(view)
    return sorted(listed, key=lambda view: view.entry.picture != cover)


def _read(connection: Connection, models: Models, animals: Sequence[int]) -> dict[int, list[_Seen]]:
    """The photos of animals: of each picture the file that is there, in the order of the files."""
    shown = schema.animal_photo.c
    pairs = connection.execute(
        select(shown.animal, shown.picture, shown.dog).where(shown.animal.in_(animals))
    ).all()
    rows = _rows(connection, {one.picture for one in pairs})
    named = {one.picture for one in pairs if one.dog is not None}
    special = [
        row for row in rows.values() if row.picture in named or row.said_id or row.correction_id
    ]
    said = said_of(connection, {row.picture for row in special})
    held = {
        row.picture: one
        for row, one in zip(special, effective_of(connection, models, special, said), strict=True)
    }
    found: defaultdict[int, list[_Seen]] = defaultdict(list)
    for one in pairs:
        if (row := rows.get(one.picture)) is None:
            continue
        if one.picture in held:
            seen = _seen(connection, models, row, one.dog, held[one.picture])
        else:
            seen = _unspoken(connection, models, row)
        found[one.animal].append(seen)
    for some in found.values():
        some.sort(key=lambda one: one.row.id)
    return found


def _rows(connection: Connection, pictures: Iterable[int]) -> dict[int, Row[Any]]:
    """A row of `entries.chosen` of each picture: of a file that is there, if there is one."""
    c = schema.photo.c
    rows: dict[int, Row[Any]] = {}
    for part in chunks(sorted(pictures)):
        found = chosen().where(c.picture.in_(part))
        for row in connection.execute(found.order_by(c.missing_since.is_not(None), c.id)):
            rows.setdefault(row.picture, row)
    return rows


def _unspoken(connection: Connection, models: Models, row: Row[Any]) -> _Seen:
    """What a model says of the main dog of a photo of which nobody spoke."""
    status = Status(row.status)
    if status not in _SHOWS_DOG or row.answer_id is None:
        return _Seen(row, None, status)
    model = models.get(connection, row.answer_model_id)
    return _Seen(row, None, status, model=model, probabilities=row.probabilities)


def _seen(
    connection: Connection, models: Models, row: Row[Any], dog: int | None, held: Effective
) -> _Seen:
    """What people or a model say of a dog of a photo."""
    found = held if dog is None else _dog_of(connection, row, dog, held)
    if found is None:
        return _Seen(row, dog, Status.UNCERTAIN)
    if (label := found.label) is not None:
        if label.kind in (Kind.BREED, Kind.CROSS):
            return _Seen(row, dog, Status.DOG, _meant(models, label), corrected=True)
        status = Status.NOT_DOG if label.kind == Kind.NOT_DOG else Status.UNCERTAIN
        return _Seen(row, dog, status, corrected=True)
    said = found.prediction
    if said is None:
        return _Seen(row, dog, Status.UNCERTAIN if held.dogs else Status.FAILED)
    status = said.status
    if held.dogs and status is not Status.DOG:
        status = Status.UNCERTAIN
    if status not in _SHOWS_DOG:
        return _Seen(row, dog, status)
    return _Seen(row, dog, status, model=said.model, probabilities=said.probabilities)


def _dog_of(
    connection: Connection, row: Row[Any], dog: int, held: Effective
) -> EffectiveDog | None:
    """The dog of a number; None where it is not there any more.

    A dog of which nobody spoke has another number once its file was rewritten or another model
    has seen it a little elsewhere. Then it is the one in the place where the number was given.
    """
    dogs = held.dogs or ()
    if (same := next((one for one in dogs if one.id == dog), None)) is not None or not dogs:
        return same
    content, answer, seen = schema.content, schema.answer, schema.detection
    boxes = (
        select(content.c.sha256, *(seen.c[name] for name in ("x", "y", "width", "height")))
        .join_from(content, answer, answer.c.sha256 == content.c.sha256)
        .join(seen, seen.c.answer_id == answer.c.id)
        .where(content.c.picture == row.picture)
    )
    for one in connection.execute(boxes):
        box = Box(one.x, one.y, one.width, one.height)
        if dog_id(bytes(one.sha256), box) == dog:
            turns = Turns.read(connection, {bytes(one.sha256), bytes(row.sha256)})
            place = turns.box(box, one.sha256, row.sha256)
            nearest = max(dogs, key=lambda other: other.box.iou(place))
            return nearest if nearest.box.iou(place) >= SAME_DOG else None
    return None


def _meant(models: Models, row: Row[Any] | LabelRow) -> tuple[str, ...]:
    """The ids of the breeds that people gave, one or two; empty for none."""
    given = (models.names.meant(breed) for breed in (row.breed, row.breed2) if breed)
    return tuple(dict.fromkeys(given))


class _Probabilities:
    """What models say, in columns of the breeds that one or another of them knows."""

    def __init__(self, models: Iterable[Model]) -> None:
        """Takes the models."""
        known = list(models)
        self.labels = list(dict.fromkeys(label.id for one in known for label in one.labels))
        column = {breed: i for i, breed in enumerate(self.labels)}
        self._columns = {
            one.id: np.array([column[label.id] for label in one.labels]) for one in known
        }

    def of(self, model: Model, packed: bytes) -> NDArray[np.float64]:
        """The probabilities of a view, shape (labels,); classes of one breed count together."""
        shares = np.frombuffer(packed, "<f4")
        return np.bincount(self._columns[model.id], shares, len(self.labels)).astype(np.float64)


def _verdicts(
    models: Models, rows: Sequence[Row[Any]], seen: Mapping[int, Sequence[_Seen]]
) -> dict[int, _Verdict]:
    """What holds of animals, by their numbers."""
    judged = (one.model for some in seen.values() for one in some if one.model is not None)
    table = _Probabilities({model.id: model for model in judged}.values())
    return {
        row.number: _verdict(_meant(models, row), row.species, seen.get(row.number, ()), table)
        for row in rows
    }


def _verdict(
    own: tuple[str, ...], species: str, seen: Sequence[_Seen], table: _Probabilities
) -> _Verdict:
    """What holds of an animal.

    Args:
        own: The ids of the breeds that people gave of the animal itself.
        species: As they say.
        seen: Its photos.
        table: Of the models that judged them.
    """
    groups = _groups(seen)
    said = [i for i, one in enumerate(seen) if one.breeds]
    if own:
        others = {frozenset(seen[i].breeds) for i in said} - {frozenset(own)}
        combined = replace(agree([own]), disagrees=bool(others))
        return _Verdict(combined, Origin.ANIMAL, groups, 0)
    if said:
        combined = agree([seen[i].breeds for i in said])
        return _Verdict(combined, Origin.LABELS, groups, len(np.unique(groups[said])))
    judged = [(i, one.model) for i, one in enumerate(seen) if one.model is not None]
    if not judged or species != _DOG:  # the models know no breed of any other
        return _Verdict(None, None, groups, 0)
    at = [i for i, _ in judged]
    combined = combine(
        table.labels,
        np.stack([table.of(model, seen[i].probabilities) for i, model in judged]),
        np.array([seen[i].status is Status.DOG for i in at]),
        groups[at],
    )
    return _Verdict(combined, Origin.MODEL, groups, len(np.unique(groups[at])))


def _groups(seen: Sequence[_Seen]) -> NDArray[np.intp]:
    """Which photos of an animal are nearly the same: a number for each, shape (n,)."""
    groups = np.arange(len(seen))
    hashed = [i for i, one in enumerate(seen) if one.row.phash and any(one.row.phash)]
    if len(hashed) > 1:
        hashes = hash_of(b"".join(bytes(seen[i].row.phash) for i in hashed))
        near = group_near_duplicates(hashes.reshape(len(hashed), -1))
        groups[hashed] = np.array(hashed)[np.unique(near, return_index=True)[1]][near]
    return groups


def _columns(
    models: Models, row: Row[Any], seen: Sequence[_Seen], verdict: _Verdict
) -> dict[str, Any]:
    """What is derived of an animal, but how many photos it has."""
    combined = verdict.combined
    breeds = combined.breeds if combined is not None else ()
    is_cross = len(verdict.answer) > 1
    named = [breed for breed, _ in breeds[: 2 if is_cross else 1]]
    return {
        "id": row.id,
        "stale": False,
        "cover": _cover(row, seen),
        "words": _words(models, row, named),
        "verdict": combined.status.value if combined is not None else None,
        "breeds": json.dumps([[breed, round(share, 6)] for breed, share in breeds]),
        "top_breed": named[0] if named else None,
        "top_breed2": named[1] if is_cross else None,
        "origin": verdict.origin.value if verdict.origin is not None else None,
        "disagrees": combined is not None and combined.disagrees,
        "views": verdict.views,
    }


def _cover(row: Row[Any], seen: Sequence[_Seen]) -> int | None:
    """The picture that stands for an animal: that which people chose, or else the best one.

    One whose file is there, that shows a dog, alone, of a breed that is known; of these the
    largest.
    """
    if row.main_picture is not None:
        chosen_one: int = row.main_picture
        return chosen_one

    def worse(one: _Seen) -> tuple[Any, ...]:
        photo = one.row
        flaws = (
            photo.missing_since is not None,
            one.status not in _SHOWS_DOG,
            (photo.dogs or 0) > 1,
            one.status is not Status.DOG,
        )
        return *flaws, -(photo.width or 0) * (photo.height or 0), photo.id

    best = min(seen, key=worse, default=None)
    return best.row.picture if best is not None else None


def _words(models: Models, row: Row[Any], breeds: Sequence[str]) -> str:
    """The words under which an animal is found, each once, behind a blank."""
    said = " ".join(filter(None, (row.code, row.name, row.notes)))
    whole = finding.key_of(said).split()
    parts = searchable("", map(models.names.breed, breeds), said).split()
    return " ".join(["", *dict.fromkeys([*whole, *parts])])


def _breeds(models: Models, seen: _Seen) -> tuple[Candidate, ...]:
    """The breeds of a view, best first."""
    if seen.model is not None:
        return seen.model.candidates(seen.probabilities, MOST_BREEDS)
    share = _CROSS if len(seen.breeds) > 1 else 1.0
    return tuple(Candidate(models.names.label(breed), share) for breed in seen.breeds)


def _contradicts(seen: _Seen, verdict: _Verdict) -> bool:
    """Whether a view is sure of another breed than the animal is said to be."""
    if not verdict.answer or seen.status is not Status.DOG:
        return False
    if seen.model is not None:
        best = seen.model.candidates(seen.probabilities, 1)
        return best[0].label.id not in verdict.answer
    return frozenset(seen.breeds) != verdict.answer
