"""The catalogue: an association's photos, searched, corrected and exported.

Example:
    >>> from barkive.catalogue import Catalogue
"""

from barkive.catalogue.catalogue import Catalogue
from barkive.catalogue.corrections import Correction
from barkive.catalogue.duplicates import Group
from barkive.catalogue.export.outcome import Outcome
from barkive.catalogue.export.run import Export, ExportFormat
from barkive.catalogue.filters import Filter
from barkive.catalogue.merging import Conflict, Merged
from barkive.catalogue.records import Change, Entry, Found, Kind
from barkive.catalogue.runs import Run, RunState
from barkive.catalogue.scan import Summary
from barkive.catalogue.unmerging import Merge, Unmerged

__all__ = [
    "Catalogue",
    "Change",
    "Conflict",
    "Correction",
    "Entry",
    "Export",
    "ExportFormat",
    "Filter",
    "Found",
    "Group",
    "Kind",
    "Merge",
    "Merged",
    "Outcome",
    "Run",
    "RunState",
    "Summary",
    "Unmerged",
]
