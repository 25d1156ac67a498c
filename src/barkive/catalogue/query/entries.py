"""Reads photos from the catalogue, page by page, as entries."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from barkive.catalogue.db import schema
from barkive.catalogue.predictions.models import Models
from barkive.catalogue.query.effective_dogs import Effective, EffectiveDog
from barkive.catalogue.query.filters import Filter, at
from barkive.catalogue.query.judgements import effective_of, said_of
from barkive.catalogue.query.ordering import PhotoOrder
from barkive.catalogue.query.store import Store
from barkive.catalogue.query.zone_maps import first_numbers
from barkive.catalogue.records import Entry, EntryDog, Kind, LabelRow, message_of
from barkive.errors import UnknownPhotoError
from barkive.verdicts import Candidate, Status, Verdict

_PAGE = 1000
# Of a million photos, so many are sorted in the time that a page may take.
_FEW = 250_000
# As many as the longest short list that is asked for.
_TOP = 5
_CROSS = 0.5
_CATALOGUED = PhotoOrder()
_SHOWS_DOG = (Status.DOG, Status.UNCERTAIN)


def chosen() -> Select[Any]:
    """All that an entry is made of."""
    answer, content = schema.answer, schema.content
    return select(
        *schema.photo.c,
        answer.c.status.label("answer_status"),
        answer.c.probabilities,
        answer.c.dog,
        answer.c.model_id.label("answer_model_id"),
        answer.c.dogs.label("answer_dogs"),
        content.c.coded,
    ).select_from(
        schema.photo.outerjoin(answer, schema.photo.c.answer_id == answer.c.id).outerjoin(
            content, schema.photo.c.sha256 == content.c.sha256
        )
    )


def pages(
    store: Store, query: Filter, limit: int | None, order: PhotoOrder = _CATALOGUED
) -> Iterator[Entry]:
    """The photos that fit, in an order.

    Their numbers are gathered first, eight bytes each. Then no transaction stays open between
    pages, so that writers need not wait for a reader.

    Args:
        store: The catalogue.
        query: Which photos.
        limit: How many at most; None for all.
        order: Of all that fit; by default that in which they were catalogued.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    # Outside the generator, so that what is wrong with the query is said at once.
    return _pages(store, query, query.cases(store), limit, order)


def _pages(
    store: Store,
    query: Filter,
    cases: Sequence[ColumnElement[bool]],
    limit: int | None,
    order: PhotoOrder,
) -> Iterator[Entry]:
    numbers: array[int] = array("q")
    with store.read() as connection:
        if order == _CATALOGUED:
            for case in cases:
                numbers.extend(_numbers(connection, query, case, limit))
            numbers = array("q", sorted(numbers)[:limit])
        else:
            numbers.extend(connection.execute(order.numbers(cases, limit)).scalars())
    for start in range(0, len(numbers), _PAGE):
        with store.read() as connection:
            page = _in_order(connection, store, numbers[start : start + _PAGE].tolist())
        yield from page


def _in_order(connection: Connection, store: Store, numbers: Sequence[int]) -> list[Entry]:
    """Some photos by their ids, in the order of these."""
    found = connection.execute(chosen().where(schema.photo.c.id.in_(numbers))).all()
    place = {number: i for i, number in enumerate(numbers)}
    found = sorted(found, key=lambda row: place[row.id])
    return to_entries(connection, store.models, found)


def page(
    store: Store, query: Filter, offset: int, limit: int, order: PhotoOrder = _CATALOGUED
) -> list[Entry]:
    """Some of the photos that fit, in an order.

    Args:
        store: The catalogue.
        query: Which photos.
        offset: How many to pass over.
        limit: How many at most.
        order: Of all that fit; by default that in which they were catalogued.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    cases = query.cases(store)
    with store.read() as connection:
        if order == _CATALOGUED:
            numbers = _first(connection, query, cases, offset, limit)
        else:
            numbers = order.first(connection, cases, limit, offset)
        return _in_order(connection, store, numbers)


def _first(
    connection: Connection,
    query: Filter,
    cases: Sequence[ColumnElement[bool]],
    offset: int,
    limit: int,
) -> list[int]:
    """The ids of some photos, in the order in which they were catalogued."""
    gathered: list[int] = []
    for case in cases:
        # Of one case alone those before need not be gathered.
        passed = offset if len(cases) == 1 else 0
        gathered += _numbers(connection, query, case, offset + limit - passed, passed)
    start = 0 if len(cases) == 1 else offset
    return sorted(gathered)[start : start + limit]


def numbers(
    store: Store,
    query: Filter,
    offset: int = 0,
    limit: int | None = None,
    order: PhotoOrder = _CATALOGUED,
) -> list[int]:
    """The numbers of the photos that `page` gives.

    Args:
        store: The catalogue.
        query: Which photos.
        offset: How many to pass over.
        limit: How many at most; None for all.
        order: Of all that fit.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    listed = order.numbers(query.cases(store), limit, offset)
    with store.read() as connection:
        return [row.number for row in connection.execute(listed)]


def where(store: Store, condition: ColumnElement[bool]) -> list[Entry]:
    """The photos that fit a condition on `photo`, in the order in which they were catalogued."""
    found = chosen().where(condition).order_by(schema.photo.c.id)
    with store.read() as connection:
        return to_entries(connection, store.models, connection.execute(found).all())


def neighbours(
    store: Store, query: Filter, number: int, order: PhotoOrder = _CATALOGUED
) -> tuple[int | None, int | None]:
    """The numbers of the photos that fit before and after one, None at the ends."""
    c = schema.photo.c
    cases = query.cases(store)
    with store.read() as connection:
        own = connection.execute(select(c.id).where(c.number == number)).scalar() or 0
        return order.neighbours(connection, cases, own)


def one(store: Store, photo: str | int) -> Entry:
    """One photo by its path or its number.

    Raises:
        UnknownPhotoError: It is not in the catalogue.
    """
    with store.read() as connection:
        (entry,) = to_entries(connection, store.models, [find(connection, photo)])
    return entry


def find(connection: Connection, photo: str | int) -> Row[Any]:
    """The row of a photo, see `chosen`.

    Args:
        connection: Of the catalogue.
        photo: Its path or its number; or that of its picture in a catalogue that was merged.

    Raises:
        UnknownPhotoError: It is not in the catalogue.
    """
    c = schema.photo.c
    if isinstance(photo, int):
        row = connection.execute(chosen().where(c.number == photo)).one_or_none()
        if row is None:
            other = select(schema.alias.c.picture).where(schema.alias.c.number == photo)
            same = chosen().where(c.picture == other.scalar_subquery())
            here_first = same.order_by(c.missing_since.is_not(None), c.id)
            row = connection.execute(here_first.limit(1)).one_or_none()
        if row is None:
            raise UnknownPhotoError("catalogue_photo_number_unknown", number=photo)
        return row
    # The one that is there, or else the last one that was.
    there = chosen().where(at([schema.absolute_path(photo)]))
    last = there.order_by(c.missing_since.is_not(None), c.missing_since.desc(), c.id.desc())
    row = connection.execute(last.limit(1)).one_or_none()
    if row is None:
        raise UnknownPhotoError("catalogue_photo_unknown", photo=photo)
    return row


def _numbers(
    connection: Connection,
    query: Filter,
    case: ColumnElement[bool],
    limit: int | None,
    offset: int = 0,
) -> Iterable[int]:
    """The first numbers of the photos that fit, some passed over; all in any order."""
    number = schema.photo.c.id
    if limit is None:
        return connection.execute(select(number).where(case)).scalars()
    if connection.dialect.name == "postgresql":
        return first_numbers(connection, case, query, limit, offset)
    # To look for words twice would cost more than to sort what they find.
    few = query.text is not None
    if few or connection.execute(select(number).where(case).offset(_FEW).limit(1)).first() is None:
        # Found by an index and then sorted. The sum keeps the database from walking all
        # photos in order until enough of them fit, which takes long where few do.
        found = select(number).where(case).order_by(number + 0)
    else:
        found = select(number).where(case).order_by(number)
    return connection.execute(found.limit(limit).offset(offset)).scalars()


def to_entries(connection: Connection, models: Models, rows: Sequence[Row[Any]]) -> list[Entry]:
    """Rows of `chosen` as entries."""
    spoken = [row for row in rows if row.said_id or (row.correction_id and row.answer_dogs)]
    said = said_of(connection, {row.picture for row in spoken})
    found = effective_of(connection, models, rows, said)
    return [_to_entry(connection, models, row, one) for row, one in zip(rows, found, strict=True)]


def _to_entry(connection: Connection, models: Models, row: Row[Any], found: Effective) -> Entry:
    prediction, name = None, ""
    guesses: tuple[Candidate, ...] = ()
    if row.model_id is not None:
        name = models.get(connection, row.model_id).name
    if row.answer_id is not None:
        model = models.get(connection, row.answer_model_id)
        status, name = Status(row.answer_status), model.name
        guesses = model.candidates(row.probabilities, _TOP)
        breeds = guesses if status in _SHOWS_DOG else ()
        prediction = Verdict(row.path, status, breeds, None, name)
    dogs = None
    if found.dogs is not None:
        dogs = tuple(_to_dog(models, one, guesses) for one in found.dogs)
    return Entry(
        id=row.number,
        picture=row.picture,
        file=row.path,
        status=Status(row.status),
        breeds=_breeds(models, row, dogs, prediction),
        reason=message_of(row) if row.status == Status.FAILED or row.unreadable_since else None,
        corrected=bool(row.corrected),
        label_id=row.correction_id,
        note=row.note,
        prediction=prediction,
        guesses=guesses,
        model=name,
        width=row.width,
        height=row.height,
        format=row.format,
        taken_at=row.taken_at,
        camera=row.camera,
        bytes=row.bytes,
        mtime_ns=row.mtime_ns,
        ctime_ns=row.ctime_ns,
        sha256=bytes(row.sha256).hex() if row.sha256 is not None else None,
        coded=bytes(row.coded).hex() if row.coded is not None else None,
        added_at=row.added_at,
        identified_at=row.identified_at,
        unreadable_since=row.unreadable_since,
        missing_since=row.missing_since,
        dogs=dogs,
        said_id=row.said_id,
        orientation=row.orientation,
        dog_probability=None if row.answer_id is None else _probability(row.dog),
    )


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(min(-log_odds, 700.0)))


def _breeds(
    models: Models, row: Row[Any], dogs: Sequence[EntryDog] | None, prediction: Verdict | None
) -> tuple[Candidate, ...]:
    if row.corrected and row.status == Status.DOG:
        return _said(models, row)
    if row.status not in _SHOWS_DOG:
        return ()
    if dogs:
        return dogs[0].breeds
    return prediction.breeds if prediction is not None else ()


def _said(models: Models, row: Row[Any] | LabelRow) -> tuple[Candidate, ...]:
    """The breeds that a person gave."""
    meant = [models.names.meant(breed) for breed in (row.breed, row.breed2) if breed]
    said = [models.names.label(breed) for breed in dict.fromkeys(meant)]
    return tuple(Candidate(label, _CROSS if len(said) > 1 else 1.0) for label in said)


def _to_dog(models: Models, dog: EffectiveDog, of_photo: tuple[Candidate, ...]) -> EntryDog:
    guesses: tuple[Candidate, ...] = ()
    status = Status.UNCERTAIN
    if (said := dog.prediction) is not None:
        # What stands in the answer itself is what it says of the photo.
        own = said.detection is not None
        guesses = said.model.candidates(said.probabilities, _TOP) if own else of_photo
        status = Status.DOG if said.status is Status.DOG else status
    breeds = guesses
    if dog.label is not None:
        status = Status.UNCERTAIN
        if dog.label.kind != Kind.UNSURE:
            status, breeds = Status.DOG, _said(models, dog.label)
    return EntryDog(
        id=dog.id,
        box=dog.box,
        score=dog.score,
        status=status,
        breeds=breeds,
        corrected=dog.label is not None,
        note=dog.note,
        guesses=guesses,
    )
