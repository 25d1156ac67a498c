"""What runs on the machines of a cluster."""

from __future__ import annotations

import os
import pickle
import socket
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barkive.catalogue import LocalEngine, own_versions
from barkive.classifier import Classifier
from barkive.errors import BarkiveError, ClusterError

Arguments = tuple[Any, str, int | None, str, int, bool]
"""A reference to the bundle's content, its file's name, the batch size, the device, threads,
and whether each dog is judged."""


class Judge:
    """Judges blocks of readings with a bundle that is opened once."""

    def __init__(
        self,
        bundle: Any,
        name: str,
        batch_size: int | None,
        device: str,
        threads: int,
        dogs: bool,
    ) -> None:
        """Opens the bundle.

        Args:
            bundle: A reference to its content.
            name: Its file's, for messages.
            batch_size: Photos that the network takes at once; None for the usual number.
            device: `cpu` or `cuda`.
            threads: As many as the worker has processors; the others are other workers'.
            dogs: Whether each dog of a photo is judged.
        """
        import ray

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(ray.get(bundle))
            self.classifier = Classifier(path, threads=threads, device=device, dogs=dogs)
        self._engine = LocalEngine(self.classifier, batch_size=batch_size)

    def __call__(self, block: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Judges a block.

        Returns:
            The numbers of its readings, and what is judged, pickled. Where this machine has
            failed, a `ClusterError` stands in for each: what is raised here, Ray would take
            for a lost block, and nobody would hear of it.

        Raises:
            MemoryError: It is full: as lost as if the worker had been killed for it.
        """
        try:
            judged = list(map(pickle.dumps, self._engine(map(pickle.loads, block["reading"]))))
        except MemoryError:
            raise
        except Exception as error:  # no photo's fault: on one machine it would end the scan
            judged = [pickle.dumps(_failure(error))] * len(block["number"])
        packed = np.empty(len(judged), dtype=object)
        packed[:] = judged
        return {"number": block["number"], "judged": packed}


def _failure(error: Exception) -> ClusterError:
    machine = socket.gethostname()
    if isinstance(error, BarkiveError):
        return ClusterError("cluster_machine_error", machine=machine, reason=error)
    reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(". :")
    return ClusterError("cluster_machine_failed", machine=machine, reason=reason)


def probe(arguments: Arguments) -> tuple[dict[str, str], str]:
    """The versions on this machine, and the digest of the bundle as it opens and answers here."""
    classifier = Judge(*arguments).classifier
    size = classifier.bundle.info.preprocessing.size
    classifier.score(np.zeros((1, size, size, 3), np.uint8))
    return own_versions(), classifier.bundle.identity


def sees(path: str) -> bool:
    """Whether this machine has a file."""
    return os.path.lexists(path)
