"""Photos in object stores, such as `s3://bucket/folder`, through fsspec. Knows no formats.

What a store refuses for the moment (it throttles, or a connection breaks) is tried again
with growing pauses, by the store's own library where that can. A photo's URL is text that is
kept as it was given; credentials are the store's own matter (environment, configuration
files, roles) and never part of it.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from typing import IO, Any, NamedTuple, TypeVar

from barkive.errors import BarkiveError, MissingExtraError, PhotoError, StoreError, UsageError
from barkive.images.files import EXTENSIONS, Tally, natural, refuse_large
from barkive.images.passing import IGNORE, MAX_IGNORE_BYTES, NOTHING_MORE, Level, Passing

Result = TypeVar("Result")

# Two letters at least, because one is a drive of Windows.
_URL = re.compile(r"([a-z][a-z0-9+.-]+)://(?=[^/])")
_TRIES, _FIRST_PAUSE, _LONGEST_PAUSE = 6, 0.5, 8.0
_TIMES = ("LastModified", "updated", "mtime", "last_modified", "modified", "created")
# Those that no second try changes.
_FINAL = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError, ValueError)
_NOT_THERE = (404, 410)
# Stores of keys, in which a slash may follow on a slash.
_OF_KEYS = ("s3", "s3a", "gs", "gcs")
# What a URL is signed with: whoever has the URL has the photo.
_SECRETS = {
    *("x-amz-signature", "x-goog-signature", "sig", "signature"),
    *("token", "access_token", "awsaccesskeyid"),
}


class Stored(NamedTuple):
    """A photo as a store lists it.

    Attributes:
        path: Its URL.
        size: In bytes.
        mtime_ns: When it was last written, in nanoseconds since 1970; None where the store
            does not tell.
    """

    path: str
    size: int | None
    mtime_ns: int | None


class Folder(NamedTuple):
    """What a store lists directly in a folder.

    Attributes:
        folders: The URLs of its folders.
        files: Its files.
    """

    folders: list[str]
    files: list[Stored]


def is_remote(path: str) -> bool:
    """Whether a path is the URL of an object store, and none of this machine's."""
    # Most paths are none, and are asked often.
    return "://" in path and _URL.match(path) is not None


def normal(url: str) -> str:
    """A URL as it is kept: without a slash at its end.

    Raises:
        UsageError: It holds a name, a password, a signature or a token.
    """
    # Neither is repeated: whoever reads it could use it.
    fields = url.partition("?")[2].split("&")
    if any(field.partition("=")[0].lower() in _SECRETS for field in fields):
        raise UsageError("source_url_signed")
    if "@" in url.split("://", 1)[1].partition("/")[0]:
        raise UsageError("source_url_credentials")
    return url.rstrip("/")


def read(url: str, size: int | None = None) -> bytes:
    """The content of a photo.

    Args:
        url: Its own.
        size: In bytes, where a listing has told it; None to ask the store.

    Raises:
        PhotoError: It can't be read, or is too large for a photo.
    """
    try:
        store, name = _open(url)
        if size is None:
            size = _patiently(store, lambda: store.info(name))["size"]
        refuse_large(size or 0)
        content: bytes = _patiently(store, lambda: store.cat_file(name))
    except PhotoError:
        raise
    except FileNotFoundError:
        raise PhotoError("photo_not_found") from None
    except (StoreError, MissingExtraError) as error:
        raise PhotoError.of(error.message) from None
    except Exception as error:  # each store has its own
        if _is_refused(error):
            raise PhotoError("photo_store_refused", reason=_reason(error)) from None
        raise PhotoError("photo_store_failed", reason=_reason(error)) from None
    return content


@contextmanager
def opened(url: str) -> Iterator[IO[bytes]]:
    """A file that is read piece by piece, such as a long list.

    Raises:
        FileNotFoundError: There is none.
        MissingExtraError: What the store needs is not installed.
        StoreError: The store can't be asked, or stops answering while the file is read.
    """
    store, name = _open(url)
    try:
        with _patiently(store, lambda: store.open(name, "rb")) as file:
            yield file
    except (FileNotFoundError, BarkiveError):
        raise
    except Exception as error:
        raise _refusal(url, error) from None


def find(url: str) -> Stored | Folder | None:
    """What a URL stands for: a file, a folder, or nothing.

    Returns:
        None only where the store has said that there is nothing.

    Raises:
        MissingExtraError: What the store needs is not installed.
        StoreError: The store can't be asked, or refuses, so that it can't be told.
    """
    store, name = _open(url)
    try:
        info = _patiently(store, lambda: store.info(name))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:
        raise _refusal(url, error) from None
    return Folder([], []) if info["type"] == "directory" else _stored(url, info)


def listing(url: str) -> Folder:
    """What lies directly in a folder, `img2` before `img10`.

    Hidden names are left out, save `.barkiveignore`.

    A key of S3 or of Google's store may hold empty names, as `a//rex.jpg` does: then the
    folder `…/a` holds a folder `…/a/`, whose name is empty.

    Raises:
        MissingExtraError: What the store needs is not installed.
        StoreError: The store can't be asked.
    """
    store, name = _open(url)
    try:
        found = _patiently(store, lambda: _listed(store, url))
    except (FileNotFoundError, NotADirectoryError):
        return Folder([], [])
    except Exception as error:
        raise _refusal(url, error) from None
    named = [(info["name"].rstrip("/").rpartition("/")[2], info) for info in found]
    content = Folder([], [])
    for last, info in sorted(named, key=lambda one: natural(one[0])):
        is_folder = info["type"] == "directory"
        if info["name"].rstrip("/") == name.rstrip("/"):
            # A mark for the folder itself, unless a slash follows on its own.
            if is_folder and _scheme(url) in _OF_KEYS:
                content.folders.append(f"{url}/")
        elif last.startswith(".") and last != IGNORE:
            continue
        elif is_folder:
            content.folders.append(f"{url}/{last}")
        elif not info["name"].endswith("/"):
            content.files.append(_stored(f"{url}/{last}", info))
    return content


def walk(url: str, passing: Passing = NOTHING_MORE, tally: Tally | None = None) -> Iterator[Stored]:
    """The photos in a folder and in those inside it, as `files.find_photos` gives them.

    Raises:
        MissingExtraError: What the store needs is not installed.
        StoreError: The store can't be asked.
        UsageError: A `.barkiveignore` can't be used.
    """
    tally = tally if tally is not None else Tally()
    waiting: list[tuple[str, Level | None]] = [(url, None)]
    while waiting:
        folder, above = waiting.pop()
        content = listing(folder)
        ignore = next((one for one in content.files if _name(one.path) == IGNORE), None)
        patterns = (ignore.path, _read_ignore(ignore)) if ignore is not None else None
        if above is None:
            level = Level.top(folder, passing, patterns)
        else:
            level = above.enter(_name(folder), patterns)
        for one in content.files:
            name = _name(one.path)
            if tally.takes(name, level.reason(name, is_folder=False)):
                yield one
        inside = []
        for one_inside in content.folders:
            reason = level.reason(_name(one_inside), is_folder=True)
            if reason is None:
                inside.append((one_inside, level))
            else:
                tally.add_folder(reason, partial(_count, one_inside))
        waiting.extend(reversed(inside))


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _read_ignore(file: Stored) -> bytes:
    """The content of a `.barkiveignore`.

    Raises:
        UsageError: It can't be read.
    """
    if (file.size or 0) > MAX_IGNORE_BYTES:
        return b"\0"
    try:
        return read(file.path, file.size)
    except PhotoError as error:
        raise UsageError("ignore_file_store_failed", file=file.path, reason=error) from None


def _count(url: str) -> int:
    """How many files in a folder, at any depth, are named like photos, as far as it is told."""
    number, waiting = 0, [url]
    while waiting:
        try:
            content = listing(waiting.pop())
        except (MissingExtraError, StoreError):
            continue
        number += sum(one.path.lower().endswith(EXTENSIONS) for one in content.files)
        waiting.extend(content.folders)
    return number


def _stored(url: str, info: dict[str, Any]) -> Stored:
    moment = next((info[key] for key in _TIMES if info.get(key) is not None), None)
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            moment = None
    if isinstance(moment, datetime):
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        moment = moment.timestamp()
    return Stored(url, info.get("size"), None if moment is None else round(moment * 1e6) * 1000)


@cache
def _store(scheme: str) -> Any:
    try:
        import fsspec
    except ModuleNotFoundError:
        raise MissingExtraError("cloud", "purpose_stored_photo", scheme=scheme) from None
    # Without a handler Python prints what it logs, which is each refusal with its traceback.
    logging.getLogger("gcsfs").addHandler(logging.NullHandler())
    try:
        # What was listed once may have changed, and lists of millions fill the memory.
        return fsspec.filesystem(scheme, use_listings_cache=False)
    except ImportError:
        raise MissingExtraError("cloud", "purpose_stored_photo", scheme=scheme) from None
    except ValueError:
        raise StoreError("store_unknown", scheme=scheme) from None


def _open(url: str) -> tuple[Any, str]:
    """The store of a URL, and the name that the store has for it."""
    store = _store(_scheme(url))
    return store, store._strip_protocol(url)


def _scheme(url: str) -> str:
    return url.partition("://")[0]


def _listed(store: Any, url: str) -> list[dict[str, Any]]:
    """What a store has to say of all that lies directly in a folder."""
    rest = url.partition("://")[2] + "/"
    if "//" not in rest:
        return list(store.ls(store._strip_protocol(url), detail=True))
    # Such a folder has no path of its own, only a prefix of keys.
    bucket, _, prefix = rest.partition("/")
    if _scheme(url).startswith("s3"):
        # Its `ls` takes no prefix.
        from fsspec.asyn import sync

        return list(sync(store.loop, store._lsdir, bucket, prefix=prefix))
    found = store.ls(bucket, detail=True, prefix=prefix)
    # The mark of the folder itself bears the bucket's name.
    return [info for info in found if info["name"] != bucket]


def _patiently(store: Any, ask: Callable[[], Result]) -> Result:
    """Asks a store until it answers, or has refused often enough."""
    # A library that tries again itself is asked once: its tries would be multiplied.
    tries = 1 if hasattr(store, "retries") else _TRIES
    for tried in range(1, tries + 1):
        try:
            return ask()
        except Exception as caught:
            error = _meant(caught)
            if tried == tries or isinstance(error, _FINAL) or _is_refused(error):
                raise error from error.__cause__
        pause = min(_FIRST_PAUSE * 2 ** (tried - 1), _LONGEST_PAUSE)
        # Many workers that are refused at once must not come back at once.
        _sleep(pause * random.uniform(0.5, 1.5))
    raise AssertionError("unreachable")


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _meant(error: Exception) -> Exception:
    """What has happened, where a library calls it something else."""
    # A 403 is a plain error to Google's library.
    if _status(error) == 403 or (type(error) is OSError and str(error).startswith("Forbidden")):
        return PermissionError(_reason(error))
    cause = error.__cause__
    if not isinstance(error, FileNotFoundError) or not isinstance(cause, Exception):
        return error
    # To fsspec's HTTP whatever goes wrong is a file that is not there; to its store in memory
    # a file is looked up.
    is_told = isinstance(cause, LookupError) or _status(cause) in _NOT_THERE
    return error if is_told else _meant(cause)


def _is_refused(error: Exception) -> bool:
    """Whether a store refuses who asks, which no second try changes."""
    # Missing keys have no class in common.
    is_unknown = _status(error) == 401 or "Credentials" in type(error).__name__
    return is_unknown or isinstance(error, PermissionError)


def _status(error: Exception) -> int | None:
    """The status of HTTP that an error tells of; each library keeps it elsewhere."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        names = ("status", "status_code", "code")
        status = next((getattr(error, name) for name in names if hasattr(error, name)), None)
    return status if isinstance(status, int) else None


def _refusal(url: str, error: Exception) -> StoreError:
    error = _meant(error)
    if _is_refused(error):
        return StoreError("store_refused", url=url, reason=_reason(error))
    return StoreError("store_no_answer", url=url, reason=_reason(error))


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
