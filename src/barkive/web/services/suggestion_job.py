"""Looks for groups of photos that seem to show one animal, while visitors go on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from barkive.catalogue import Catalogue, FoundPattern
from barkive.errors import BarkiveError
from barkive.messages import Message

_log = logging.getLogger(__name__)

# So long a visitor waits for the end before they are shown how far it is.
_PATIENCE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Looked:
    """How far the looking is, or what came of it.

    Attributes:
        pattern: How the photos are named, as a visitor gave it; empty to find it out.
        done: Photos that were looked at.
        total: All of them; None where that is not known yet.
        is_running: Whether it goes on.
        patterns: How the photos are named, those of most photos first.
        fault: Why nothing was looked for; None where nothing was wrong.
    """

    pattern: str = ""
    done: int = 0
    total: int | None = None
    is_running: bool = False
    patterns: Sequence[FoundPattern] = ()
    fault: Message | None = None


class SuggestionJob:
    """One looking at a time, in a thread of its own."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._last: Looked | None = None

    @property
    def last(self) -> Looked | None:
        """The one that runs, or else the last one; None where there was none."""
        return self._last

    def look(self, pattern: str = "") -> Looked:
        """Begins to look, unless that goes on already, and waits a moment for the end.

        Args:
            pattern: How the photos are named; empty to find it out.
        """
        with self._lock:
            if self._last is None or not self._last.is_running:
                self._last = Looked(pattern=pattern, is_running=True)
                self._thread = threading.Thread(target=self._run, args=(self._last,), daemon=True)
                self._thread.start()
            thread = self._thread
        if thread is not None:
            thread.join(_PATIENCE_SECONDS)
        assert self._last is not None
        return self._last

    def close(self) -> None:
        """Waits until it rests."""
        if self._thread is not None:
            self._thread.join()

    def _run(self, begun: Looked) -> None:
        def tell(done: int, total: int | None) -> None:
            self._last = replace(begun, done=done, total=total)

        animals = self._catalogue.animals
        try:
            patterns = animals.patterns()
            animals.suggest(pattern=begun.pattern or None, on_progress=tell)
        except BarkiveError as error:
            self._last = replace(begun, is_running=False, fault=error.message)
        except Exception:
            _log.exception("A fault in the looking for groups")
            self._last = replace(begun, is_running=False, fault=Message("server_fault"))
        else:
            self._last = replace(begun, is_running=False, patterns=patterns)
