"""What a form of export is, so that a package of anybody's can add one.

Such a package has a class of `TextExporter`, `FileExporter` or `FolderExporter`, and names it in
the entry point group `barkive.exporters`; see `examples/kennel-list`. Barkive's own forms are
made of the same three.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, ClassVar, Final, Generic, Literal, TypeVar

from barkive.breeds import Breed
from barkive.catalogue.animal_records import Animal
from barkive.catalogue.export.breed_list import BreedList
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.photos.identity import Now
from barkive.catalogue.records import Entry
from barkive.messages import Language, Message
from barkive.progress import OnProgress, silent
from barkive.verdicts import BreedName

MARGIN: Final = 0.1
"""How much crops show beside a box where nothing else is asked, as a share of its longer side."""

ExportBy = Literal["photo", "animal"]
"""What a row, a folder or a picture of an export is of."""


@dataclass(frozen=True, slots=True)
class AnimalPhotos:
    """An animal and its photos.

    Attributes:
        animal: The animal.
        photos: One for each picture that shows it, the main one first.
    """

    animal: Animal
    photos: tuple[Entry, ...] = ()

    @property
    def main(self) -> Entry | None:
        """The photo that stands for it; None where it has none."""
        found = (one for one in self.photos if one.id == self.animal.main_photo)
        return next(found, next(iter(self.photos), None))


@dataclass(frozen=True, slots=True)
class Sent:
    """What an export sent of an animal to a program that keeps it.

    Attributes:
        values: What it said, by field: each as Barkive keeps it, in every language the same, and
            as people read it; empty for what it did not say.
        pictures: The numbers of the pictures that went with it.
    """

    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pictures: frozenset[int] = frozenset()


@dataclass(slots=True)
class Sending:
    """What an export sends, as far as it has come.

    Attributes:
        earlier: What earlier ones sent, by the numbers of the animals.
        gone: Likewise of animals that were removed or merged since; forgotten once that is told.
        now: What holds after this one, likewise; grows.
        earlier_photos: What earlier ones sent of photos that no animal has, by their numbers.
        gone_photos: Likewise of those that an animal has now, that show no dog after all, or that
            the catalogue no longer knows; forgotten once that is told.
        now_photos: What holds after this one, likewise; grows.
        by_hand: What people must change themselves in the program, or know; grows.
        unchanged: How many animals and photos had nothing new.
        skipped: How many animals are not at the shelter.
    """

    earlier: Mapping[int, Sent] = field(default_factory=dict)
    gone: Mapping[int, Sent] = field(default_factory=dict)
    now: dict[int, Sent] = field(default_factory=dict)
    earlier_photos: Mapping[int, Sent] = field(default_factory=dict)
    gone_photos: Mapping[int, Sent] = field(default_factory=dict)
    now_photos: dict[int, Sent] = field(default_factory=dict)
    by_hand: list[Message] = field(default_factory=list)
    unchanged: int = 0
    skipped: int = 0


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
        animals_of: Gives the animals of photos, by the photos' numbers.
        sending: For a program that keeps what it is sent.
        on_progress: Called with (photos or animals done, None).
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
    animals_of: Callable[[Sequence[int]], Mapping[int, Sequence[Animal]]] = lambda photos: {}
    sending: Sending = field(default_factory=Sending)
    on_progress: OnProgress = silent

    @property
    def labels(self) -> tuple[BreedName, ...]:
        """What the breeds are called."""
        return tuple(BreedName(one.id, one.en, one.fr) for one in self.breeds.values())


_One = TypeVar("_One")


@dataclass(slots=True)
class Counted(Generic[_One]):
    """Photos or animals that are counted as they pass.

    Attributes:
        passing: Consumed once.
        on_progress: Called with (how many are done, None).
        done: How many have passed.
    """

    passing: Iterable[_One]
    on_progress: OnProgress = silent
    done: int = 0

    def __iter__(self) -> Iterator[_One]:
        for one in self.passing:
            yield one
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
        by_photo: Whether it can be written by photo; else it is by animal, whatever is asked.
        by_animal: Whether it can be written by animal; it then has a method for that, too.
        needs_rows: Whether a table without rows is no use, so that none is written.
        with_animals: Whether photos that have an animal are always written by animal, and only
            the others by photo, under the same header, which is the first piece of both.
    """

    description: ClassVar[str] = ""
    reads_photos: ClassVar[bool] = False
    needs_out: ClassVar[bool] = True
    is_picture: ClassVar[bool] = False
    by_photo: ClassVar[bool] = True
    by_animal: ClassVar[bool] = False
    needs_rows: ClassVar[bool] = False
    with_animals: ClassVar[bool] = False

    def is_available(self) -> bool:
        """Whether all that it needs is installed; the page leaves it out otherwise."""
        return True

    def takes(self, entry: Entry) -> bool:
        """Whether a photo can stand in this form; others are left out, and counted.

        A `FolderExporter` is given all, and counts by itself.
        """
        return self.refusal(entry) is None

    def refusal(self, entry: Entry) -> str | None:
        """Why a photo can't stand in this form: the code of a message with its number `n`.

        None where it can. Those of other packages may answer `takes` alone.
        """
        return None


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

    def animal_pieces(
        self, animals: Iterator[AnimalPhotos], context: ExportContext
    ) -> Iterator[str]:
        """Likewise by animal, where the form is `by_animal`.

        Args:
            animals: Consumed once, as the pieces are.
            context: What else is asked.
        """
        raise NotImplementedError


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

    def write_animals(
        self, animals: Iterator[AnimalPhotos], file: BinaryIO, context: ExportContext
    ) -> None:
        """Likewise by animal, where the form is `by_animal`.

        Args:
            animals: Consumed once.
            file: See `write`.
            context: Likewise.
        """
        raise NotImplementedError

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

    def write_animals(self, animals: Iterator[AnimalPhotos], context: ExportContext) -> Outcome:
        """Likewise by animal, where the form is `by_animal`.

        Args:
            animals: Consumed once.
            context: What else is asked.
        """
        raise NotImplementedError
