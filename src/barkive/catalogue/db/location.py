"""Where a catalogue lies; known without opening one, so that to ask for it takes no time."""

from __future__ import annotations

from pathlib import Path


def default_location() -> Path:
    """Where the catalogue lies unless another place is named: in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("barkive", appauthor=False) / "catalogue.sqlite"
