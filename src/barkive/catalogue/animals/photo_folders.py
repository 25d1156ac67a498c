"""Which folders of photos are called as the animals of a file."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, select

from barkive.breeds import normalise
from barkive.catalogue.db import schema
from barkive.messages import Message

# Of a code so long, the beginning of a folder's name tells the animal: `2026-113 Rex, a boxer`.
_TELLING_CODE = 5


class UnfitError(Exception):
    """A row that tells no animal."""

    def __init__(self, why: Message) -> None:
        super().__init__(why.code)
        self.why = why


class Folders:
    """The folders of the catalogue's photos, by what they are called.

    Those above all photos, such as a person's own, name no animal.
    """

    def __init__(self, connection: Connection) -> None:
        c = schema.photo.c
        self._pictures: defaultdict[str, list[int]] = defaultdict(list)
        photos = select(c.path, c.picture).where(c.missing_since.is_(None)).order_by(c.id)
        for row in connection.execute(photos):
            self._pictures[row.path.replace(os.sep, "/").rpartition("/")[0]].append(row.picture)
        parts = [one.split("/") for one in self._pictures]
        of_levels = [len(set(level)) for level in zip(*parts, strict=False)]
        shared = next((i for i, names in enumerate(of_levels) if names > 1), len(of_levels))
        above = max(shared - 1, 0)
        self._named: defaultdict[str, set[str]] = defaultdict(set)
        self._begun: defaultdict[str, set[str]] = defaultdict(set)
        for one in parts:
            for depth in range(above, len(one)):
                folder = "/".join(one[: depth + 1])
                self._named[normalise(one[depth])].add(folder)
                self._begun[normalise(re.split(r"[\s_]", one[depth], maxsplit=1)[0])].add(folder)
        self._claimed: dict[str, int] = {}

    def claim(self, line: int, code: str | None, name: str | None) -> list[str]:
        """The folders of an animal: called by its code, by code and name, or by its name.

        Args:
            line: Of its row.
            code: The animal's.
            name: Likewise.

        Raises:
            UnfitError: There is none; several are called so; or a row before this one has it.
        """
        own, called = normalise(code or ""), normalise(name or "")
        is_telling = len(own) >= _TELLING_CODE
        keys = [own, own + called, called + own] if own else []
        found = {folder for key in keys for folder in self._named.get(key, ())}
        if is_telling:
            found |= self._begun.get(own, set())
        if not found and called:
            found, is_telling = set(self._named.get(called, ())), False
        title = " ".join(filter(None, (code, name)))
        if not found:
            raise UnfitError(Message("animals_row_without_folder", {"animal": title}))
        if len(found) > 1 and not is_telling:
            raise UnfitError(
                Message(
                    "animals_row_several_folders",
                    {"animal": title, "n": len(found), "folders": sorted(found)[:3]},
                )
            )
        for folder in found:
            if (other := self._claimed.setdefault(folder, line)) != line:
                raise UnfitError(
                    Message("animals_row_folder_twice", {"folder": folder, "line": other})
                )
        return sorted(found)

    def pictures(self, claims: Mapping[str, int]) -> dict[int, list[int]]:
        """The pictures in folders that rows have claimed; the nearest folder of a photo counts.

        Args:
            claims: The line of the row of each folder.
        """
        found: defaultdict[int, dict[int, None]] = defaultdict(dict)
        for folder, pictures in self._pictures.items():
            parts = folder.split("/")
            above = ("/".join(parts[:depth]) for depth in range(len(parts), 0, -1))
            if (line := next((claims[one] for one in above if one in claims), None)) is not None:
                found[line] |= dict.fromkeys(pictures)
        return defaultdict(list, {line: list(pictures) for line, pictures in found.items()})
