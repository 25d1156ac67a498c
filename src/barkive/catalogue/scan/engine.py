"""Who judges the photos of a scan: an engine. This machine's is here; others are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from barkive.catalogue.photos.reading import Reading
from barkive.classifier import Classifier, Judged
from barkive.provenance import versions


class Engine(Protocol):
    """Reads, decodes and judges photos; all else of a scan is the same for every engine."""

    @property
    def name(self) -> str:
        """The engine as the record of a run has it, such as `local`."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of what computes, by name."""
        ...

    def __call__(self, readings: Iterator[Reading], /) -> Iterator[Judged[Reading]]:
        """Judges readings, each exactly once, in any order.

        Args:
            readings: Consumed as they are needed, so that those come late which another scan
                may have recorded meanwhile.

        Raises:
            BarkiveError: The engine can't go on; what was yielded stands.
        """
        ...


class LocalEngine:
    """The engine of this machine."""

    name = "local"

    def __init__(self, classifier: Classifier, *, batch_size: int | None = None) -> None:
        """Takes a classifier.

        Args:
            classifier: That judges.
            batch_size: Photos that the network takes at once; None for the usual number.
        """
        self._classifier = classifier
        self._batch = {} if batch_size is None else {"batch_size": batch_size}

    @property
    def versions(self) -> dict[str, str]:
        """See `Engine`."""
        return own_versions()

    def __call__(self, readings: Iterator[Reading], /) -> Iterator[Judged[Reading]]:
        """See `Engine`."""
        viewer = self._classifier.viewer
        return self._classifier.judge(readings, lambda reading: reading.load(viewer), **self._batch)


def own_versions() -> dict[str, str]:
    """The versions of what computes on every engine, and decides which photos can be read.

    Returns:
        Versions by the package's name; an optional one that is not installed is left out.
    """
    return versions("python", "onnxruntime", "pillow", "pillow-heif")
