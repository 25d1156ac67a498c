"""Runs an export: from a catalogue's entries to a file, a folder, or standard output."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from barkive.atomic import rewriting
from barkive.breeds import Breed
from barkive.catalogue.export.breed_list import BreedList
from barkive.catalogue.export.exporter import (
    MARGIN,
    Counted,
    ExportContext,
    Exporter,
    FileExporter,
    FolderExporter,
    TextExporter,
)
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.export.registry import ExportFormat, text_forms
from barkive.catalogue.export.registry import exporter as find_exporter
from barkive.catalogue.export.vetting import Vetted
from barkive.catalogue.records import Entry
from barkive.errors import UsageError
from barkive.evaluation import cannot_write
from barkive.images import is_photo
from barkive.messages import Language
from barkive.progress import OnProgress, silent

__all__ = ["Export", "ExportFormat"]

_log = logging.getLogger(__name__)

# Forms of other packages may use all.
_ONLY_FOR: Final[Mapping[str, tuple[ExportFormat, ...]]] = {
    "breed_list": (ExportFormat.ASM3,),
    "copy": (ExportFormat.FOLDERS, ExportFormat.TRAINING_SET, ExportFormat.YOLO),
    "crops": (ExportFormat.TRAINING_SET,),
    "margin": (ExportFormat.CROPS, ExportFormat.TRAINING_SET),
    "upright": (ExportFormat.YOLO,),
    "confidence": (ExportFormat.YOLO,),
}


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be taken out, and where to.

    Attributes:
        form: In which form, by its name: see `registry.forms`.
        out: The file, or the folder for `xmp`, `folders` and `training-set`; None for
            standard output, and for `xmp` for beside the photos.
        lang: Of names and headings.
        breed_list: The shelter's own, for `asm3`.
        copy: Whether folders hold copies rather than links.
        gone: Whether photos are taken out of a folder also where they are most of what it holds.
        crops: For `training-set`: whether it is made of the dogs rather than of whole photos.
        margin: Of crops: how much is shown beside the box, as a share of its longer side, 0..1.
        upright: For `yolo`: whether photos that their EXIF orientation turns are written anew.
        confidence: For `yolo`: whether boxes have how sure they are as a sixth column.

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

    def __post_init__(self) -> None:
        exporter, out = self.exporter, self.out
        self._refuse_unused()
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
                option = f"--{one.name.replace('_', '-')}"
                raise UsageError(
                    "export_option_unused", format=self.form, option=option, formats=users
                )

    @property
    def exporter(self) -> Exporter:
        """What writes the form."""
        return find_exporter(self.form)

    def run(
        self,
        entries: Iterator[Entry],
        *,
        breeds: Mapping[str, Breed],
        base: str | None,
        write: Callable[[str], object],
        on_progress: OnProgress = silent,
    ) -> Outcome:
        """Takes the entries out; those whose files have changed are left out, and told.

        Args:
            entries: Consumed once.
            breeds: All that the catalogue knows, by their ids.
            base: The folder in which all the photos lie, if there is one.
            write: Takes text for standard output.
            on_progress: Called with (photos done, None).

        Raises:
            UsageError: The file or folder can't be written.
            MissingExtraError: The form needs an extra that is not installed.
        """
        exporter = self.exporter
        vetted = Vetted(entries, present=isinstance(exporter, FolderExporter))
        chosen = iter(vetted) if exporter.reads_photos else entries
        context = replace(
            self._context(breeds, base), left_out=vetted.left_out, on_progress=on_progress
        )
        try:
            done = self._written(exporter, chosen, context, write)
        except BrokenPipeError:  # the reader, such as `head`, has had enough
            raise
        except OSError as error:
            raise cannot_write(self.out or Path("/dev/stdout"), error) from None
        _log.info("Exported %d as %s to %s", done.written, self.form, self.out or "standard output")
        return replace(done, failures=(*vetted.failures, *done.failures))

    def pieces(
        self, entries: Iterator[Entry], *, breeds: Mapping[str, Breed], base: str | None
    ) -> Iterator[str]:
        """The entries in a form of text, piece by piece.

        Args:
            entries: Consumed as the pieces are.
            breeds: All that the catalogue knows, by their ids.
            base: The folder in which all the photos lie, if there is one.

        Raises:
            UsageError: The form is no text.
        """
        exporter = self.exporter
        if not isinstance(exporter, TextExporter):
            raise UsageError("export_not_text", format=self.form, formats=", ".join(text_forms()))
        chosen = iter(Vetted(entries, present=False)) if exporter.reads_photos else entries
        return exporter.pieces(filter(exporter.takes, chosen), self._context(breeds, base))

    def _context(self, breeds: Mapping[str, Breed], base: str | None) -> ExportContext:
        return ExportContext(
            out=self.out,
            lang=self.lang,
            breeds=breeds,
            base=base,
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
        context: ExportContext,
        write: Callable[[str], object],
    ) -> Outcome:
        if isinstance(exporter, FolderExporter):
            return exporter.write(entries, context)
        counted = Counted(entries, context.on_progress)
        taken = Counted(filter(exporter.takes, counted))
        if isinstance(exporter, TextExporter):
            pieces = exporter.pieces(iter(taken), context)
            if self.out is None:
                for piece in pieces:
                    write(piece)
            else:
                with rewriting(self.out) as file:
                    file.writelines(piece.encode() for piece in pieces)
        else:
            assert isinstance(exporter, FileExporter)
            assert self.out is not None
            with rewriting(self.out) as file:
                exporter.write(iter(taken), file, context)
        return Outcome(written=taken.done, skipped=counted.done - taken.done)
