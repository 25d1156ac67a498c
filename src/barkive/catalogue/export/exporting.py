"""Runs an export: from a catalogue's entries to a file, a folder, or standard output."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import chain, islice
from pathlib import Path
from typing import Final

from barkive.atomic import rewriting
from barkive.catalogue.export.breed_list import BreedList
from barkive.catalogue.export.exporter import (
    MARGIN,
    AnimalPhotos,
    Counted,
    ExportBy,
    ExportContext,
    Exporter,
    FileExporter,
    FolderExporter,
    TextExporter,
)
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.export.registry import ExportFormat, animal_forms, text_forms
from barkive.catalogue.export.registry import exporter as find_exporter
from barkive.catalogue.export.vetting import Vetted
from barkive.catalogue.records import Entry
from barkive.errors import UsageError
from barkive.evaluation import cannot_write
from barkive.images import is_photo
from barkive.messages import Language, Message

__all__ = ["Export", "ExportFormat"]

_log = logging.getLogger(__name__)

# Forms of other packages may use all.
_ONLY_FOR: Final[Mapping[str, tuple[ExportFormat, ...]]] = {
    "breed_list": (ExportFormat.ASM3, ExportFormat.RESCUEGROUPS),
    "copy": (ExportFormat.FOLDERS, ExportFormat.TRAINING_SET, ExportFormat.YOLO),
    "crops": (ExportFormat.TRAINING_SET,),
    "margin": (ExportFormat.CROPS, ExportFormat.TRAINING_SET),
    "upright": (ExportFormat.YOLO,),
    "confidence": (ExportFormat.YOLO,),
    "again": (ExportFormat.ASM3,),
}


def options_of(form: str) -> tuple[str, ...]:
    """What can be asked of a form, by the names of the attributes of `Export`.

    Of one of another package only whether it is `by` animal is known.

    Args:
        form: Its name.

    Raises:
        UsageError: There is no such form, or its package can't be used.
    """
    one = find_exporter(form)
    its_own = [option for option, users in _ONLY_FOR.items() if form in users]
    return (*(["by"] if one.by_animal and one.by_photo else []), *its_own)


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be taken out, and where to.

    Attributes:
        form: In which form, by its name: see `registry.forms`.
        out: The file, or the folder for `xmp`, `folders` and `training-set`; None for
            standard output, and for `xmp` for beside the photos.
        lang: Of names and headings.
        breed_list: The program's own names of breeds, for `asm3` and `rescuegroups`.
        copy: Whether folders hold copies rather than links.
        gone: Whether photos are taken out of a folder also where they are most of what it holds.
        crops: For `training-set`: whether it is made of the dogs rather than of whole photos.
        margin: Of crops: how much is shown beside the box, as a share of its longer side, 0..1.
        upright: For `yolo`: whether photos that their EXIF orientation turns are written anew.
        confidence: For `yolo`: whether boxes have how sure they are as a sixth column.
        by: Whether a row, a folder or a picture is of a photo or of an animal. `asm3` has a row an
            animal in both cases, and `photo` adds those that no animal has.
        again: For `asm3`: whether it holds again what an earlier export sent.
        who: Who asks for it; None for the user of this machine.

    Raises:
        UsageError: There is no such form, it needs a place, can't be written there, or makes no
            use of what is asked.
    """

    form: str
    out: Path | None = None
    lang: Language = "en"
    breed_list: BreedList | None = None
    copy: bool = False
    gone: bool = False
    crops: bool = False
    margin: float = MARGIN
    upright: bool = False
    confidence: bool = False
    by: ExportBy = "photo"
    again: bool = False
    who: str | None = None

    def __post_init__(self) -> None:
        exporter, out = self.exporter, self.out
        self._refuse_unused()
        if self.by == "animal" and not exporter.by_animal:
            raise UsageError(
                "export_option_unused",
                format=self.form,
                option="by animal",
                formats=animal_forms(),
            )
        if out is None:
            if exporter.needs_out:
                of_folder = isinstance(exporter, FolderExporter)
                lacking = "export_out_folder_missing" if of_folder else "export_out_file_missing"
                raise UsageError(lacking, format=self.form)
            return
        if isinstance(exporter, FolderExporter):
            return
        if isinstance(exporter, FileExporter):
            exporter.check(out)
        if out.is_dir():
            raise UsageError("export_out_is_folder", path=out)
        if out.suffix.lower() == ".xmp":
            raise UsageError("export_out_is_sidecar", file=out)
        if is_photo(out) and not exporter.is_picture:
            raise UsageError("export_out_is_photo", file=out)

    def _refuse_unused(self) -> None:
        """Refuses what one of Barkive's own forms would ignore."""
        for one in fields(self):
            users = _ONLY_FOR.get(one.name, tuple(ExportFormat))
            if self.form in users or self.form not in [*ExportFormat]:
                continue
            if getattr(self, one.name) != one.default:
                option = one.name.replace("_", "-")
                raise UsageError(
                    "export_option_unused", format=self.form, option=option, formats=users
                )

    @property
    def exporter(self) -> Exporter:
        """What writes the form."""
        return find_exporter(self.form)

    @property
    def has_animals(self) -> bool:
        """Whether anything in it is by animal."""
        return not self.has_photos or self.exporter.with_animals

    @property
    def has_photos(self) -> bool:
        """Whether anything in it is by photo."""
        return self.by == "photo" and self.exporter.by_photo

    def run(
        self,
        entries: Iterator[Entry],
        animals: Iterator[AnimalPhotos],
        context: ExportContext,
        write: Callable[[str], object],
    ) -> Outcome:
        """Takes the photos or the animals out; photos whose files have changed are left out.

        Args:
            entries: Consumed once.
            animals: Consumed once.
            context: What the catalogue knows beside them; the rest is filled in.
            write: Takes text for standard output.

        Raises:
            UsageError: The file or folder can't be written.
            MissingExtraError: The form needs an extra that is not installed.
        """
        exporter = self.exporter
        vetted = Vetted(entries, present=isinstance(exporter, FolderExporter))
        if exporter.reads_photos:
            entries, animals = iter(vetted), _vetted(animals, vetted)
        context = replace(self._context(context), left_out=vetted.left_out)
        try:
            done = self._written(exporter, entries, animals, context, write)
        except BrokenPipeError:  # the reader, such as `head`, has had enough
            raise
        except OSError as error:
            raise cannot_write(self.out or Path("/dev/stdout"), error) from None
        _log.info("Exported %d as %s to %s", done.written, self.form, self.out or "standard output")
        return replace(done, failures=(*vetted.failures, *done.failures))

    def pieces(
        self, entries: Iterator[Entry], animals: Iterator[AnimalPhotos], context: ExportContext
    ) -> Iterator[str]:
        """The photos or the animals in a form of text, piece by piece.

        Args:
            entries: Consumed as the pieces are.
            animals: Likewise.
            context: What the catalogue knows beside them; the rest is filled in.

        Raises:
            UsageError: The form is no text, or it would hold nothing of use.
        """
        exporter = self.exporter
        if not isinstance(exporter, TextExporter):
            raise UsageError("export_not_text", format=self.form, formats=", ".join(text_forms()))
        if exporter.reads_photos:
            vetted = Vetted(entries, present=False)
            entries, animals = iter(vetted), _vetted(animals, vetted)
        entries = filter(exporter.takes, entries)
        pieces = self._text(exporter, entries, animals, self._context(context))
        if exporter.needs_rows:
            pieces, is_empty = _with_rows(pieces)
            if is_empty:
                raise UsageError("export_empty")
        return pieces

    def _text(
        self,
        exporter: TextExporter,
        entries: Iterator[Entry],
        animals: Iterator[AnimalPhotos],
        context: ExportContext,
    ) -> Iterator[str]:
        if not self.has_animals:
            return exporter.pieces(entries, context)
        pieces = exporter.animal_pieces(animals, context)
        if not self.has_photos:
            return pieces
        # One header is enough.
        return chain(pieces, islice(exporter.pieces(entries, context), 1, None))

    def _context(self, context: ExportContext) -> ExportContext:
        return replace(
            context,
            out=self.out,
            lang=self.lang,
            breed_list=self.breed_list,
            copy=self.copy,
            gone=self.gone,
            crops=self.crops,
            margin=self.margin,
            upright=self.upright,
            confidence=self.confidence,
        )

    def _written(
        self,
        exporter: Exporter,
        entries: Iterator[Entry],
        animals: Iterator[AnimalPhotos],
        context: ExportContext,
        write: Callable[[str], object],
    ) -> Outcome:
        if isinstance(exporter, FolderExporter):
            if self.has_animals:
                return exporter.write_animals(animals, context)
            return exporter.write(entries, context)
        shown = Counted(animals, context.on_progress)
        counted = Counted(entries, lambda done, _: context.on_progress(shown.done + done, None))
        reasons: Counter[str] = Counter()
        taken = Counted(_taken(exporter, counted, reasons))
        is_empty = False
        if isinstance(exporter, TextExporter):
            pieces = self._text(exporter, iter(taken), iter(shown), context)
            if exporter.needs_rows:
                pieces, is_empty = _with_rows(pieces)
            if is_empty:
                pass
            elif self.out is None:
                for piece in pieces:
                    write(piece)
            else:
                with rewriting(self.out) as file:
                    file.writelines(piece.encode() for piece in pieces)
        else:
            assert isinstance(exporter, FileExporter)
            assert self.out is not None
            with rewriting(self.out) as file:
                if self.has_animals:
                    exporter.write_animals(iter(shown), file, context)
                else:
                    exporter.write(iter(taken), file, context)
        sending = context.sending
        reasons["left_out_elsewhere"] = sending.skipped
        return Outcome(
            written=taken.done + shown.done - sending.unchanged - sending.skipped,
            unchanged=sending.unchanged,
            skipped=counted.done - taken.done + sending.skipped,
            by_hand=tuple(sending.by_hand),
            reasons=tuple(Message(code, {"n": n}) for code, n in reasons.items() if n),
            is_empty=is_empty,
        )


def _taken(exporter: Exporter, entries: Iterable[Entry], reasons: Counter[str]) -> Iterator[Entry]:
    """The photos that can stand in a form; why the others can't is counted."""
    for entry in entries:
        reason = exporter.refusal(entry)
        if reason is not None:
            reasons[reason] += 1
        elif exporter.takes(entry):
            yield entry


def _with_rows(pieces: Iterator[str]) -> tuple[Iterator[str], bool]:
    """The pieces of a table, and whether it is a header alone."""
    first = list(islice(pieces, 2))
    return chain(first, pieces), len(first) < 2


def _vetted(animals: Iterator[AnimalPhotos], vetted: Vetted) -> Iterator[AnimalPhotos]:
    """The animals with those of their photos whose files hold what was judged."""
    return (replace(one, photos=tuple(filter(vetted.holds, one.photos))) for one in animals)
