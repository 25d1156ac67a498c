"""Every exception that Barkive raises on purpose.

The message of each is one sentence for the person at the keyboard: it names the
file or the value, what is allowed, and what to do. Each front end turns
`BarkiveError` into its own answer once (the command line: that sentence on
standard error and `exit_code`).
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence


class BarkiveError(Exception):
    """The root of the tree; catch it to catch all of Barkive's own errors."""

    exit_code = 2


class UsageError(BarkiveError):
    """An argument, an option or a setting is wrong."""


class UnknownBreedError(UsageError):
    """No breed is called so; `nearest` holds what is close to it.

    With `can_be_added`, it may be taken as it is written, if the person says so.
    """

    def __init__(self, query: str, nearest: Sequence[str], *, can_be_added: bool = False) -> None:
        self.query = query
        self.nearest = tuple(nearest)
        close = f" The nearest names: {', '.join(self.nearest)}." if self.nearest else ""
        how = (
            "Give one of them, or take the name as it is written with --other."
            if can_be_added and self.nearest
            else "To take the name as it is written, add --other."
            if can_be_added
            else "`barkive breeds` lists all it knows."
        )
        super().__init__(f"Barkive knows no breed called “{query}”.{close} {how}")


class MissingExtraError(BarkiveError):
    """A part of Barkive that is not installed was asked for."""

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra = extra
        super().__init__(
            f"{purpose} needs the extra “{extra}”; install it with: "
            f"{shlex.quote(sys.executable)} -m pip install 'barkive[{extra}]'"
        )


class PhotoError(BarkiveError):
    """A photo can't be read; the message is the reason, without the file's name.

    Inside a run it becomes a `failed` verdict and never stops the run.
    """

    exit_code = 1


class PassingError(PhotoError):
    """A photo can't be read for now: the cause may pass while its file stays as it is."""


class DataError(BarkiveError):
    """A folder of breeds can't be trained or evaluated on as it is."""


class BundleError(BarkiveError):
    """A model file is missing, corrupt, not a Barkive bundle, or of another format version."""


class DeviceError(BarkiveError):
    """The device that the network is to run on is missing, does not start, or fails."""


class StoreError(BarkiveError):
    """An object store of photos is unknown, refuses, or does not answer."""


class ClusterError(BarkiveError):
    """A cluster can't be reached, is of other versions, or has ended the work."""


class CatalogueError(BarkiveError):
    """A catalogue is missing, locked, damaged, of a newer schema, or can't be reached."""


class DamagedCatalogueError(CatalogueError):
    """A catalogue's file is no sound database; it is left as it is."""


class ReadOnlyCatalogueError(CatalogueError):
    """A catalogue can only be read, by this user or from this disk; nothing was written."""


class UnknownPhotoError(CatalogueError):
    """A catalogue does not hold the photo that is meant."""


class NothingToSayError(UsageError):
    """A photo can't be corrected, or has no correction that could be taken back."""


class ReviewedMeanwhileError(UsageError):
    """Somebody else has spoken of a photo since it was taken to be reviewed."""


class ChangedPhotoError(UsageError):
    """A photo's file holds another picture than the one that was spoken of, or can't be read."""


class SourceAwayError(UsageError):
    """Most of what a source held is gone at once: it may be away, and nothing was changed."""


class UnknownScanError(UsageError):
    """There is no scan with the id that is meant."""


class BusyError(BarkiveError):
    """More work waits than can be taken; what was refused can be tried again later."""


class WeightsError(BarkiveError):
    """A backbone's name is unknown, or its pre-trained weights are missing or don't fit it."""


class ExportError(BarkiveError):
    """A network can't be exported, or its bundle answers differently; no bundle is written."""

    exit_code = 1
