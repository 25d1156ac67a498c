"""The forms of export that come with Barkive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from barkive.atomic import rewriting
from barkive.catalogue.export import animal_tables, tables
from barkive.catalogue.export.asm3 import asm3_animal_rows, asm3_rows, refusal
from barkive.catalogue.export.boxed import has_size
from barkive.catalogue.export.breed_list import BreedList, asm3_breed_list
from barkive.catalogue.export.categories import Categories
from barkive.catalogue.export.coco import coco_json
from barkive.catalogue.export.exporter import (
    AnimalPhotos,
    Counted,
    ExportContext,
    FileExporter,
    FolderExporter,
    TextExporter,
)
from barkive.catalogue.export.megadetector import megadetector_json
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.records import Entry
from barkive.errors import UsageError


class Csv(TextExporter):
    """See `tables.csv_rows`."""

    description = "a table for spreadsheets, a row a photo"
    by_animal = True
    media_type = "text/csv; charset=utf-8"
    suffix = ".csv"

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        """See `TextExporter`."""
        return tables.csv_rows(entries, context.lang, context.breeds)

    def animal_pieces(
        self, animals: Iterator[AnimalPhotos], context: ExportContext
    ) -> Iterator[str]:
        """See `animal_tables.animal_csv_rows`."""
        return animal_tables.animal_csv_rows(animals, context.lang)


class Json(TextExporter):
    """See `tables.json_array`."""

    description = "an array of objects for programs"
    by_animal = True
    media_type = "application/json"
    suffix = ".json"

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        """See `TextExporter`."""
        return tables.json_array(entries, context.lang, context.breeds)

    def animal_pieces(
        self, animals: Iterator[AnimalPhotos], context: ExportContext
    ) -> Iterator[str]:
        """See `animal_tables.animal_json_array`."""
        return animal_tables.animal_json_array(animals, context.lang)


class JsonLines(TextExporter):
    """See `tables.json_lines`."""

    description = "an object a line for programs"
    by_animal = True
    media_type = "application/jsonl"
    suffix = ".jsonl"

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        """See `TextExporter`."""
        return tables.json_lines(entries, context.lang, context.breeds)

    def animal_pieces(
        self, animals: Iterator[AnimalPhotos], context: ExportContext
    ) -> Iterator[str]:
        """See `animal_tables.animal_json_lines`."""
        return animal_tables.animal_json_lines(animals, context.lang)


class MegaDetector(TextExporter):
    """See `megadetector.megadetector_json`."""

    description = "for wildlife tools that read MegaDetector's results"
    media_type = "application/json"
    suffix = ".json"

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        """See `TextExporter`."""
        return megadetector_json(entries, context.labels, context.base, datetime.now(UTC))


class Coco(TextExporter):
    """See `coco.coco_json`."""

    description = "boxes in COCO's format, for FiftyOne, CVAT and detectors"
    media_type = "application/json"
    suffix = ".json"

    def refusal(self, entry: Entry) -> str | None:
        """A picture without a size has no place in it."""
        return None if has_size(entry) else "left_out_unreadable"

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        """See `TextExporter`."""
        categories = Categories(context.labels, context.lang)
        return coco_json(entries, categories, context.base, datetime.now(UTC))


class Asm3(TextExporter):
    """See `asm3.asm3_rows`."""

    description = "Animal Shelter Manager's import"
    reads_photos = True
    by_animal = True
    with_animals = True
    needs_rows = True
    media_type = "text/csv; charset=utf-8"
    suffix = ".csv"

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        """See `TextExporter`."""
        return asm3_rows(entries, _its_list(context), context.lang, context.sending)

    def animal_pieces(
        self, animals: Iterator[AnimalPhotos], context: ExportContext
    ) -> Iterator[str]:
        """See `asm3.asm3_animal_rows`."""
        return asm3_animal_rows(animals, _its_list(context), context.lang, context.sending)

    def refusal(self, entry: Entry) -> str | None:
        """See `asm3.refusal`."""
        return refusal(entry)


def _its_list(context: ExportContext) -> BreedList:
    """Animal Shelter Manager's names of breeds: the shelter's own, or those that it comes with."""
    return context.breed_list or asm3_breed_list(context.lang)


class RescueGroups(FolderExporter):
    """See `rescuegroups.write_rescuegroups`."""

    description = "RescueGroups.org's import, a line an animal, and its pictures"
    by_photo = False
    by_animal = True

    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        """It is by animal alone."""
        raise NotImplementedError

    def write_animals(self, animals: Iterator[AnimalPhotos], context: ExportContext) -> Outcome:
        """See `FolderExporter`."""
        from barkive.catalogue.export.rescuegroups import write_rescuegroups
        from barkive.catalogue.export.tree import Tree

        assert context.out is not None
        told, breed_list = context.on_progress, context.breed_list
        tree = Tree.of(context)
        return write_rescuegroups(animals, context.out, tree, breed_list, on_progress=told)


class Parquet(FileExporter):
    """See `parquet.write_parquet`."""

    description = "a table for notebooks and databases"
    by_animal = True
    media_type = "application/vnd.apache.parquet"
    suffix = ".parquet"

    def is_available(self) -> bool:
        """It needs PyArrow, which not every install has."""
        return find_spec("pyarrow") is not None

    def write(self, entries: Iterator[Entry], file: BinaryIO, context: ExportContext) -> None:
        """See `FileExporter`."""
        from barkive.catalogue.export.parquet import write_parquet

        write_parquet(entries, file, context.lang, context.breeds)

    def write_animals(
        self, animals: Iterator[AnimalPhotos], file: BinaryIO, context: ExportContext
    ) -> None:
        """See `parquet.write_animal_parquet`."""
        from barkive.catalogue.export.parquet import write_animal_parquet

        write_animal_parquet(animals, file, context.lang, context.breeds)


class ContactSheet(FileExporter):
    """See `contact_sheet.write_contact_sheet`."""

    description = "small pictures with their breeds to print, a .pdf or .png"
    reads_photos = True
    by_animal = True
    is_picture = True
    media_type = "application/pdf"
    suffix = ".pdf"

    def write(self, entries: Iterator[Entry], file: BinaryIO, context: ExportContext) -> None:
        """See `FileExporter`."""
        from barkive.catalogue.export.contact_sheet import write_contact_sheet

        write_contact_sheet(entries, file, context.lang, pdf=self._is_pdf(context))

    def write_animals(
        self, animals: Iterator[AnimalPhotos], file: BinaryIO, context: ExportContext
    ) -> None:
        """See `contact_sheet.write_animal_sheet`."""
        from barkive.catalogue.export.contact_sheet import write_animal_sheet

        write_animal_sheet(animals, file, context.lang, pdf=self._is_pdf(context))

    def _is_pdf(self, context: ExportContext) -> bool:
        return context.out is None or context.out.suffix.lower() == ".pdf"

    def check(self, out: Path) -> None:
        """See `FileExporter`."""
        if out.suffix.lower() not in (".pdf", ".png"):
            raise UsageError("export_sheet_format", file=out.name)


class LabelStudio(FolderExporter):
    """See `label_studio`."""

    description = "tasks for Label Studio with boxes to check, and its configuration"
    reads_photos = False

    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        """Writes `tasks.json` and `labels.xml`."""
        from barkive.catalogue.export.label_studio import label_studio_config, label_studio_tasks
        from barkive.catalogue.export.tree import made_folder

        assert context.out is not None
        out, categories = made_folder(context.out), Categories(context.labels, context.lang)
        counted = Counted(entries, context.on_progress)
        taken = Counted(filter(has_size, counted))
        with rewriting(out / "tasks.json") as file:
            tasks = label_studio_tasks(taken, categories, context.base)
            file.writelines(piece.encode() for piece in tasks)
        with rewriting(out / "labels.xml") as file:
            file.write(label_studio_config(categories))
        return Outcome(written=taken.done, skipped=counted.done - taken.done)


class Xmp(FolderExporter):
    """See `xmp.write_sidecars`."""

    description = "side-car files with tags, for photo managers"
    needs_out = False

    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        """See `FolderExporter`."""
        from barkive.catalogue.export.xmp import write_sidecars

        base = Path(context.base) if context.base is not None else None
        return write_sidecars(
            entries,
            context.out,
            context.lang,
            base=base,
            animals_of=context.animals_of,
            on_progress=context.on_progress,
        )


class Folders(FolderExporter):
    """See `folders.write_folders`."""

    description = "a tree by breed of links to the photos"
    by_animal = True

    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        """See `FolderExporter`."""
        from barkive.catalogue.export.folders import write_folders
        from barkive.catalogue.export.tree import Tree

        tree = Tree.of(context)
        return write_folders(entries, tree, context.lang, on_progress=context.on_progress)

    def write_animals(self, animals: Iterator[AnimalPhotos], context: ExportContext) -> Outcome:
        """See `folders.write_animal_folders`."""
        from barkive.catalogue.export.folders import write_animal_folders
        from barkive.catalogue.export.tree import Tree

        return write_animal_folders(animals, Tree.of(context), on_progress=context.on_progress)


class Yolo(FolderExporter):
    """See `yolo.write_yolo`."""

    description = "pictures with texts of boxes, to train YOLO"

    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        """See `FolderExporter`."""
        from barkive.catalogue.export.tree import Tree
        from barkive.catalogue.export.yolo import check_yolo_folder, write_classes, write_yolo

        assert context.out is not None
        check_yolo_folder(context.out)
        categories = Categories(context.labels, context.lang)
        outcome = write_yolo(
            entries,
            Tree.of(context),
            categories,
            upright=context.upright,
            confidence=context.confidence,
            on_progress=context.on_progress,
        )
        write_classes(context.out, categories)
        return outcome


class Crops(FolderExporter):
    """See `folders.write_crops`."""

    description = "a tree by breed of the dogs, a picture each"

    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        """See `FolderExporter`."""
        from barkive.catalogue.export.folders import write_crops
        from barkive.catalogue.export.tree import Tree

        tree, told = Tree.of(context), context.on_progress
        return write_crops(entries, tree, context.lang, context.margin, on_progress=told)


class TrainingSet(FolderExporter):
    """See `folders.write_training_set`."""

    description = "what people labelled, as a folder of breeds for `barkive train`"

    def write(self, entries: Iterator[Entry], context: ExportContext) -> Outcome:
        """See `FolderExporter`."""
        from barkive.catalogue.export.folders import write_training_crops, write_training_set
        from barkive.catalogue.export.tree import Tree

        tree, told = Tree.of(context), context.on_progress
        if context.crops:
            return write_training_crops(entries, tree, context.margin, on_progress=told)
        return write_training_set(entries, tree, on_progress=told)
