"""Takes the catalogue out: into tables, side-cars, folders, sheets, and forms of others."""

from barkive.catalogue.export.exporter import (
    ExportContext,
    Exporter,
    FileExporter,
    FolderExporter,
    TextExporter,
)
from barkive.catalogue.export.outcome import Failure, Outcome

__all__ = [
    "ExportContext",
    "Exporter",
    "Failure",
    "FileExporter",
    "FolderExporter",
    "Outcome",
    "TextExporter",
]
