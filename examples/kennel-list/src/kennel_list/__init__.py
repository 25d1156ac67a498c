"""The list that hangs at the kennel's door: a line a dog, and a line for what is to be looked at.

An example of a form of export in a package of its own. Installed beside Barkive, it is found:

    pip install ./examples/kennel-list
    barkive export --as kennel-list
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from barkive import Status
from barkive.catalogue import Entry
from barkive.catalogue.export import ExportContext, TextExporter

_CROSS = {"en": "cross of {} and {}", "fr": "croisement de {} et {}"}
_UNSURE = {"en": "to be looked at: {} more", "fr": "à regarder : {} de plus"}


class KennelList(TextExporter):
    """Each dog by its file's name, with its breed."""

    description = "the list that hangs at the kennel's door"

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        """Yields a line for each dog whose breed is known, and how many dogs are left."""
        unsure = 0
        for entry in entries:
            names = [label.name(context.lang) for label in entry.labels]
            if len(names) == 2:
                names = [_CROSS[context.lang].format(*names)]
            if names:
                yield f"{PurePath(entry.file).stem:<20} {names[0]}\n"
            unsure += entry.status is Status.UNCERTAIN
        if unsure:
            yield _UNSURE[context.lang].format(unsure) + "\n"
