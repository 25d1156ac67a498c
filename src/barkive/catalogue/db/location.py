"""Where a catalogue lies; known without opening one, so that to ask for it takes no time."""

from __future__ import annotations

from pathlib import Path


def default_location() -> Path:
    """Where the catalogue lies unless another place is named: in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("barkive", appauthor=False) / "catalogue.sqlite"


def added_photos(file: Path | None) -> Path:
    """Where photos are kept that were added to a catalogue, unless another place is named.

    Args:
        file: The catalogue's; None for one in PostgreSQL, whose photos lie in the user's data
            folder.
    """
    if file is not None:
        return file.with_name(f"{file.stem}-photos")
    from platformdirs import user_data_path

    return user_data_path("barkive", appauthor=False) / "photos"
