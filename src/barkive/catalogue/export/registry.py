"""The forms of export by name: Barkive's own, and those of other packages."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final

from barkive.catalogue.export import built_in
from barkive.catalogue.export.exporter import Exporter, FileExporter, TextExporter
from barkive.errors import UsageError
from barkive.messages import Message

_log = logging.getLogger(__name__)

GROUP: Final = "barkive.exporters"
"""The entry point group in which packages name their exporters, see `exporter`."""


class ExportFormat(StrEnum):
    """The names of the forms that come with Barkive."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"
    MD_JSON = "md-json"
    COCO = "coco"
    YOLO = "yolo"
    LABEL_STUDIO = "label-studio"
    ASM3 = "asm3"
    RESCUEGROUPS = "rescuegroups"
    XMP = "xmp"
    FOLDERS = "folders"
    CONTACT_SHEET = "contact-sheet"
    CROPS = "crops"
    TRAINING_SET = "training-set"


_BUILT_IN: Mapping[str, type[Exporter]] = {
    ExportFormat.CSV: built_in.Csv,
    ExportFormat.JSON: built_in.Json,
    ExportFormat.JSONL: built_in.JsonLines,
    ExportFormat.PARQUET: built_in.Parquet,
    ExportFormat.MD_JSON: built_in.MegaDetector,
    ExportFormat.COCO: built_in.Coco,
    ExportFormat.YOLO: built_in.Yolo,
    ExportFormat.LABEL_STUDIO: built_in.LabelStudio,
    ExportFormat.ASM3: built_in.Asm3,
    ExportFormat.RESCUEGROUPS: built_in.RescueGroups,
    ExportFormat.XMP: built_in.Xmp,
    ExportFormat.FOLDERS: built_in.Folders,
    ExportFormat.CONTACT_SHEET: built_in.ContactSheet,
    ExportFormat.CROPS: built_in.Crops,
    ExportFormat.TRAINING_SET: built_in.TrainingSet,
}


def forms() -> tuple[str, ...]:
    """The names of all forms: Barkive's own, then those of other packages by name."""
    return (*map(str, _BUILT_IN), *_of_others())


@cache
def exporters() -> Mapping[str, Exporter]:
    """All exporters by their forms' names, in the order of `forms`.

    A package that can't be used is left out, with a warning in the log.
    """
    found: dict[str, Exporter] = {}
    for form in forms():
        try:
            found[form] = exporter(form)
        except UsageError as error:
            _log.warning("%s", error)
    return MappingProxyType(found)


@cache
def file_exporters() -> Mapping[str, TextExporter | FileExporter]:
    """Those of them that write one file."""
    found = {
        form: one
        for form, one in exporters().items()
        if isinstance(one, TextExporter | FileExporter)
    }
    return MappingProxyType(found)


def text_forms() -> tuple[str, ...]:
    """The names of the forms that are text."""
    return tuple(form for form, one in file_exporters().items() if isinstance(one, TextExporter))


def animal_forms() -> tuple[str, ...]:
    """The names of Barkive's own forms that can be written by animal."""
    return tuple(str(form) for form, one in _BUILT_IN.items() if one.by_animal)


@cache
def exporter(form: str) -> Exporter:
    """The exporter of a form.

    Args:
        form: Its name.

    Raises:
        UsageError: There is no such form, or its package can't be used.
    """
    if form in _BUILT_IN:
        return _BUILT_IN[form]()
    point = _of_others().get(form)
    if point is None:
        raise UsageError("export_format_unknown", format=form, formats=", ".join(forms()))
    try:
        made = point.load()()
    except Exception as error:  # code of others, which may raise anything
        raise _unusable(point, str(error) or type(error).__name__) from error
    if not isinstance(made, Exporter):
        raise _unusable(point, Message("reason_not_an_exporter", {"name": point.value}))
    return made


@cache
def _of_others() -> Mapping[str, EntryPoint]:
    """The exporters of installed packages; none takes the place of one of Barkive's own."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return MappingProxyType({name: found[name] for name in sorted(found) if name not in _BUILT_IN})


def _unusable(point: EntryPoint, reason: str | Message) -> UsageError:
    package = point.dist.name if point.dist is not None else point.module
    return UsageError("exporter_unusable", form=point.name, package=package, reason=reason)
