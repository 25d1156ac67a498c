"""What changes in folders, as the system tells."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from barkive.errors import UsageError, system_reason

_LOOK_SECONDS = 1
# A file that is being written is looked at when it has been left alone for so long, or when
# others have changed around it for a minute.
_REST_MS, _BUSY_MS = 1000, 60_000


def folder_changes(
    places: Sequence[Path], is_over: Callable[[], bool] = lambda: False
) -> Iterator[set[Path]]:
    """What is to be scanned, whenever something has changed.

    Args:
        places: Folders and photos, absolute; a folder need not be there yet.
        is_over: Whether to end; asked once a second.

    Yields:
        Places, and folders in them; at first all places that are there.

    Raises:
        UsageError: The system can't watch them.
    """
    gone: set[Path] = set()
    while not is_over():
        there = [place for place in places if place.exists()]
        if not there:
            time.sleep(_LOOK_SECONDS)
            continue
        # The first turn comes when the watch has begun: what changed before is found then.
        started = False
        for changed in _watched(there):
            if is_over():
                return
            around = {_nearest(Path(path), places) for _, path in changed} - {None}
            if not started:
                around, started = set(there), True
            # That a place itself has gone, the system need not tell.
            now_gone = {place for place in places if not place.exists()}
            around |= now_gone - gone
            is_back, gone = bool(gone - now_gone), now_gone
            if around:
                yield {one for one in around if one is not None}
            if is_back or len(gone) == len(places):
                break  # a folder that has come back must be watched anew


def _watched(places: Sequence[Path]) -> Iterator[set[tuple[Any, str]]]:
    """What has changed, each time that it has come to rest, and nothing once a second."""
    from watchfiles import watch

    try:
        yield from watch(
            *places,
            step=_REST_MS,
            debounce=_BUSY_MS,
            rust_timeout=1000 * _LOOK_SECONDS,
            yield_on_timeout=True,
        )
    except (OSError, RuntimeError) as error:  # the latter where it does not even begin
        raise _unwatchable(error) from None


def _unwatchable(error: OSError | RuntimeError) -> UsageError:
    """What to do about an error of watching, which watchfiles gives as words without a number."""
    told = str(error).lower()
    if re.search(r"watch.limit|error.28\b", told):
        return UsageError("watch_folders_limit")
    if re.search(r"error.24\b", told):
        return UsageError("watch_programs_limit")
    reason = system_reason(error) if isinstance(error, OSError) else str(error)
    return UsageError("watch_failed", reason=reason)


def _nearest(path: Path, places: Sequence[Path]) -> Path | None:
    """What to scan for a change: the folder that it happened in, never beyond the places."""
    for place in places:
        if path == place or place in path.parents:
            folder = path.parent
            while folder != place and place in folder.parents and not folder.is_dir():
                folder = folder.parent
            return folder if place in (folder, *folder.parents) else place
    return None
