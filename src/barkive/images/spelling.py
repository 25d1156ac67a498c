"""Names with accents, which some systems compose of two characters and others don't.

Linux keeps the bytes of a name, macOS gives them decomposed; what people type or copy may be
either. On a screen they look the same.
"""

from __future__ import annotations

import os
import unicodedata
from typing import Final

_FORMS: Final = ("NFC", "NFD")


def as_spelt(path: str) -> str:
    """The path of the file or folder that is there, however its accents are composed.

    Args:
        path: Of a file or folder; one that is there as it is written is never another.

    Returns:
        The path as it is where there is no such file or folder, or the system can't say.
    """
    if path.isascii() or os.path.lexists(path):
        return path
    above, name = os.path.split(path)
    if not name or above == path:
        return path
    folder = as_spelt(above)
    try:
        names = os.listdir(folder or os.curdir)  # noqa: PTH208 - Path drops odd names
    except (OSError, ValueError):  # no such folder, or none that could be
        return path
    composed = unicodedata.normalize("NFC", name)
    found = [one for one in names if unicodedata.normalize("NFC", one) == composed]
    return os.path.join(folder, min(found, default=name))  # noqa: PTH118


def spellings(path: str) -> list[str]:
    """A path as it is written, as it is there, and with its accents composed and decomposed."""
    if path.isascii():
        return [path]
    forms = (unicodedata.normalize(form, path) for form in _FORMS)
    return list(dict.fromkeys([path, as_spelt(path), *forms]))
