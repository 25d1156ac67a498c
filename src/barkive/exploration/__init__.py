"""Looks at a folder of breeds before anything is trained on it, and reports what it holds.

`survey` reads every photo once, `find` draws up the findings, `write_report` writes them.
"""

from barkive.exploration.findings import BreedSummary, Findings, find
from barkive.exploration.report_folder import write_report
from barkive.exploration.survey import Survey, survey

__all__ = [
    "BreedSummary",
    "Findings",
    "Survey",
    "find",
    "survey",
    "write_report",
]
