"""Files that appear under their name only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# The longest name that file systems take is 255 bytes, and the temporary one is longer.
_LONGEST = 240


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a name to make a file or a link under, which then takes the place of `path`.

    The temporary name, `.name.part`, lies in the same folder and is free. What stood under
    `path` is replaced, not followed, where it was a link. After an error nothing is left of
    what was begun.

    A device or a pipe, such as `/dev/stdout`, is no file to be replaced: it is given itself.

    Raises:
        OSError: As the system says.
    """
    if path.is_char_device() or path.is_fifo():
        yield path
        return
    name = os.fsdecode(os.fsencode(path.name)[:_LONGEST])
    part = path.with_name(f".{name}.part")
    # Of a run that was killed; written through, a link planted there would lead elsewhere.
    part.unlink(missing_ok=True)
    try:
        yield part
        os.replace(part, path)  # noqa: PTH105 - what is replaced may be a link
        # Between two names of one file that does nothing.
        part.unlink(missing_ok=True)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
