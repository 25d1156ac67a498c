"""How a server is set up: frozen, and checked once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from barkive.errors import UsageError
from barkive.images.passing import Passing
from barkive.web.passwords import Passwords
from barkive.web.urls import is_root_path
from barkive.web.users import Users

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names under which this machine alone reaches itself."""


class FolderNotAllowedError(UsageError):
    """A folder is not among those that may be scanned."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for.

    Attributes:
        photos: How many photos it may send.
        photo_bytes: The size of one of them.
        request_bytes: The size of all together.
        waiting: How many photos of all requests may wait for the network.
        idle_seconds: How long a body may pause.
    """

    photos: int = 1000
    photo_bytes: int = 64 << 20
    request_bytes: int = 1 << 30
    waiting: int = 256
    idle_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is set up.

    Attributes:
        catalogue: A file or a URL; None for the one in the user's data folder.
        model: A bundle; None for the model inside the package.
        device: Where the network runs: `cpu` or `cuda`.
        password: What visitors must know; None where nobody is asked.
        users: Who may sign in, each by name, in place of the one password.
        hosts: The names by which the server may be addressed; None for any.
        folders: Where scans may look, with all that is inside; None for everywhere.
        ingest_folder: Where photos are kept that visitors add; None for a folder beside the
            catalogue.
        cache: Where small pictures are kept; None for the user's cache folder.
        limits: What one request may ask for.
        address: What other machines of the network open, such as `http://192.168.1.5:8000`; None
            where they can't reach the server, or that is not known.
        root_path: Under which part of its site the server is reached, such as `/dogs`; empty at
            the top.

    Raises:
        UsageError: One of the folders is none, or the server can't be under the root path.
    """

    catalogue: str | Path | None = None
    model: Path | None = None
    device: str = "cpu"
    password: Passwords | None = None
    users: Users | None = None
    hosts: frozenset[str] | None = LOOPBACK
    folders: tuple[str, ...] | None = None
    ingest_folder: Path | None = None
    cache: Path | None = None
    limits: Limits = field(default_factory=Limits)
    address: str | None = None
    root_path: str = ""

    def __post_init__(self) -> None:
        if not is_root_path(self.root_path):
            raise UsageError("root_path_invalid", path=self.root_path)
        for folder in self.folders or ():
            if not Path(folder).is_dir():
                raise UsageError("folder_not_found", folder=folder)

    def passing(self, exclude: Sequence[str] = (), follow_links: bool = False) -> Passing:
        """What a scan passes over; no link leads it out of the folders that may be scanned.

        Raises:
            UsageError: A pattern to exclude is none.
        """
        return Passing(tuple(exclude), follow_links, self.folders)

    def may_scan(self, folder: str) -> bool:
        """Whether a scan may look there, links followed."""
        if self.folders is None:
            return True
        place = Path(os.path.realpath(folder))
        return any(place.is_relative_to(os.path.realpath(root)) for root in self.folders)
