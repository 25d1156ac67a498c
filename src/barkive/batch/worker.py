"""What runs on the machines of a cluster."""

from __future__ import annotations

import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barkive import __version__
from barkive.catalogue.engine import LocalEngine
from barkive.classifier import Classifier

Arguments = tuple[Any, str, int | None, str, int]
"""A reference to the bundle's content, its file's name, the batch size, the device, threads."""


class Judge:
    """Judges blocks of readings with a bundle that is opened once."""

    def __init__(
        self, bundle: Any, name: str, batch_size: int | None, device: str, threads: int
    ) -> None:
        """Opens the bundle.

        Args:
            bundle: A reference to its content.
            name: Its file's, for messages.
            batch_size: Photos that the network takes at once; None for the usual number.
            device: `cpu` or `cuda`.
            threads: As many as the worker has processors; the others are other workers'.
        """
        import ray

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(ray.get(bundle))
            self.classifier = Classifier(path, threads=threads, device=device)
        self._engine = LocalEngine(self.classifier, batch_size=batch_size)

    def __call__(self, block: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Judges a block: the numbers of its readings, and what is judged, pickled."""
        judged = self._engine(map(pickle.loads, block["reading"]))
        packed = np.empty(len(block["number"]), dtype=object)
        packed[:] = [pickle.dumps(one) for one in judged]
        return {"number": block["number"], "judged": packed}


def probe(arguments: Arguments) -> tuple[str, str]:
    """The version of Barkive on this machine, and the digest of the bundle as it opens here."""
    return __version__, Judge(*arguments).classifier.bundle.digest


def sees(path: str) -> bool:
    """Whether this machine has a file."""
    return os.path.lexists(path)
