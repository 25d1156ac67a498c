"""Every exception that Barkive raises on purpose.

Each carries a stable code, for programs, and the values that its sentence needs. The sentence is
for the person at the keyboard: it names the file or the value, what is allowed, and what to do.
It stands in `messages`, in each language. Each front end turns `BarkiveError` into its own answer
once (the command line: that sentence on standard error and `exit_code`).
"""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Self

from barkive.messages import Language, Message, Named


class BarkiveError(Exception):
    """The root of the tree; catch it to catch all of Barkive's own errors.

    Attributes:
        message: What it says, in no language yet.
    """

    exit_code = 2

    def __init__(self, code: str, **params: Any) -> None:
        """An error from its code and what stands in the braces of its sentence."""
        super().__init__(code)
        self.message = Message(code, {name: _said(value) for name, value in params.items()})

    @classmethod
    def of(cls, message: Message) -> Self:
        """An error that says a message."""
        error = cls.__new__(cls)
        Exception.__init__(error, message.code)
        error.message = message
        return error

    @property
    def code(self) -> str:
        """What is wrong, such as `photo_cut_off`; stable, for programs."""
        return self.message.code

    @property
    def params(self) -> Mapping[str, Any]:
        """What stands in the braces of the sentence."""
        return self.message.params

    def text(self, lang: Language = "en") -> str:
        """The sentence in a language."""
        return self.message.text(lang)

    def __str__(self) -> str:
        return self.text()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (self.message,)


def _said(value: Any) -> Any:
    """A value of a sentence: numbers, text, messages, names, and lists of them; else as text."""
    match value:
        case BarkiveError():
            return value.message
        case bool() | int() | float() | str() | Message() | Named():
            return value
        case list() | tuple():
            return tuple(_said(one) for one in value)
        case _:
            return str(value)


_OF_SYSTEM: Mapping[int, str] = {
    errno.EPERM: "system_eperm",
    errno.ENOENT: "system_enoent",
    errno.EIO: "system_eio",
    errno.EACCES: "system_eacces",
    errno.EBUSY: "system_ebusy",
    errno.EEXIST: "system_eexist",
    errno.EXDEV: "system_exdev",
    errno.ENODEV: "system_enodev",
    errno.ENOTDIR: "system_enotdir",
    errno.EISDIR: "system_eisdir",
    errno.ENFILE: "system_enfile",
    errno.EMFILE: "system_emfile",
    errno.EFBIG: "system_efbig",
    errno.ENOSPC: "system_enospc",
    errno.EROFS: "system_erofs",
    errno.ENOMEM: "system_enomem",
    errno.ENAMETOOLONG: "system_enametoolong",
    errno.ELOOP: "system_eloop",
    errno.EDQUOT: "system_edquot",
    errno.ESTALE: "system_estale",
    errno.ETIMEDOUT: "system_etimedout",
    errno.ECONNREFUSED: "system_econnrefused",
    errno.EADDRINUSE: "system_eaddrinuse",
    errno.EADDRNOTAVAIL: "system_eaddrnotavail",
}


def system_reason(error: OSError) -> Message | str:
    """What the system says of an error, for the `reason` of a sentence; of odd ones with advice.

    Args:
        error: Of the system, or of a library that passes its words on without a number.
    """
    number = error.errno or 0
    code = _OF_SYSTEM.get(number)
    # Who raises one with other words has more to say.
    if code is not None and error.strerror in (None, os.strerror(number)):
        return Message(code)
    return error.strerror or str(error) or type(error).__name__


class UsageError(BarkiveError):
    """An argument, an option or a setting is wrong."""


class UnknownBreedError(UsageError):
    """No breed is called so.

    With `can_be_added`, it may be taken as it is written, if the person says so.
    """

    def __init__(
        self, query: str, nearest: Sequence[str | Named], *, can_be_added: bool = False
    ) -> None:
        close = "breed_advice_nearest" if nearest else "breed_advice"
        how = f"{close}_other" if can_be_added else close
        advice = Message(how, {"nearest": tuple(nearest)} if nearest else {})
        super().__init__("breed_unknown", query=query, advice=advice)

    @property
    def query(self) -> str:
        """What was asked for."""
        return str(self.params["query"])

    @property
    def nearest(self) -> tuple[str | Named, ...]:
        """Breeds whose names are close to it, the closest first."""
        return tuple(self.params["advice"].params.get("nearest", ()))


class MissingExtraError(BarkiveError):
    """A part of Barkive that is not installed was asked for."""

    def __init__(self, extra: str, purpose: str, **params: Any) -> None:
        """An error for an extra, and the message that says what needs it: code and values."""
        command = f"{shlex.quote(sys.executable)} -m pip install 'barkive[{extra}]'"
        super().__init__(
            "missing_extra", purpose=Message(purpose, params), extra=extra, command=command
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


class UnknownDogError(UsageError):
    """A photo has no such dog."""


class UnknownAnimalError(CatalogueError):
    """A catalogue does not hold the animal that is meant."""


class AnimalCodeTakenError(UsageError):
    """Another animal has the code already; nothing was written."""


class AnimalChangedMeanwhileError(UsageError):
    """Somebody has changed an animal, or the photos of one, since; nothing was written."""


class NothingToSayError(UsageError):
    """A photo can't be corrected, or has no correction that could be taken back."""


class ReviewedMeanwhileError(UsageError):
    """Somebody else has spoken of a photo since it was taken to be reviewed."""


class SwitchedMeanwhileError(UsageError):
    """Another model was put to use in a catalogue meanwhile; what was done for the first stands."""


class ChangedPhotoError(UsageError):
    """A photo's file holds another picture than the one that was spoken of, or can't be read."""


class SourceAwayError(UsageError):
    """Most of what a source held is gone at once: it may be away, and nothing was changed."""


class UnknownScanError(UsageError):
    """There is no scan with the id that is meant."""


class LearningError(UsageError):
    """A model can't learn, or what it has learned may not be used; the one in use stays."""


class UnknownLearningError(UsageError):
    """There is no learning with the id that is meant."""


class UnknownExportError(UsageError):
    """There is no export with the id that is meant."""


class BusyError(BarkiveError):
    """More work waits than can be taken; what was refused can be tried again later."""


class WeightsError(BarkiveError):
    """A backbone's name is unknown, or its pre-trained weights are missing or don't fit it."""


class ExportError(BarkiveError):
    """A network can't be exported, or its bundle answers differently; no bundle is written."""

    exit_code = 1
