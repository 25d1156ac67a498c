"""Names for files and folders that every file system takes."""

from __future__ import annotations

import os
import re
import unicodedata

# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[1-9¹²³])\s*(\.|$)", re.IGNORECASE
)
# Names end at 255 bytes; this leaves room for a number behind them.
_LONGEST = 230
_LONGEST_SUFFIX = 16


def safe_name(name: str) -> str:
    """The name, changed where Windows, macOS or Linux would refuse, hide or shorten it.

    Idempotent. A name that is fine everywhere comes back as it is, composed (NFC). Two names
    may become one.
    """
    name = _FORBIDDEN.sub("-", unicodedata.normalize("NFC", name)).strip(" ").rstrip(". ")
    if not name or name.startswith(".") or _RESERVED.match(name):
        name = f"_{name}"
    if len(os.fsencode(name)) <= _LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(os.fsencode(suffix)) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    while len(os.fsencode(f"{stem}{dot}{suffix}")) > _LONGEST:
        stem = stem[:-1]
    return f"{stem.rstrip('. ')}{dot}{suffix}"


def key_of(name: str) -> str:
    """What two names share that some file system takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
