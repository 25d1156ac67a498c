"""The engine on a Ray cluster: a Ray Data pipeline over paths, and a pool of actors that judge.

Not over Ray's own image reader, which applies no EXIF orientation and gives up on an
unreadable image: every photo is read and decoded by Barkive's own code, on the worker that
judges it. What comes back is what the same classifier says on one machine.

The plan's readings go through the cluster in windows. The pipeline of a window may lose
blocks (a worker was killed more often than Ray retries) but never a photo: what has not come
back is given to the cluster once more, one photo at a time, and a photo that ends its worker
again is a failed one. So a photo that takes more memory than there is costs itself alone.
Only for the end of a worker is a photo to blame: any other error there ends the scan.
"""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from types import TracebackType
from typing import Any

from barkive.batch import cluster
from barkive.batch.worker import Judge
from barkive.catalogue import Reading, is_gone, own_versions
from barkive.classifier import Classifier, Judged
from barkive.errors import ClusterError
from barkive.images.remote import is_remote
from barkive.messages import Message
from barkive.verdicts import Status

# What is lost with a worker, and what a straggler keeps the others waiting for.
_BLOCK = 64
# Each window starts the pool anew, which takes seconds, and its readings lie in memory.
_WINDOW_OF_A_WORKER, _LARGEST_WINDOW = 20_000, 500_000
_RETRIES = 2


class RayEngine:
    """Judges photos on a Ray cluster; close it, or use it as a context manager."""

    _judge: type[Judge] = Judge

    def __init__(
        self,
        classifier: Classifier,
        *,
        address: str | None = None,
        batch_size: int | None = None,
        device: str = "cpu",
    ) -> None:
        """Connects to the cluster, and sees that every machine there can work.

        Args:
            classifier: Whose bundle every worker gets.
            address: `auto` for the cluster that runs on this machine, or the host of its
                head, with a port or without; None for that of `RAY_ADDRESS`, the one that
                runs here, or else one that is started for as long as the engine is open.
            batch_size: Photos that the network takes at once; None for the usual number.
            device: `cpu` or `cuda`.

        Raises:
            ClusterError: It can't be reached, or a machine of it can't do the work.
            MissingExtraError: The extra for it is not installed.
        """
        self._ray = cluster.connect(address)
        try:
            bundle = self._ray.put(classifier.bundle.content())
            self._kind = "GPU" if device == "cuda" else "CPU"
            self._workers()
            # What decodes for a card are the processors beside it.
            self._threads = cluster.share_of_processors() if device == "cuda" else 1
            name = classifier.bundle.path.name
            dogs = classifier.bundle.detector is not None
            self._arguments = (bundle, name, batch_size, device, self._threads, dogs)
            self._digest = classifier.bundle.identity
            self._check_machines()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leaves the cluster, and ends what was started for this engine."""
        self._ray.shutdown()

    @property
    def name(self) -> str:
        """See `Engine`."""
        machines = len(cluster.machines())
        plural = "s" if machines != 1 else ""
        return f"ray, {machines} machine{plural}, {self._workers()} {self._kind} workers"

    @property
    def versions(self) -> dict[str, str]:
        """See `Engine`."""
        return own_versions() | {"ray": self._ray.__version__}

    def __call__(self, readings: Iterator[Reading], /) -> Iterator[Judged[Reading]]:
        """See `Engine`.

        Raises:
            ClusterError: The cluster has ended the work or makes no progress, or a machine of
                it fails or does not see the photos.
        """
        while True:
            size = min(_WINDOW_OF_A_WORKER * self._workers(), _LARGEST_WINDOW)
            window = list(islice(readings, size))
            if not window:
                return
            self._check_shared(window)
            yield from self._judged(window)

    def _judged(self, window: Sequence[Reading]) -> Iterator[Judged[Reading]]:
        """Every reading of a window, each exactly once."""
        missing = dict(enumerate(window))
        for alone in (False, True):
            for number, judged in self._piped(missing, alone=alone):
                # Ray may do a block anew whose result was lost with a machine.
                if missing.pop(number, None) is not None:
                    yield judged
            if not missing:
                return
        if len(missing) == len(window):
            # All of these photos are to blame, or no machine can work any more: that is told.
            self._check_machines()
        for reading in missing.values():
            # Another scan asks again: how much memory a worker has is nothing of the photo's.
            yield Judged(
                replace(reading, mtime_ns=None), Status.FAILED, Message("photo_ended_worker"), None
            )

    def _piped(
        self, readings: dict[int, Reading], *, alone: bool
    ) -> Iterator[tuple[int, Judged[Reading]]]:
        """What a pipeline over readings gives, in any order; some may be lost.

        Args:
            readings: By their numbers.
            alone: Whether no photo may share its worker's end with another; this is the last
                try then.

        Raises:
            ClusterError: The cluster makes no progress, a machine has failed, or the cluster
                has ended the last try.
        """
        # Older ones wait for ever, and have no such error.
        stuck = getattr(self._ray.data.exceptions, "ExecutionTimeoutError", ())
        try:
            for found in self._pipeline(readings, alone).iter_batches(batch_size=None):
                for number, packed in zip(found["number"].tolist(), found["judged"], strict=True):
                    judged = pickle.loads(packed)
                    if isinstance(judged, ClusterError):
                        raise judged
                    yield number, judged
        except stuck:
            raise ClusterError("cluster_stuck") from None
        except self._ray.exceptions.RayError as error:
            if alone:
                raise ClusterError("cluster_work_ended", reason=cluster.reason(error)) from None

    def _pipeline(self, readings: dict[int, Reading], alone: bool) -> Any:
        """The data set of what is judged, in blocks; see `_piped`."""
        import pyarrow as pa

        numbers = list(readings)
        block = 1 if alone else max(1, min(_BLOCK, len(numbers) // (4 * self._workers())))
        tables = [
            pa.table({"number": part, "reading": [pickle.dumps(readings[i]) for i in part]})
            for part in (numbers[i : i + block] for i in range(0, len(numbers), block))
        ]
        workers = min(self._workers(), len(tables))
        data = self._ray.data
        pool = data.ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers)
        with warnings.catch_warnings():
            # There is no other way to have it retry for less than ever: see the dependencies
            # in docs/decisions.md.
            warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")
            return data.from_arrow(tables).map_batches(
                self._judge,
                fn_constructor_args=self._arguments,
                batch_size=None,
                compute=pool,
                # The retries of a block bound it. Ray counts a worker that is not started
                # again as one of the pool's, and waits for it.
                max_restarts=-1,
                max_task_retries=_RETRIES,
                num_cpus=self._threads,
                num_gpus=1 if self._kind == "GPU" else 0,
            )

    def _workers(self) -> int:
        """How many actors the cluster has room for.

        Raises:
            ClusterError: For none.
        """
        room = int(self._ray.cluster_resources().get(self._kind, 0))
        if not room:
            raise ClusterError("cluster_no_processor", processor=self._kind)
        return room

    def _check_machines(self) -> None:
        cluster.check_machines(self._digest, self._arguments, self._kind)

    def _check_shared(self, window: Sequence[Reading]) -> None:
        """Sees that all machines have the photos where this one has them."""
        own = (one.path for one in window if not is_remote(one.path) and os.path.exists(one.path))  # noqa: PTH110
        path = next(own, None)
        if path is None:
            return
        blind = cluster.blind_machines(path)
        if blind and not is_gone(path):
            raise ClusterError("cluster_photos_not_shared", machine=blind[0], path=path)
