"""The models that judged photos: their classes, and what people call these."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Connection, insert, select

from barkive.catalogue.db import schema
from barkive.catalogue.predictions import breed_names
from barkive.catalogue.predictions.breed_names import AddedBreed, Names
from barkive.catalogue.predictions.packing import unpack_probabilities
from barkive.verdicts import BreedName, Candidate

if TYPE_CHECKING:
    from barkive.bundle import Bundle

_NETWORK = re.compile(r".*?@[0-9a-f]{12}(?=\+|$)")

LAST_LABEL: Final = "last_label"
"""Under this name a learned model's report says which label was the last that it learned from."""


@dataclass(frozen=True)
class Model:
    """A model that answered.

    Attributes:
        id: Its number in the catalogue.
        digest: Of its bundle.
        name: As verdicts name it.
        labels: Its classes, in the order of the probabilities, as people want them called.
    """

    id: int
    digest: str
    name: str
    labels: tuple[BreedName, ...]

    @property
    def network(self) -> str:
        """The network without the detector and the prior: see `Bundle.network`."""
        found = _NETWORK.match(self.name)
        return found[0] if found else self.name

    @property
    def detector(self) -> str:
        """What the name says behind the network: the detector and the prior; empty for none."""
        return self.name.removeprefix(self.network)

    def is_of(self, bundle: Bundle) -> bool:
        """Whether the network of a bundle answered, whichever detector looked for dogs, or none."""
        return self.network == bundle.network

    def candidates(self, packed: bytes, top: int) -> tuple[Candidate, ...]:
        """The most probable breeds of a prediction, best first."""
        row = unpack_probabilities(packed)
        best = np.argsort(-row, kind="stable")
        if self._is_merged:
            shares: dict[BreedName, float] = {}
            for i in best:
                shares[self.labels[i]] = shares.get(self.labels[i], 0.0) + float(row[i])
            ranked = sorted(shares.items(), key=lambda share: -share[1])[:top]
            return tuple(Candidate(label, min(share, 1.0)) for label, share in ranked)
        return tuple(Candidate(self.labels[i], float(row[i])) for i in best[:top])

    def best(self, packed: Sequence[bytes]) -> list[tuple[str, float, float]]:
        """The most probable breed of each prediction, by its id: see `candidates`.

        Returns:
            With its probability, and that of the breed that comes next, 0 where there is none.
        """
        if self._is_merged or len(self.labels) < 2:
            ranked = [(*self.candidates(one, 2), None)[:2] for one in packed]
            return [
                (first.label.id, first.probability, second.probability if second else 0.0)
                for first, second in ranked
                if first is not None
            ]
        rows = np.frombuffer(b"".join(packed), "<f4").reshape(-1, len(self.labels)).copy()
        first = rows.argmax(axis=1)
        own = np.arange(len(rows)), first
        highest = rows[own].tolist()
        rows[own] = -np.inf
        breeds = (self.labels[i].id for i in first.tolist())
        return list(zip(breeds, highest, rows.max(axis=1).tolist(), strict=True))

    @cached_property
    def _is_merged(self) -> bool:
        """Whether people say that some of its classes are one breed."""
        return len(set(self.labels)) < len(self.labels)


class Models:
    """The models of a catalogue, read once and again when an unknown one turns up."""

    def __init__(self) -> None:
        self._known: dict[int, Model] = {}
        self._added: tuple[AddedBreed, ...] = ()
        self.names = Names()
        """What breeds are called, by the table, these models and people."""

    def read(self, connection: Connection) -> None:
        """Reads all models, and the breeds that people added."""
        rows = connection.execute(select(schema.model).order_by(schema.model.c.id)).all()
        labels = {row.id: [BreedName(**label) for label in json.loads(row.labels)] for row in rows}
        self._added = breed_names.read(connection)
        self.names = names = Names(chain.from_iterable(labels.values()), self._added)
        self._known = {
            row.id: Model(row.id, row.digest, row.name, tuple(map(names.of_model, labels[row.id])))
            for row in rows
        }

    def follow(self, connection: Connection) -> None:
        """Takes up what people here or elsewhere have since called breeds."""
        if breed_names.read(connection) != self._added:
            self.read(connection)

    def get(self, connection: Connection, model_id: int) -> Model:
        """The model of this number."""
        if model_id not in self._known:
            self.read(connection)
        return self._known[model_id]

    def known(self, model_id: int) -> Model:
        """One of those of `ids`."""
        return self._known[model_id]

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of the models read so far."""
        return tuple(self._known)

    def number(self, digest: str) -> int | None:
        """The number of the model with this digest; None where it never answered."""
        return next((one.id for one in self._known.values() if one.digest == digest), None)

    def add(self, connection: Connection, bundle: Bundle) -> Model:
        """The model that a bundle is, catalogued if it was not."""
        found = select(schema.model.c.id).where(schema.model.c.digest == bundle.identity)
        model_id = connection.execute(found).scalar()
        if model_id is None:
            labels = json.dumps([asdict(label) for label in bundle.info.labels])
            row = {"digest": bundle.identity, "name": bundle.model, "labels": labels}
            model_id = connection.execute(
                insert(schema.model).values(row).returning(schema.model.c.id)
            ).scalar_one()
        return self.get(connection, model_id)


def last_learned(connection: Connection, model_id: int | None = None) -> int:
    """The number of the last label that a model has learned from; 0 where it did not learn here.

    Args:
        connection: Of a catalogue.
        model_id: The model's number; None for the one in use.
    """
    learned = schema.learned_model.c
    which: Any = model_id
    if model_id is None:
        which = select(schema.catalogue.c.model_id).scalar_subquery()
    report = connection.execute(select(learned.report).where(learned.model_id == which)).scalar()
    last: int = json.loads(report).get(LAST_LABEL, 0) if report else 0
    return last
