"""The catalogue: an association's photos, searched, corrected and exported.

Example:
    >>> from barkive.catalogue import Catalogue
"""

from barkive.catalogue.annotations.labels import Label
from barkive.catalogue.catalogue import Catalogue
from barkive.catalogue.export.exporting import Export, ExportFormat
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.query.filters import Filter
from barkive.catalogue.records import Change, Entry, Found, Kind
from barkive.catalogue.scan.history import Run, RunState
from barkive.catalogue.scan.pipeline import Summary
from barkive.catalogue.similarity.duplicates import Group
from barkive.catalogue.transfer.merging import Conflict, Merged
from barkive.catalogue.transfer.unmerging import Merge, Unmerged

__all__ = [
    "Catalogue",
    "Change",
    "Conflict",
    "Entry",
    "Export",
    "ExportFormat",
    "Filter",
    "Found",
    "Group",
    "Kind",
    "Label",
    "Merge",
    "Merged",
    "Outcome",
    "Run",
    "RunState",
    "Summary",
    "Unmerged",
]
