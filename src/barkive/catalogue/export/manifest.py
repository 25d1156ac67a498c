"""What an export has put into a folder, so that the next one knows its own from the user's.

The file `.barkive.jsonl` holds a line of JSON for each photo in the tree. A line is added
just before its photo appears, so that a run that is killed leaves none unaccounted for; the
last line about a name holds, and one without its photo means nothing. Knows nothing of breeds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from barkive.atomic import rewriting
from barkive.errors import UsageError, system_reason
from barkive.images.placed import HEADER, MANIFEST, Placed, read_placed


class Manifest:
    """The record of a tree.

    Attributes:
        placed: What the file said on opening, by names such as `Pug/rex.jpg`.
    """

    def __init__(self, folder: Path) -> None:
        """Reads what there is; lines that were cut off or altered are passed over.

        Raises:
            UsageError: It can't be read, or is no manifest.
        """
        self._path = folder / MANIFEST
        self.placed: dict[str, Placed] = {}
        try:
            self.placed = read_placed(self._path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(
                "export_manifest_unreadable", file=self._path, reason=system_reason(error)
            ) from None
        except ValueError:
            raise UsageError("export_manifest_foreign", file=self._path) from None

    def add(self, name: str, placed: Placed) -> None:
        """Writes that a photo is about to appear under a name.

        Raises:
            UsageError: The file can't be written.
        """
        try:
            with self._path.open("a", encoding="ascii") as file:
                if not file.tell():
                    file.write(HEADER)
                # The line's end comes first, and so behind a line that was cut off as well.
                file.write(f"\n{_line(name, placed)}")
        except OSError as error:
            raise self._not_writable(error) from None

    def rewrite(self, placed: Mapping[str, Placed]) -> None:
        """Makes this all that the file says.

        Raises:
            UsageError: The file can't be written.
        """
        try:
            with rewriting(self._path) as file:
                file.write(HEADER.encode())
                file.writelines(f"\n{_line(name, one)}".encode() for name, one in placed.items())
        except OSError as error:
            raise self._not_writable(error) from None

    def _not_writable(self, error: OSError) -> UsageError:
        return UsageError(
            "export_manifest_not_writable", file=self._path, reason=system_reason(error)
        )


def _line(name: str, placed: Placed) -> str:
    return json.dumps({"name": name, **asdict(placed)})
