"""What a form of export is, so that a package of anybody's can add one.

Such a package has a class of `TextExporter`, `FileExporter` or `FolderExporter`, and names it in
the entry point group `barkive.exporters`; see `examples/kennel-list`. Barkive's own forms are
made of the same three.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, ClassVar, Final

from barkive.breeds import Breed
from barkive.catalogue.export.breed_list import BreedList
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.photos.identity import Now
from barkive.catalogue.records import Entry
from barkive.messages import Language
from barkive.progress import OnProgress, silent
from barkive.verdicts import BreedName

MARGIN: Final = 0.1
"""How much crops show beside a box where nothing else is asked, as a share of its longer side."""


@dataclass(frozen=True, slots=True)
class ExportContext:
    """What is asked of an exporter, beside the photos.

    Attributes:
        out: The file or the folder; None for standard output, or beside the photos.
        lang: Of names and headings.
        breeds: Those of the table, of the catalogue's models and of its people, by their ids.
        base: The folder in which all the photos lie, if there is one.
        breed_list: The shelter's own names of breeds, if it has given them.
        copy: Whether folders hold copies rather than links.
        gone: Whether photos are taken out of a folder also where they are most of what it holds.
        crops: Whether a training set is made of the dogs rather than of whole photos.
        margin: How much is shown beside the box of a crop, as a share of its longer side, 0..1.
        upright: Whether photos that their EXIF orientation turns are written anew, upright.
        confidence: Whether boxes in text have how sure they are as a last column.
        left_out: Photos whose files have changed since they were scanned, or can't be read; it
            grows as the photos pass, where the exporter `reads_photos`.
        on_progress: Called with (photos done, None).
    """

    out: Path | None = None
    lang: Language = "en"
    breeds: Mapping[str, Breed] = field(default_factory=lambda: MappingProxyType({}))
    base: str | None = None
    breed_list: BreedList | None = None
    copy: bool = False
    gone: bool = False
    crops: bool = False
    margin: float = MARGIN
    upright: bool = False
    confidence: bool = False
    left_out: Mapping[str, Now] = field(default_factory=lambda: MappingProxyType({}))
    on_progress: OnProgress = silent

    @property
    def labels(self) -> tuple[BreedName, ...]:
        """What the breeds are called."""
        return tuple(BreedName(one.id, one.en, one.fr) for one in self.breeds.values())


@dataclass(slots=True)
class Counted:
    """Entries that are counted as they pass.

    Attributes:
        entries: Consumed once.
        on_progress: Called with (entries done, None).
        done: How many have passed.
    """

    entries: Iterable[Entry]
    on_progress: OnProgress = silent
    done: int = 0

    def __iter__(self) -> Iterator[Entry]:
        for entry in self.entries:
            yield entry
            self.done += 1
            self.on_progress(self.done, None)


class Exporter:
    """A form in which the catalogue can be taken out; subclass one of the three below.

    Attributes:
        description: What it is for, in a few words; the page shows it.
        reads_photos: Whether it opens the photos' files, beside what is known of them. Photos
            whose files have changed since they were scanned are then left out, and told.
        needs_out: Whether a place must be named to write to.
        is_picture: Whether what is written is a picture itself, which may replace another one.
    """

    description: ClassVar[str] = ""
    reads_photos: ClassVar[bool] = False
    needs_out: ClassVar[bool] = True
    is_picture: ClassVar[bool] = False

    def is_available(self) -> bool:
        """Whether all that it needs is installed; the page leaves it out otherwise."""
        return True

    def takes(self, entry: Entry) -> bool:
        """Whether a photo can stand in this form; others are left out, and counted.

        A `FolderExporter` is given all, and counts by itself.
        """
        return True


class TextExporter(Exporter, ABC):
    """A form of text, which can be sent while it is made: to a file, a pipe, or a browser.

    Attributes:
        media_type: What browsers are told that it is.
        suffix: Of the file's name in a browser, with its dot.
    """

    needs_out = False
    media_type: ClassVar[str] = "text/plain; charset=utf-8"
    suffix: ClassVar[str] = ".txt"

    @abstractmethod
    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        """The photos as text that can be encoded as UTF-8, piece by piece.

        Args:
            entries: The photos, consumed once, as the pieces are.
            context: What else is asked.
        """


class FileExporter(Exporter, ABC):
    """A form of one file that is no text.

    Attributes:
        media_type: What browsers are told that it is.
        suffix: Of the file's name in a browser, with its dot.
    """

    media_type: ClassVar[str] = "application/octet-stream"
    suffix: ClassVar[str] = ".bin"

    @abstractmethod
    def write(self, entries: Iterator[Entry], file: BinaryIO, context: ExportContext) -> None:
        """Writes the photos.

        Args:
            entries: The photos, consumed once.
            file: Open to be written; it takes its place when it is whole.
            context: What else is asked; `context.out` is the name that the file is to have.
        """

    def check(self, out: Path) -> None:
        """Refuses a name that this form can't have.

        Raises:
            UsageError: It can't.
        """


class FolderExporter(Exporter, ABC):
    """A form of many files. It looks at the photos' files, and reports what it did."""

    reads_photos = True

    @abstractmethod
    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        """Writes the photos.

        Args:
            entries: The photos, consumed once.
            context: What else is asked.
        """
