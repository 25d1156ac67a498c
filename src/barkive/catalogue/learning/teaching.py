"""Has the model in use learn what people said, and tells which models there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from barkive import learning
from barkive.bundle import SHIPPED, Bundle
from barkive.catalogue.db import schema
from barkive.catalogue.learning import in_use
from barkive.catalogue.learning.examples import TEACHING, read_examples
from barkive.catalogue.predictions.models import LAST_LABEL, last_learned
from barkive.catalogue.query.store import Store
from barkive.clock import now
from barkive.errors import LearningError
from barkive.learning import Occasion, Report
from barkive.progress import OnProgress, silent


@dataclass(frozen=True, slots=True)
class Learning:
    """A model that has learned, and is not in use yet.

    Attributes:
        report: What it gained.
        bundle: The model; its file is in the user's cache.
        parent: The model that it was learned from.
        was: The number of the model that was in use then; None for the one inside the package.
        last: The number of the last label that it has learned from.
    """

    report: Report
    bundle: Bundle
    parent: Bundle
    was: int | None
    last: int

    def require_better(self) -> None:
        """Refuses a model that got worse.

        Raises:
            LearningError: It did.
        """
        if not self.report.is_better:
            own, remembered = self.report.own, self.report.remembered
            raise LearningError(
                "learn_worse",
                photos=own.photos,
                before=own.before,
                after=own.after,
                lost=max(remembered.before - remembered.after, 0),
                remembered=remembered.photos,
            )

    def to_text(self) -> str:
        """The report as the catalogue keeps it."""
        return json.dumps(self.report.to_json() | {LAST_LABEL: self.last})


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of a catalogue.

    Attributes:
        name: As verdicts name it.
        digest: The SHA-256 of its file and of its detector's, in hex digits.
        is_in_use: Whether it is the one in use.
        breeds: How many breeds it knows.
        photos: How many photos have its answer now.
        parent: The name of the model that it was learned from; None where it was not.
        report: What it gained by learning; None where it did not learn here.
        learned_by: Who had it learn.
        learned_at: When, UTC.
        undone_by: Who went back to the one that it was learned from, last.
        undone_at: When, UTC; None where nobody did, or it was put to use again.
    """

    name: str
    digest: str
    is_in_use: bool
    breeds: int
    photos: int
    parent: str | None
    report: Report | None
    learned_by: str | None
    learned_at: datetime | None
    undone_by: str | None = None
    undone_at: datetime | None = None


def learn(
    store: Store, bundle: Bundle, by: str | None, *, on_progress: OnProgress = silent
) -> Learning:
    """Has a model learn all that people said.

    No photo is opened, and nothing is put to use.

    Args:
        store: The catalogue.
        bundle: The model in use, or another one that has judged its photos.
        by: Who asks for it.
        on_progress: Called with (fits done, fits in all).

    Raises:
        LearningError: There are too few labels, or none that the model has judged, or it remembers
            nothing of its breeds.
        BundleError: Its file is gone, or is another one by now.
        CatalogueError: The catalogue or the user's cache can't be written.
    """
    with store.write() as connection:
        model = store.models.add(connection, bundle)
        was = in_use.number_in_use(connection)
        found = schema.learned_model.c
        of_it = select(found.parent_id).where(found.model_id == model.id)
        parent = connection.execute(of_it).scalar()
        learned = last_learned(connection, model.id)
    is_learned_here = parent not in (None, model.id)
    examples = read_examples(store, bundle, model, learned)
    if examples.unjudged and not len(examples.lessons):
        raise LearningError("learn_unjudged", n=examples.unjudged, model=bundle.model)
    result = learning.learn(
        bundle,
        examples.lessons,
        examples.names,
        Occasion(by, now(), examples.unjudged),
        keeps_added=not is_learned_here,
        on_progress=on_progress,
    )
    name = f"{bundle.info.name}{in_use.mark_of(result.content)}"
    opened = Bundle.open(in_use.cache(name, result.content))
    if bundle.detector is not None:
        opened = opened.with_detector(bundle.detector)
    return Learning(result.report, opened, bundle, was, examples.last)


def taught_since(store: Store) -> int:
    """How many pictures people named since the model in use last learned."""
    said = schema.correction.c
    with store.read() as connection:
        last = last_learned(connection)
        new = select(func.count(said.picture.distinct())).where(
            said.id > last, said.kind.in_([kind.value for kind in TEACHING])
        )
        return connection.execute(new).scalar_one()


def known_models(store: Store) -> list[KnownModel]:
    """The models that judged photos or were learned, the last one first."""
    model, learned, photo = schema.model.c, schema.learned_model.c, schema.photo.c
    with store.read() as connection:
        number = in_use.number_in_use(connection)
        counted = select(photo.model_id, func.count()).where(photo.missing_since.is_(None))
        counts = dict(map(tuple, connection.execute(counted.group_by(photo.model_id))))
        rows = connection.execute(
            select(
                *(model.id, learned.parent_id, learned.report),
                *(learned.learned_by, learned.learned_at),
            )
            .outerjoin(schema.learned_model, learned.model_id == model.id)
            .order_by(model.id.desc())
        ).all()
        models = {row.id: store.models.get(connection, row.id) for row in rows}
    # Hashed once, and not for each model.
    inside = f"{in_use.mark_of(SHIPPED.read_bytes())}+" if number is None else None
    return [
        KnownModel(
            name=models[row.id].name,
            digest=models[row.id].digest,
            is_in_use=row.id == number
            or (inside is not None and inside in f"{models[row.id].name}+"),
            breeds=len(models[row.id].labels),
            photos=counts.get(row.id, 0),
            parent=models[row.parent_id].name
            if row.parent_id is not None and row.parent_id != row.id
            else None,
            report=_report(row.report),
            learned_by=row.learned_by,
            learned_at=row.learned_at,
            **_undone(row.report),
        )
        for row in rows
    ]


def _report(text: str | None) -> Report | None:
    entry: Mapping[str, Any] = json.loads(text) if text else {}
    beside = (LAST_LABEL, in_use.UNDONE)
    fields = {name: value for name, value in entry.items() if name not in beside}
    return Report.from_json(fields) if fields else None


def _undone(text: str | None) -> dict[str, Any]:
    undone = json.loads(text or "{}").get(in_use.UNDONE)
    if undone is None:
        return {}
    return {"undone_by": undone["by"], "undone_at": datetime.fromisoformat(undone["at"])}
