"""Every photo goes once through the frozen backbone; its features are kept on disk.

The cache is keyed by the photo's content and by all that made the features (backbone,
image size, preprocessing), so an interrupted or repeated run resumes, and a changed
photo is never mistaken for its former self. A shard is written whole or not at all.
Several processes each take a part of the photos, in the batches that one would make, and
hold in memory the features of these alone.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import zipfile
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import platformdirs
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from barkive.atomic import replacing
from barkive.errors import PhotoError, UsageError, system_reason
from barkive.images import Preprocessing, load_batches, perceptual_hash, read_file
from barkive.messages import Message
from barkive.progress import OnProgress, silent
from barkive.training.process_group.group import current_group

Extract = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
_Known = tuple[NDArray[np.float32], NDArray[np.uint64]]

_BATCH = 16
_SHARD = 1024
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Features:
    """The features of those photos that could be read.

    Attributes:
        rows: Shape (n, channels).
        hashes: Perceptual hashes, shape (n, words).
        kept: Positions of the n photos among those asked for, ascending.
        failed: Each unreadable photo's path and the reason.
    """

    rows: NDArray[np.float32]
    hashes: NDArray[np.uint64]
    kept: NDArray[np.intp]
    failed: tuple[tuple[str, Message], ...]


def cache_folder() -> Path:
    """Where features are kept: `$BARKIVE_CACHE`, else the user's cache folder."""
    return Path(os.environ.get("BARKIVE_CACHE") or platformdirs.user_cache_path("barkive"))


def extract_features(
    paths: Sequence[str],
    extract: Extract,
    *,
    key: str,
    preprocessing: Preprocessing,
    on_progress: OnProgress = silent,
) -> Features:
    """Computes the features of photos, or takes them from the cache.

    Args:
        paths: The photos.
        extract: Prepared pixels (n, size, size, 3) → features (n, channels); can be pickled,
            where there are several processes.
        key: Identifies `extract`: a digest of the network and its settings.
        preprocessing: How a photo becomes pixels.
        on_progress: Called with (photos done, photos in all).

    Raises:
        UsageError: The cache's folder can't be written, or a file in it is damaged.
        ClusterError: Another process has failed, or is gone.
    """
    part = partial(_extract, extract=extract, key=key, preprocessing=preprocessing)
    found = current_group().map_blocks(part, paths, on_progress, block=_BATCH)
    kept = [i for i, one in enumerate(found) if not isinstance(one, Message)]
    known = [one for one in found if not isinstance(one, Message)]
    failed = tuple((paths[i], one) for i, one in enumerate(found) if isinstance(one, Message))
    return Features(*_stacked(known), np.array(kept, dtype=np.intp), failed)


def _extract(
    paths: Sequence[str],
    on_progress: OnProgress,
    *,
    extract: Extract,
    key: str,
    preprocessing: Preprocessing,
) -> list[_Known | Message]:
    """The features and the hash of each photo, or the reason why it can't be read."""
    digest = hashlib.sha256(f"{key} {preprocessing}".encode()).hexdigest()
    cache = _Cache(cache_folder() / "features" / digest[:32])

    def prepare(path: str) -> _Prepared:
        content = read_file(path)
        entry = hashlib.sha256(content).digest()
        return _Prepared(entry, None if entry in cache else preprocessing.load(content))

    found: list[bytes | Message] = []
    try:
        for batch in load_batches(paths, prepare, _BATCH, full=True):
            new: dict[bytes, NDArray[np.uint8]] = {}
            for _, outcome in batch:
                if isinstance(outcome, PhotoError):
                    found.append(outcome.message)
                    continue
                found.append(outcome.entry)
                # What was decoded ahead may have been computed since, from a copy.
                if outcome.pixels is not None and outcome.entry not in cache:
                    new[outcome.entry] = outcome.pixels
            if new:
                pixels = np.stack(list(new.values()))
                hashes = np.stack([perceptual_hash(one) for one in pixels])
                cache.add(list(new), extract(pixels), hashes)
            on_progress(len(found), len(paths))
    finally:
        # An interrupted run keeps what it has computed so far.
        cache.flush()
    known = cache.rows({one for one in found if isinstance(one, bytes)})
    return [one if isinstance(one, Message) else known[one] for one in found]


def _stacked(known: Sequence[_Known]) -> tuple[NDArray[np.float32], NDArray[np.uint64]]:
    if not known:
        return np.empty((0, 0), np.float32), np.empty((0, 0), np.uint64)
    return np.stack([row for row, _ in known]), np.stack([hashes for _, hashes in known])


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A readable photo: its content's digest, and its pixels unless the cache has it."""

    entry: bytes
    pixels: NDArray[np.uint8] | None


class _Cache:
    """Features on disk, in shards of NumPy arrays; in memory is what was computed now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: dict[bytes, Path] = {}
        self._known: dict[bytes, _Known] = {}
        self._unwritten: list[bytes] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
        for shard in folder.glob("*.npz"):
            # A shard that a full disk or a crash has damaged is computed again.
            with suppress(*_DAMAGED), _opened(shard) as arrays:
                self._shards.update(dict.fromkeys(_entries(arrays), shard))

    def __contains__(self, entry: bytes) -> bool:
        return entry in self._known or entry in self._shards

    def rows(self, entries: Set[bytes]) -> dict[bytes, _Known]:
        """Features and hashes of entries that it contains; of each shard those asked for."""
        found = {entry: self._known[entry] for entry in entries & self._known.keys()}
        for shard in {self._shards[entry] for entry in entries - found.keys()}:
            try:
                with _opened(shard) as arrays:
                    asked = {e: i for i, e in enumerate(_entries(arrays)) if e in entries}
                    # Taken out, so that the others are not held.
                    rows, hashes = (arrays[n][[*asked.values()]] for n in ("features", "hashes"))
            except _DAMAGED:
                raise UsageError("cache_file_damaged", file=shard) from None
            found.update(zip(asked, zip(rows, hashes, strict=True), strict=True))
        return found

    def add(
        self, entries: list[bytes], rows: NDArray[np.float32], hashes: NDArray[np.uint64]
    ) -> None:
        self._known.update(zip(entries, zip(rows, hashes, strict=True), strict=True))
        self._unwritten += entries
        if len(self._unwritten) >= _SHARD:
            self.flush()

    def flush(self) -> None:
        if not self._unwritten:
            return
        rows, hashes = _stacked([self._known[entry] for entry in self._unwritten])
        entries = np.frombuffer(b"".join(self._unwritten), np.uint8)
        entries = entries.reshape(len(self._unwritten), -1)
        try:
            # A name of its own, so that runs at the same time do not meet.
            shard = self._folder / f"{secrets.token_hex(8)}.npz"
            with replacing(shard) as part, part.open("wb") as file:
                np.savez(file, entries=entries, features=rows, hashes=hashes)
        except OSError as error:
            raise self._unwritable(error) from None
        self._unwritten = []

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError("cache_not_writable", folder=self._folder, reason=system_reason(error))


@contextmanager
def _opened(shard: Path) -> Iterator[NpzFile]:
    # Opened here, because NumPy leaves a file open that is no archive.
    with shard.open("rb") as file, np.load(file) as arrays:
        yield arrays


def _entries(arrays: NpzFile) -> list[bytes]:
    return [entry.tobytes() for entry in arrays["entries"]]
