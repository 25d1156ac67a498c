"""Values of options that several commands share."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """How a command prints its results."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Lang(StrEnum):
    """The language of breed names."""

    EN = "en"
    FR = "fr"
