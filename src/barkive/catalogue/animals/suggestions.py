"""Proposals of which photos show one animal: found, kept, accepted and refused.

They are derived from photos, animals and refusals, and can be made anew at any time. What
`grouping` proposes is looked for among photos that belong to no animal yet. To accept or to refuse
one is an act, which can be undone; what was refused is not proposed again.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select

from barkive.catalogue.animal_records import Accepted, ActKind, AnimalFields, Suggestion
from barkive.catalogue.animals import finding
from barkive.catalogue.animals.acts import NUMBERS, Acting
from barkive.catalogue.animals.grouping import LARGE, Known, Proposal, Shot, propose
from barkive.catalogue.animals.patterns import (
    FoundPattern,
    Pattern,
    find_patterns,
    same_code,
    same_name,
)
from barkive.catalogue.db import bulk, schema
from barkive.catalogue.db.bulk import chunks
from barkive.catalogue.photos.identity import draw
from barkive.catalogue.photos.reading import hash_of
from barkive.catalogue.predictions.packing import unpack_embeddings
from barkive.catalogue.query.filters import Filter, inside, present
from barkive.catalogue.query.store import Store
from barkive.catalogue.similarity.exact_index import unit
from barkive.errors import AnimalChangedMeanwhileError, UsageError
from barkive.messages import Message
from barkive.progress import OnProgress, silent
from barkive.verdicts import Status

_ALL: Final = Filter()
_SHOWS_DOG: Final = (Status.DOG.value, Status.UNCERTAIN.value)
# In so few folders the photos of animals are looked up; else all of them are read.
_FEW_FOLDERS = 500
# Folders that hold more photos without an animal are not gone through while somebody waits for a
# single photo.
_FEW = 2000
# So many proposals are accepted in one transaction, for which others wait.
_AT_ONCE = 100
_NOTHING_SAID = AnimalFields()


def suggest(
    store: Store,
    query: Filter = _ALL,
    *,
    pattern: str | None = None,
    on_progress: OnProgress = silent,
) -> list[Suggestion]:
    """Finds proposals among photos without an animal, and keeps them in place of older ones.

    Args:
        store: The catalogue.
        query: Which photos; of those that are not meant, proposals stay as they are.
        pattern: How the photos are named, see `Pattern`; None to find it out.
        on_progress: Called with (photos done, photos in all).

    Returns:
        Those that were found: by name, by bursts, by likeness.

    Raises:
        CatalogueError: The catalogue can't be written.
        UnknownBreedError: There is no such breed.
        UsageError: The pattern can't be taken.
    """
    parsed = Pattern.parse(pattern) if pattern is not None else None
    scope = replace(query, grouped=False).cases(store)
    with store.read() as connection:
        rows = [row for case in scope for row in _photos(connection, case)]
    return _renew(store, rows, parsed, None if query == _ALL else rows, on_progress)


def renew_after_scan(store: Store, after: int, *, is_waited_for: bool = False) -> int:
    """Finds proposals for the photos that a scan has brought, among all in their folders.

    Args:
        store: The catalogue.
        after: The highest `photo.id` before the scan.
        is_waited_for: Whether somebody waits; then large folders are not gone through.

    Returns:
        How many of the new photos seem to show an animal that is known.

    Raises:
        CatalogueError: The catalogue can't be written.
    """
    c = schema.photo.c
    with store.read() as connection:
        new = _photos(connection, _lacks_animal() & (c.id > after) & present())
        if not new:
            return 0
        rows = _lacking(connection, _beside(connection, new))
    if is_waited_for and len(rows) > _FEW:
        rows = new
    found = _renew(store, rows, None, rows, silent)
    numbers = {row.number for row in new}
    return sum(one in numbers for each in found if each.animal is not None for one in each.photos)


def renew_after_undo(store: Store, act: int) -> None:
    """Finds proposals again for what was accepted or refused, and is not any more.

    Args:
        store: The catalogue.
        act: The number of the act that was taken back.

    Raises:
        CatalogueError: The catalogue can't be written.
    """
    c = schema.act_change.c
    decided = (ActKind.ACCEPT.value, ActKind.REFUSE.value)
    is_meant = exists().where(schema.act.c.id == c.act_id, schema.act.c.kind.in_(decided))
    pictures = select(c.picture).where(c.act_id == act, is_meant)
    with store.read() as connection:
        free = _lacks_animal() & present() & schema.photo.c.picture.in_(pictures)
        rows = _lacking(connection, _beside(connection, _photos(connection, free)))
    if rows:
        _renew(store, rows, None, rows, silent)


def patterns(store: Store, query: Filter = _ALL) -> list[FoundPattern]:
    """The patterns by which the photos without an animal are named, those of most photos first.

    Raises:
        UnknownBreedError: There is no such breed.
    """
    scope = replace(query, grouped=False).cases(store)
    with store.read() as connection:
        rows = [row for case in scope for row in _photos(connection, case)]
    return find_patterns([row.path for row in rows])


def read(
    store: Store, limit: int | None = None, offset: int = 0, animal: int | None = None
) -> list[Suggestion]:
    """The proposals that stand: first those for animals that are known, then by when made.

    Args:
        store: The catalogue.
        limit: How many at most; None for all.
        offset: How many to pass over.
        animal: The number of the animal to which they propose photos; None for all.
    """
    _prune(store)
    table = schema.suggestion
    ordered = select(table).order_by(table.c.animal.is_(None), table.c.id)
    found = ordered.limit(limit).offset(offset or None)
    with store.read() as connection:
        meant = found if animal is None else found.where(table.c.animal == animal)
        return _to_suggestions(connection, connection.execute(meant).all())


def count(store: Store) -> int:
    """How many proposals stand."""
    _prune(store)
    with store.read() as connection:
        found = select(func.count()).select_from(schema.suggestion)
        return connection.execute(found).scalar_one()


def accept(
    store: Store,
    suggestions: Sequence[int],
    pictures: Collection[int] | None = None,
    fields: AnimalFields = _NOTHING_SAID,
    *,
    by: str | None = None,
) -> int:
    """Makes an animal of what is proposed, or adds it to the one to which it is proposed.

    Args:
        store: The catalogue.
        suggestions: Their numbers; several are accepted as one animal.
        pictures: Those of these that are accepted; the rest stays proposed. None for all.
        fields: What else is said of the animal.
        by: Who accepts.

    Returns:
        The number of the animal.

    Raises:
        AnimalChangedMeanwhileError: A proposal does not stand any more: somebody has accepted or
            refused it, or has given an animal one of the photos.
        AnimalCodeTakenError: Another animal has the code.
        CatalogueError: The catalogue can't be written.
        UsageError: They are proposed to two animals, or a picture is in none of them.
    """
    with store.write() as connection:
        rows = _standing(connection, suggestions)
        proposed = _pictures_of(connection, [row.id for row in rows])
        chosen = list(dict.fromkeys(one for some in proposed.values() for one in some))
        if pictures is not None:
            if not pictures or not set(pictures) <= set(chosen):
                raise UsageError("animal_suggestion_other_photos")
            chosen = [one for one in chosen if one in set(pictures)]
        animals = {row.animal for row in rows} - {None}
        if len(animals) > 1:
            raise UsageError("animal_suggestions_of_two_animals")
        acting = Acting(connection, store.models, ActKind.ACCEPT, by)
        number = _accept(acting, rows, chosen, next(iter(animals), None), fields)
        acting.close()
    return number


def accept_all(
    store: Store,
    only: Collection[int] | None = None,
    *,
    large: bool = False,
    by: str | None = None,
    on_progress: OnProgress = silent,
) -> Accepted:
    """Accepts every proposal, each as an act of its own.

    Args:
        store: The catalogue.
        only: The numbers of those that are meant; None for all.
        large: Whether large ones are accepted as well.
        by: Who accepts.
        on_progress: Called with (proposals done, proposals in all).

    Raises:
        CatalogueError: The catalogue can't be written; what was accepted stands.
    """
    _prune(store)
    table = schema.suggestion
    with store.read() as connection:
        standing = connection.execute(select(table.c.id).order_by(table.c.id)).scalars()
        numbers = [one for one in standing if only is None or one in only]
    tally: Counter[str] = Counter()
    done: list[int] = []
    left_out: list[tuple[int, Message]] = []
    for start in range(0, len(numbers), _AT_ONCE):
        part = numbers[start : start + _AT_ONCE]
        with store.write() as connection:
            proposed = _pictures_of(connection, part)
            for row in connection.execute(select(table).where(table.c.id.in_(part))).all():
                reason = _hindrance(connection, row, proposed[row.id], large=large)
                if reason is not None:
                    left_out.append((row.id, reason))
                    continue
                acting = Acting(connection, store.models, ActKind.ACCEPT, by)
                _accept(acting, [row], proposed[row.id], row.animal, _NOTHING_SAID)
                acting.close()
                done.append(acting.id)
                tally["new" if row.animal is None else "added"] += 1
                tally["photos"] += len(proposed[row.id])
        on_progress(start + len(part), len(numbers))
    return Accepted(tally["new"], tally["added"], tally["photos"], tuple(done), tuple(left_out))


def refuse(store: Store, suggestions: Sequence[int], *, by: str | None = None) -> int:
    """Says that what is proposed is not so; it is not proposed again.

    Args:
        store: The catalogue.
        suggestions: Their numbers.
        by: Who refuses.

    Returns:
        The number of the act.

    Raises:
        AnimalChangedMeanwhileError: A proposal does not stand any more.
        CatalogueError: The catalogue can't be written.
    """
    with store.write() as connection:
        rows = _standing(connection, suggestions)
        proposed = _pictures_of(connection, [row.id for row in rows])
        acting = Acting(connection, store.models, ActKind.REFUSE, by)
        for row in rows:
            key = row.animal if row.animal is not None else draw(connection, 1)[0]
            acting.refuse(key, proposed[row.id])
        acting.close()
        _remove(connection, [row.id for row in rows])
        return acting.id


def _renew(
    store: Store,
    rows: Sequence[Row[Any]],
    pattern: Pattern | None,
    only: Sequence[Row[Any]] | None,
    on_progress: OnProgress,
) -> list[Suggestion]:
    """Finds the proposals among photos, and keeps them.

    Args:
        store: The catalogue.
        rows: Of `_photos`, without an animal.
        pattern: How they are named; None to find it out.
        only: Proposals with one of these photos are replaced; None for all.
        on_progress: Called with (photos done, photos in all).
    """
    on_progress(0, len(rows))
    with store.read() as connection:
        shots, answers = _shots(connection, store, rows)
        known = _known(connection)

        def vectors(places: Sequence[int]) -> NDArray[np.float32]:
            return _vectors(connection, [answers[place] for place in places])

        found = propose(shots, vectors, known, pattern)
    with store.write() as connection:
        numbers = _keep(
            connection, shots, found, None if only is None else [x.picture for x in only]
        )
        table = schema.suggestion
        kept = {
            row.id: row
            for part in chunks(numbers)
            for row in connection.execute(select(table).where(table.c.id.in_(part)))
        }
        suggestions = _to_suggestions(connection, [kept[number] for number in numbers])
    on_progress(len(rows), len(rows))
    return suggestions


def _lacks_animal() -> ColumnElement[bool]:
    shown = schema.animal_photo.c
    return ~exists().where(shown.picture == schema.photo.c.picture)


def _photos(connection: Connection, condition: ColumnElement[bool]) -> list[Row[Any]]:
    """Photos that show a dog, as far as their place among others goes."""
    photo = schema.photo.c
    columns: tuple[Any, ...] = (
        *(photo.id, photo.number, photo.picture, photo.path, photo.taken_at, photo.phash),
        *(photo.status, photo.breed, photo.breed2, photo.corrected, photo.dogs, photo.answer_id),
    )
    found = select(*columns).where(condition, photo.status.in_(_SHOWS_DOG))
    return list(connection.execute(found.order_by(photo.id)).all())


def _beside(connection: Connection, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Photos, and all that lie in the same folders."""
    found = {row.id: row for row in rows}
    # One at a time: of several ranges of paths at once, SQLite would look at every photo.
    for folder in sorted({_folder(row.path) for row in rows}):
        for row in _photos(connection, present() & inside(folder)):
            if _folder(row.path) == folder:
                found[row.id] = row
    return [found[number] for number in sorted(found)]


def _lacking(connection: Connection, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Those of some photos that show no animal that is known."""
    animals = finding.animals_of(connection, {row.picture for row in rows})
    return [row for row in rows if row.picture not in animals]


def _of_animals(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[tuple[Row[Any], int]]:
    """The photos in the same folders as these that show one known animal, with its number."""
    folders = {_folder(row.path) for row in rows}
    if len(folders) <= _FEW_FOLDERS:
        every = _beside(connection, rows)
    else:
        known = schema.photo.c.picture.in_(select(schema.animal_photo.c.picture))
        every = _photos(connection, known & present())
    beside = [row for row in every if _folder(row.path) in folders]
    animals = finding.animals_of(connection, {row.picture for row in beside})
    for row in beside:
        of_picture = animals.get(row.picture, [])
        if len(of_picture) == 1:
            yield row, of_picture[0]


def _shots(
    connection: Connection, store: Store, rows: Sequence[Row[Any]]
) -> tuple[list[Shot], list[int | None]]:
    """Photos without an animal and those of animals beside them, and the answers of each."""
    every: list[tuple[Row[Any], int | None]] = [(row, None) for row in rows]
    every += _of_animals(connection, rows)
    not_of, not_with = _refusals(connection, {row.picture for row in rows})
    names = store.models.names
    shots: list[Shot] = []
    for row, animal in every:
        breeds = [names.meant(breed) for breed in (row.breed, row.breed2) if breed]
        is_sure = row.status == Status.DOG.value and breeds
        shots.append(
            Shot(
                number=row.number,
                picture=row.picture,
                path=row.path,
                taken_at=row.taken_at,
                phash=hash_of(bytes(row.phash)) if row.phash and any(row.phash) else None,
                breed=" ".join(sorted(breeds)) if is_sure else None,
                has_several=(row.dogs or 0) > 1,
                animal=animal,
                not_of=not_of.get(row.picture, frozenset()),
                not_with=not_with.get(row.picture, frozenset()),
            )
        )
    return shots, [row.answer_id for row, _ in every]


def _refusals(
    connection: Connection, pictures: set[int]
) -> tuple[dict[int, frozenset[int]], dict[int, frozenset[int]]]:
    """Of pictures, the animals that they do not show, and the groups in which they were refused."""
    c, animal = schema.refusal.c, schema.animal.c
    not_of: defaultdict[int, set[int]] = defaultdict(set)
    not_with: defaultdict[int, set[int]] = defaultdict(set)
    rows = select(c.picture, c.key, animal.number).join_from(
        schema.refusal, schema.animal, animal.number == c.key, isouter=True
    )
    for part in chunks(list(pictures)):
        for row in connection.execute(rows.where(c.picture.in_(part))):
            (not_with if row.number is None else not_of)[row.picture].add(row.key)
    return (
        {picture: frozenset(keys) for picture, keys in not_of.items()},
        {picture: frozenset(keys) for picture, keys in not_with.items()},
    )


def _known(connection: Connection) -> Known:
    """What animals are called."""
    c = schema.animal.c
    rows = connection.execute(select(c.number, c.code, c.name).where(c.removed.is_(False))).all()
    named: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.name:
            named[same_name(row.name)].append(row.number)
    return Known(
        {same_code(row.code): row.number for row in rows if row.code},
        {name: numbers[0] for name, numbers in named.items() if len(numbers) == 1},
    )


def _vectors(connection: Connection, answers: Sequence[int | None]) -> NDArray[np.float32]:
    """The vectors of photos by their answers, of length 1; 0 where there is none of one model."""
    c = schema.answer.c
    found: dict[int, Row[Any]] = {}
    for part in chunks([one for one in answers if one is not None]):
        rows = select(c.id, c.vector, c.model_id).where(c.id.in_(part))
        found |= {row.id: row for row in connection.execute(rows)}
    models = Counter(row.model_id for row in found.values())
    model = models.most_common(1)[0][0] if models else None
    kept = {number: row.vector for number, row in found.items() if row.model_id == model}
    channels = len(next(iter(kept.values()), b""))
    return unit(unpack_embeddings([kept.get(one or 0, bytes(channels)) for one in answers]))


def _keep(
    connection: Connection,
    shots: Sequence[Shot],
    found: Sequence[Proposal],
    only: Collection[int] | None,
) -> list[int]:
    """Writes proposals in place of older ones; those that stand already keep their numbers.

    Args:
        connection: Of a writing transaction.
        shots: The photos.
        found: Among these.
        only: Proposals with one of these pictures are replaced; None for all.

    Returns:
        The number of each.
    """
    older = _older(connection, only)
    numbers: list[int | None] = []
    rows: list[dict[str, Any]] = []
    for one in found:
        pictures = tuple(shots[i].picture for i in one.photos)
        reason = json.dumps({"code": one.reason.code, "params": one.reason.params_to_json()})
        row = {"animal": one.animal, "code": one.code, "name": one.name, "reason": reason}
        standing = older.pop((*row.values(), frozenset(pictures)), None)
        numbers.append(standing)
        if standing is None:
            rows.append({**row, "photos": len(pictures), "is_large": one.is_large})
    _remove(connection, list(older.values()))
    table = schema.suggestion
    made: Iterator[int] = iter(())
    if rows:
        adding = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        made = iter(connection.execute(adding, rows).scalars().all())
    given: list[int] = []
    photos: list[dict[str, int]] = []
    for one, number in zip(found, numbers, strict=True):
        if number is None:
            number = next(made)
            pictures = tuple(shots[i].picture for i in one.photos)
            photos += [{"suggestion_id": number, "picture": picture} for picture in pictures]
        given.append(number)
    bulk.insert(connection, schema.suggestion_photo, photos)
    return given


def _older(connection: Connection, only: Collection[int] | None) -> dict[tuple[Any, ...], int]:
    """The numbers of the proposals that are replaced, by what they say."""
    table, photo = schema.suggestion, schema.suggestion_photo.c
    if only is None:
        rows = connection.execute(select(table)).all()
    else:
        touched: set[int] = set()
        for part in chunks(list(only)):
            having = select(photo.suggestion_id).where(photo.picture.in_(part))
            touched |= set(connection.execute(having).scalars())
        rows = [
            row
            for some in chunks(sorted(touched))
            for row in connection.execute(select(table).where(table.c.id.in_(some)))
        ]
    pictures = _pictures_of(connection, [row.id for row in rows])
    return {
        (row.animal, row.code, row.name, row.reason, frozenset(pictures[row.id])): row.id
        for row in rows
    }


def _standing(connection: Connection, suggestions: Sequence[int]) -> list[Row[Any]]:
    """The rows of proposals, in the order in which they are given, if all of them stand.

    Raises:
        AnimalChangedMeanwhileError: One does not.
    """
    table = schema.suggestion
    rows = {
        row.id: row
        for part in chunks([one for one in suggestions if one in NUMBERS])
        for row in connection.execute(select(table).where(table.c.id.in_(part)))
    }
    for number in suggestions:
        if number not in rows:
            raise AnimalChangedMeanwhileError("animal_suggestion_gone", suggestion=number)
    return [rows[number] for number in dict.fromkeys(suggestions)]


def _accept(
    acting: Acting,
    rows: Sequence[Row[Any]],
    pictures: Sequence[int],
    animal: int | None,
    fields: AnimalFields,
) -> int:
    """Accepts proposals within an act; gives the number of the animal.

    Raises:
        AnimalChangedMeanwhileError: One of the pictures is known to show another animal.
    """
    connection = acting.connection
    _require_open(connection, animal, pictures)
    if animal is None:
        codes = [row.code for row in rows if row.code]
        names = [row.name for row in rows if row.name]
        fields = replace(
            fields,
            code=fields.code if fields.code is not None else next(iter(codes), None),
            name=fields.name if fields.name is not None else next(iter(names), None),
        )
        animal = acting.make()
    acting.put(animal, pictures)
    acting.edit(animal, fields)
    _take_out(connection, pictures)
    # What is left of them shows another animal.
    rest = schema.suggestion.c.id.in_([row.id for row in rows])
    connection.execute(schema.suggestion.update().where(rest).values(code=None, name=None))
    return animal


def _require_open(connection: Connection, animal: int | None, pictures: Sequence[int]) -> None:
    """Refuses what somebody has decided otherwise meanwhile.

    Raises:
        AnimalChangedMeanwhileError: A picture has an animal, or was refused.
    """
    if animal is not None and finding.row_of(connection, animal).removed:
        raise AnimalChangedMeanwhileError("animal_suggestion_changed")
    if finding.animals_of(connection, pictures):
        raise AnimalChangedMeanwhileError("animal_suggestion_changed")
    not_of, not_with = _refusals(connection, set(pictures))
    refused = Counter(key for keys in not_with.values() for key in keys)
    is_refused = any(animal in keys for keys in not_of.values())
    if is_refused or any(number > 1 for number in refused.values()):
        raise AnimalChangedMeanwhileError("animal_suggestion_changed")


def _hindrance(
    connection: Connection, row: Row[Any], pictures: Sequence[int], *, large: bool
) -> Message | None:
    """Why a proposal can't be accepted with all others; None where it can."""
    if row.is_large and not large:
        return Message("animal_suggestion_large", {"n": row.photos})
    try:
        _require_open(connection, row.animal, pictures)
    except AnimalChangedMeanwhileError as error:
        return error.message
    if row.animal is None and row.code is not None:
        c = schema.animal.c
        taken = select(c.id).where(c.code_key == finding.key_of(row.code))
        if connection.execute(taken).first() is not None:
            return Message("animal_suggestion_code_taken", {"taken": row.code})
    return None


def _pictures_of(connection: Connection, suggestions: Sequence[int]) -> dict[int, list[int]]:
    """The pictures of proposals, in order."""
    c = schema.suggestion_photo.c
    found: dict[int, list[int]] = {number: [] for number in suggestions}
    for part in chunks(suggestions):
        rows = select(c.suggestion_id, c.picture).where(c.suggestion_id.in_(part))
        for row in connection.execute(rows.order_by(c.id)):
            found[row.suggestion_id].append(row.picture)
    return found


def _take_out(connection: Connection, pictures: Iterable[int]) -> None:
    """Takes pictures out of all proposals; those of which nothing is left go."""
    table, photo = schema.suggestion, schema.suggestion_photo
    touched: set[int] = set()
    for part in chunks(list(pictures)):
        having = select(photo.c.suggestion_id).where(photo.c.picture.in_(part))
        touched |= set(connection.execute(having).scalars())
        connection.execute(delete(photo).where(photo.c.picture.in_(part)))
    for some in chunks(sorted(touched)):
        left = select(func.count()).where(photo.c.suggestion_id == table.c.id).scalar_subquery()
        these = table.c.id.in_(some)
        connection.execute(table.update().where(these).values(photos=left, is_large=left > LARGE))
        connection.execute(delete(table).where(these, table.c.photos == 0))


def _remove(connection: Connection, suggestions: Sequence[int]) -> None:
    """Removes proposals."""
    table, photo = schema.suggestion, schema.suggestion_photo
    for part in chunks(suggestions):
        connection.execute(delete(photo).where(photo.c.suggestion_id.in_(part)))
        connection.execute(delete(table).where(table.c.id.in_(part)))


def _prune(store: Store) -> None:
    """Takes out of proposals what has an animal since, and those to animals that are gone."""
    if store.database.read_only is not None:
        return
    table, photo, shown = schema.suggestion.c, schema.suggestion_photo.c, schema.animal_photo.c
    animal = schema.animal.c
    decided = select(photo.picture).where(exists().where(shown.picture == photo.picture))
    gone = select(table.id).where(
        exists().where(animal.number == table.animal, animal.removed.is_(True))
    )
    with store.read() as connection:
        pictures = list(connection.execute(decided.distinct()).scalars())
        numbers = list(connection.execute(gone).scalars())
    if pictures or numbers:
        with store.write() as connection:
            _take_out(connection, pictures)
            _remove(connection, numbers)


def _to_suggestions(connection: Connection, rows: Sequence[Row[Any]]) -> list[Suggestion]:
    """Rows of `suggestion` as suggestions."""
    pictures = _pictures_of(connection, [row.id for row in rows])
    photos = finding.photos_of(connection, {one for some in pictures.values() for one in some})
    found: list[Suggestion] = []
    for row in rows:
        reason = json.loads(row.reason)
        found.append(
            Suggestion(
                id=row.id,
                animal=row.animal,
                code=row.code,
                name=row.name,
                photos=tuple(photos[one] for one in pictures[row.id] if one in photos),
                reason=Message.from_json(reason["code"], reason["params"]),
                is_large=bool(row.is_large),
            )
        )
    return found


def _folder(path: str) -> str:
    return os.path.dirname(path)  # noqa: PTH120 - may be a URL
