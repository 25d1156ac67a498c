"""Runs an export: from a catalogue's entries to a file, a folder, or standard output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

from barkive.atomic import rewriting
from barkive.catalogue.export import megadetector, tables
from barkive.catalogue.export.asm3 import asm3_rows
from barkive.catalogue.export.breed_list import BreedList
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.export.vetting import Vetted
from barkive.catalogue.photos.identity import Now
from barkive.catalogue.records import Entry
from barkive.errors import UsageError
from barkive.evaluation import cannot_write
from barkive.images import is_photo
from barkive.progress import OnProgress
from barkive.verdicts import Label, Language

Item = TypeVar("Item")


class ExportFormat(StrEnum):
    """The forms in which the catalogue can be taken out."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"
    MD_JSON = "md-json"
    ASM3 = "asm3"
    XMP = "xmp"
    FOLDERS = "folders"
    CONTACT_SHEET = "contact-sheet"
    TRAINING_SET = "training-set"


_TEXT = (
    *(ExportFormat.CSV, ExportFormat.JSON, ExportFormat.JSONL),
    *(ExportFormat.MD_JSON, ExportFormat.ASM3),
)
_FOLDER = (ExportFormat.FOLDERS, ExportFormat.TRAINING_SET)
# These look at the photos' files, and not only at what is known of them.
_OF_FILES = (*_FOLDER, ExportFormat.XMP, ExportFormat.ASM3, ExportFormat.CONTACT_SHEET)


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be taken out, and where to.

    Attributes:
        form: In which form.
        out: The file, or the folder for `xmp`, `folders` and `training-set`; None for
            standard output, and for `xmp` for beside the photos.
        lang: Of names and headings.
        breed_list: The shelter's own, for `asm3`.
        copy: Whether folders hold copies rather than links.
        gone: Whether photos are taken out of a folder also where they are most of what it holds.

    Raises:
        UsageError: The form needs a place, or can't be written there.
    """

    form: ExportFormat
    out: Path | None = None
    lang: Language = "en"
    breed_list: BreedList | None = None
    copy: bool = False
    gone: bool = False

    def __post_init__(self) -> None:
        if self.out is None and self.form not in (*_TEXT, ExportFormat.XMP):
            kind = "a folder" if self.form in _FOLDER else "a file"
            raise UsageError(f"The form {self.form} needs {kind} to write to: --out.")
        if self.out is None or self.form in (*_FOLDER, ExportFormat.XMP):
            return
        sheet = self.form is ExportFormat.CONTACT_SHEET
        if sheet and self.out.suffix.lower() not in (".pdf", ".png"):
            raise UsageError(f"A contact sheet is a .pdf or a .png file, not {self.out.name}.")
        if self.out.is_dir():
            raise UsageError(f"{self.out} is a folder; give a file.")
        if self.out.suffix.lower() == ".xmp":
            raise UsageError(
                f"{self.out} is a side-car, which is not overwritten; give another file."
            )
        if not sheet and is_photo(self.out):
            raise UsageError(f"{self.out} is a photo, which is not overwritten; give another file.")

    def run(
        self,
        entries: Iterator[Entry],
        *,
        labels: tuple[Label, ...],
        base: str | None,
        write: Callable[[str], object],
        on_progress: OnProgress = lambda done, total: None,
    ) -> Outcome:
        """Takes the entries out; those whose files have changed are left out, and told.

        Args:
            entries: Consumed once.
            labels: The breeds that the catalogue's models know.
            base: The folder in which all the photos lie, if there is one.
            write: Takes text for standard output.
            on_progress: Called with (photos done, None).

        Raises:
            UsageError: The file or folder can't be written.
            MissingExtraError: The form needs an extra that is not installed.
        """
        vetted = Vetted(entries, present=self.form in (*_FOLDER, ExportFormat.XMP))
        chosen = iter(vetted) if self.form in _OF_FILES else entries
        try:
            done = self._run(chosen, vetted.left_out, labels, base, write, on_progress)
            return replace(done, failures=(*vetted.failures, *done.failures))
        except BrokenPipeError:  # the reader, such as `head`, has had enough
            raise
        except OSError as error:
            raise cannot_write(self.out or Path("/dev/stdout"), error) from None

    def pieces(
        self, entries: Iterator[Entry], *, labels: tuple[Label, ...], base: str | None
    ) -> Iterator[str]:
        """The entries in a form of text, piece by piece.

        Args:
            entries: Consumed as the pieces are.
            labels: The breeds that the catalogue's models know.
            base: The folder in which all the photos lie, if there is one.

        Raises:
            UsageError: The form is no text.
        """
        if self.form not in _TEXT:
            raise UsageError(f"The form {self.form} is no text; choose one of: {', '.join(_TEXT)}.")
        chosen = iter(Vetted(entries, present=False)) if self.form in _OF_FILES else entries
        return self._chunks(chosen, labels, base)

    def _run(
        self,
        entries: Iterator[Entry],
        left_out: Mapping[str, Now],
        labels: tuple[Label, ...],
        base: str | None,
        write: Callable[[str], object],
        on_progress: OnProgress,
    ) -> Outcome:
        from barkive.catalogue.export import contact_sheet, folders, parquet, xmp
        from barkive.catalogue.export.tree import Tree

        out, lang = self.out, self.lang
        match self.form:
            case ExportFormat.XMP:
                above = Path(base) if base is not None else None
                return xmp.write_sidecars(entries, out, lang, base=above, on_progress=on_progress)
            case ExportFormat.FOLDERS:
                assert out is not None
                tree = Tree(out, copy=self.copy, gone=self.gone, left_out=left_out)
                return folders.write_folders(entries, tree, lang, on_progress=on_progress)
            case ExportFormat.TRAINING_SET:
                assert out is not None
                tree = Tree(out, copy=self.copy, gone=self.gone, left_out=left_out)
                return folders.write_training_set(entries, tree, on_progress=on_progress)
        counted = _Counted(entries, on_progress)
        if self.form in _TEXT:
            rows = _Counted(self._chunks(iter(counted), labels, base))
            chunks = iter(rows)
            if out is None:
                for chunk in chunks:
                    write(chunk)
            else:
                with rewriting(out) as file:
                    file.writelines(chunk.encode() for chunk in chunks)
            # An import has no rows for photos without a dog, or that can't be read.
            written = rows.done - 1 if self.form is ExportFormat.ASM3 else counted.done
            return Outcome(written=written, skipped=counted.done - written)
        assert out is not None
        with rewriting(out) as file:
            if self.form is ExportFormat.PARQUET:
                parquet.write_parquet(iter(counted), file, lang)
            else:
                contact_sheet.write_contact_sheet(
                    iter(counted), file, lang, pdf=out.suffix.lower() == ".pdf"
                )
        return Outcome(written=counted.done)

    def _chunks(
        self, entries: Iterator[Entry], labels: tuple[Label, ...], base: str | None
    ) -> Iterator[str]:
        match self.form:
            case ExportFormat.CSV:
                return tables.csv_rows(entries, self.lang)
            case ExportFormat.JSON:
                return tables.json_array(entries, self.lang)
            case ExportFormat.JSONL:
                return tables.json_lines(entries, self.lang)
            case ExportFormat.ASM3:
                return asm3_rows(entries, self.breed_list, self.lang)
            case _:
                return megadetector.megadetector_json(entries, labels, base, datetime.now(UTC))


@dataclass(slots=True)
class _Counted(Generic[Item]):
    """Items that are counted as they pass."""

    items: Iterator[Item]
    on_progress: OnProgress = lambda done, total: None
    done: int = 0

    def __iter__(self) -> Iterator[Item]:
        for item in self.items:
            yield item
            self.done += 1
            self.on_progress(self.done, None)
