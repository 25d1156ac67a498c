"""Which model a catalogue has in use: the one inside the package, or one that was learned.

The catalogue holds the bundles of learned models, so that they go where it goes. To be opened one
is written to the user's cache.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, exists, insert, select, update

from barkive.atomic import replacing
from barkive.bundle import SHIPPED, Bundle
from barkive.catalogue.db import schema
from barkive.catalogue.predictions.models import Model
from barkive.catalogue.query.store import Store
from barkive.classifier import Classifier
from barkive.clock import now
from barkive.errors import CatalogueError, NothingToSayError, SwitchedMeanwhileError, system_reason

KEPT_MODELS: Final = 3
"""So many learned models are kept, the one in use and those that it was learned from."""

UNDONE: Final = "undone"
"""In the JSON of a report: by whom and when the model was undone; missing where it was not."""

_DIGEST: Final = re.compile("@([0-9a-f]{12})")
_NO_CONTENT: Final = b""  # of a model that is not kept any more

_PRUNED_AT_ONCE = 2000


def number_in_use(connection: Connection) -> int | None:
    """The number of the model in use; None for the one inside the package."""
    number: int | None = connection.execute(select(schema.catalogue.c.model_id)).scalar_one()
    return number


def require_still(connection: Connection, number: int | None) -> None:
    """Refuses to go on where another model was put to use.

    Args:
        connection: Of a writing transaction.
        number: Of the model that was in use; None for the one inside the package.

    Raises:
        SwitchedMeanwhileError: Another one is.
    """
    if number_in_use(connection) != number:
        raise SwitchedMeanwhileError("model_switched_meanwhile")


def require_in_use(connection: Connection, store: Store, bundle: Bundle) -> int | None:
    """The number of the model in use, which a bundle must be, with whichever detector.

    Raises:
        SwitchedMeanwhileError: Another one is in use.
    """
    number = number_in_use(connection)
    if number is None:
        is_it = bundle.path == SHIPPED
    else:
        is_it = store.models.get(connection, number).is_of(bundle)
    if not is_it:
        raise SwitchedMeanwhileError("model_switched_meanwhile")
    return number


def is_in_use(store: Store, bundle: Bundle) -> bool:
    """Whether a bundle is the model in use, with whichever detector."""
    try:
        with store.read() as connection:
            require_in_use(connection, store, bundle)
    except SwitchedMeanwhileError:
        return False
    return True


def open_in_use(
    store: Store,
    *,
    threads: int = 0,
    device: str = "cpu",
    prior: str | Path | None = None,
    dogs: bool = True,
) -> Classifier:
    """Opens the model in use; the arguments are those of `Classifier`.

    Raises:
        CatalogueError: The catalogue does not hold it any more, or only a damaged one; or it can't
            be written to the cache.
    """
    with store.read() as connection:
        number = number_in_use(connection)
        model = store.models.get(connection, number) if number is not None else None
    if model is None:
        return Classifier(threads=threads, device=device, prior=prior, dogs=dogs)
    path = _file(store, model)
    return Classifier(path, threads=threads, device=device, prior=prior, dogs=dogs)


def keep(
    store: Store,
    bundle: Bundle,
    parent: Model | None = None,
    *,
    report: str = "{}",
    by: str | None = None,
) -> Model:
    """Keeps a bundle in the catalogue, if it does not hold it yet.

    Args:
        store: The catalogue.
        bundle: With its file.
        parent: The model that it was learned from; None for a user's own.
        report: What came of learning, as JSON.
        by: Who had it learn.

    Returns:
        What it is in the catalogue.

    Raises:
        BundleError: Its file is gone, or is another one by now.
        CatalogueError: The catalogue can't be written.
    """
    content = bundle.content()
    table = schema.learned_model
    with store.write() as connection:
        kept = connection.execute(select(table.c.model_id)).scalars().all()
        for number in kept:
            # With whichever detector.
            if (model := store.models.get(connection, number)).is_of(bundle):
                return model
        model = store.models.add(connection, bundle)
        row = {
            "model_id": model.id,
            "parent_id": (parent or model).id,
            "content": content,
            "report": report,
            "learned_by": by,
            "learned_at": now(),
        }
        connection.execute(insert(table).values(row))
    return model


def use(store: Store, model: Model | None, was: int | None) -> None:
    """Puts a model to use; which photos follow, see `judging_again`.

    Args:
        store: The catalogue.
        model: Which one, of `keep`; None for the one inside the package.
        was: The number of the one in use when it was begun to make this one; None for the one
            inside the package.

    Raises:
        SwitchedMeanwhileError: Another one was put to use since.
        CatalogueError: The catalogue can't be written.
    """
    with store.write() as connection:
        _switch(connection, model, was)
        if model is not None:
            _note(connection, model.id, None)


def undo(store: Store, by: str | None = None) -> None:
    """Puts the model to use that the one in use was learned from, and notes who did when.

    Where that was inside a package which has another one by now, it is this one.

    Args:
        store: The catalogue.
        by: Who asks for it.

    Raises:
        NothingToSayError: The one in use was not learned here, or its parent is not kept any more.
        SwitchedMeanwhileError: Another one was put to use meanwhile.
        CatalogueError: The catalogue can't be written.
    """
    table = schema.learned_model
    with store.read() as connection:
        number = number_in_use(connection)
        of_it = select(table.c.parent_id).where(table.c.model_id == number)
        parent = connection.execute(of_it).scalar()
        if number is None or parent == number:
            raise NothingToSayError("model_nothing_to_undo")
        kept = select(table.c.content != _NO_CONTENT).where(table.c.model_id == parent)
        is_kept = connection.execute(kept).scalar()
        if is_kept is False:
            raise NothingToSayError("model_parent_gone")
        model = store.models.get(connection, parent) if is_kept and parent is not None else None
    with store.write() as connection:
        _switch(connection, model, number)
        _note(connection, number, {"by": by, "at": now().isoformat()})


def _switch(connection: Connection, model: Model | None, was: int | None) -> None:
    require_still(connection, was)
    number = model.id if model is not None else None
    connection.execute(update(schema.catalogue).values(model_id=number))


def _note(connection: Connection, number: int, undone: dict[str, str | None] | None) -> None:
    """Notes beside a learned model's report who undid it and when, or that nobody has."""
    c = schema.learned_model.c
    text = connection.execute(select(c.report).where(c.model_id == number)).scalar()
    entry = json.loads(text or "{}")
    if entry.get(UNDONE) == undone:
        return
    report = {name: value for name, value in entry.items() if name != UNDONE}
    if undone is not None:
        report[UNDONE] = undone
    changed = update(schema.learned_model).where(c.model_id == number)
    connection.execute(changed.values(report=json.dumps(report)))


def prune(store: Store, bundle: Bundle) -> list[int]:
    """Deletes answers that came from other answers' features, and that nobody needs any more.

    Those of the model in use and of its parent stay, and those that photos have. Of the learned
    models themselves `KEPT_MODELS` stay; of the others what they gained is still told.

    Args:
        store: The catalogue.
        bundle: The model in use.

    Returns:
        The numbers of the models whose answers went.
    """
    c, photo, dog = schema.answer.c, schema.photo.c, schema.detection.c
    with store.write() as connection:
        learned = schema.learned_model
        superseded = learned.c.model_id.not_in(_kept(connection))
        connection.execute(update(learned).where(superseded).values(content=_NO_CONTENT))
        unused = _unused(connection, store, bundle)
    pruned: set[int] = set()
    last = 0
    while unused:
        with store.write() as connection:
            found = connection.execute(
                select(c.id, c.model_id)
                .where(c.id > last, c.model_id.in_(unused), c.source_id.is_not(None))
                .where(~exists().where(photo.answer_id == c.id))
                .order_by(c.id)
                .limit(_PRUNED_AT_ONCE)
            ).all()
            if not found:
                break
            numbers = [row.id for row in found]
            connection.execute(delete(schema.detection).where(dog.answer_id.in_(numbers)))
            connection.execute(delete(schema.answer).where(c.id.in_(numbers)))
        pruned |= {row.model_id for row in found}
        last = numbers[-1]
    return sorted(pruned)


def _kept(connection: Connection) -> list[int]:
    """The numbers of the learned models that stay: the one in use, its parent, and so on."""
    learned = schema.learned_model.c
    kept: list[int] = []
    number = number_in_use(connection)
    while number is not None and number not in kept and len(kept) < KEPT_MODELS:
        kept.append(number)
        parent = select(learned.parent_id).where(learned.model_id == number)
        number = connection.execute(parent).scalar()
    return kept


def _unused(connection: Connection, store: Store, bundle: Bundle) -> list[int]:
    """The numbers of the models that are neither in use nor the parent of the one in use."""
    learned = schema.learned_model.c
    parent = select(learned.parent_id).where(learned.model_id == number_in_use(connection))
    used = {bundle.network}
    if (number := connection.execute(parent).scalar()) is not None:
        used.add(store.models.get(connection, number).network)
    numbers = connection.execute(select(schema.model.c.id)).scalars().all()
    known = (store.models.get(connection, number) for number in numbers)
    return [one.id for one in known if one.network not in used]


def _file(store: Store, model: Model) -> Path:
    """The bundle of a learned model as a file in the user's cache.

    Raises:
        CatalogueError: See `open_in_use`.
    """
    path = _place(model.name)
    with suppress(OSError):
        if is_of_name(model.name, path.read_bytes()):
            return path
    c = schema.learned_model.c
    with store.read() as connection:
        found = select(c.content).where(c.model_id == model.id)
        content = connection.execute(found).scalar()
    if not content:
        raise CatalogueError("model_in_use_gone", model=model.name)
    if not is_of_name(model.name, content):
        raise CatalogueError("model_in_use_damaged", model=model.name)
    return cache(model.name, content)


def cache(name: str, content: bytes) -> Path:
    """Writes a bundle to the user's cache, and gives the file.

    Args:
        name: The model's.
        content: Of its bundle.

    Raises:
        CatalogueError: It can't be written.
    """
    path = _place(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise CatalogueError(
            "model_in_use_not_written", model=name, path=path, reason=system_reason(error)
        ) from None
    return path


def is_of_name(name: str, content: bytes) -> bool:
    """Whether the content of a bundle is a model's, by the start of its digest in the name."""
    return f"{mark_of(content)}+" in f"{name}+"


def mark_of(content: bytes) -> str:
    """What the name of a model holds of its bundle's digest."""
    return f"@{hashlib.sha256(content).hexdigest()[:12]}"


def _place(name: str) -> Path:
    """The file in the user's cache of a model of this name."""
    digest = _DIGEST.findall(name)[-1]
    return _cache() / f"{digest}.onnx"


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("barkive", appauthor=False) / "models"
