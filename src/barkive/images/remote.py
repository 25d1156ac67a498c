"""Photos in object stores, such as `s3://bucket/folder`, through fsspec. Knows no formats.

What a store refuses for the moment (it throttles, or a connection breaks) is tried again
with growing pauses. A photo's URL is text that is kept as it was given; credentials are the
store's own matter (environment, configuration files, roles) and never part of it.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import IO, Any, NamedTuple, TypeVar

from barkive.errors import MissingExtraError, PhotoError, StoreError, UsageError
from barkive.images.files import EXTENSIONS, natural

Result = TypeVar("Result")

# Two letters at least, because one is a drive of Windows.
_URL = re.compile(r"([a-z][a-z0-9+.-]+)://(?=[^/])")
_TRIES, _FIRST_PAUSE, _LONGEST_PAUSE = 6, 0.5, 8.0
_TIMES = ("LastModified", "updated", "mtime", "last_modified", "modified", "created")
# Those that no second try changes.
_FINAL = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError, ValueError)


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
    return _URL.match(path) is not None


def normal(url: str) -> str:
    """A URL as it is kept: without a slash at its end.

    Raises:
        UsageError: It holds a name or a password.
    """
    if "@" in url.split("://", 1)[1].partition("/")[0]:
        # Not repeated: it may hold a password.
        raise UsageError(
            "A URL of photos may hold no name or password; give credentials to the object "
            "store's own settings, such as AWS_PROFILE or GOOGLE_APPLICATION_CREDENTIALS."
        )
    return url.rstrip("/")


def read(url: str) -> bytes:
    """The content of a photo.

    Raises:
        PhotoError: It can't be read.
    """
    try:
        store, name = _open(url)
        content: bytes = _patiently(lambda: store.cat_file(name))
    except FileNotFoundError:
        raise PhotoError("The file does not exist.") from None
    except PermissionError:
        raise PhotoError("No permission to read the file.") from None
    except (StoreError, MissingExtraError) as error:
        raise PhotoError(str(error)) from None
    except Exception as error:  # each store has its own
        raise PhotoError(f"The object store does not give the file: {_reason(error)}.") from None
    return content


@contextmanager
def opened(url: str) -> Iterator[IO[bytes]]:
    """A file that is read piece by piece, such as a long list.

    Raises:
        FileNotFoundError: There is none.
        StoreError: The store can't be asked.
    """
    store, name = _open(url)
    try:
        file = _patiently(lambda: store.open(name, "rb"))
    except FileNotFoundError:
        raise
    except Exception as error:
        raise _refusal(url, error) from None
    with file:
        yield file


def find(url: str) -> Stored | Folder | None:
    """What a URL stands for: a file, a folder, or nothing.

    Raises:
        MissingExtraError: What the store needs is not installed.
        StoreError: The store can't be asked.
    """
    store, name = _open(url)
    try:
        info = _patiently(lambda: store.info(name))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:
        raise _refusal(url, error) from None
    return Folder([], []) if info["type"] == "directory" else _stored(url, info)


def listing(url: str) -> Folder:
    """What lies directly in a folder, `img2` before `img10`; hidden names are left out.

    Raises:
        MissingExtraError: What the store needs is not installed.
        StoreError: The store can't be asked.
    """
    store, name = _open(url)
    try:
        found = _patiently(lambda: store.ls(name, detail=True))
    except (FileNotFoundError, NotADirectoryError):
        return Folder([], [])
    except Exception as error:
        raise _refusal(url, error) from None
    named = {one["name"].rstrip("/"): one for one in found}
    # Some stores list a mark for the folder itself.
    named.pop(name.rstrip("/"), None)
    infos = {full.rpartition("/")[2]: info for full, info in named.items()}
    content = Folder([], [])
    for last in sorted((one for one in infos if not one.startswith(".")), key=natural):
        info, path = infos[last], f"{url.rstrip('/')}/{last}"
        if info["type"] == "directory":
            content.folders.append(path)
        elif not info["name"].endswith("/"):
            content.files.append(_stored(path, info))
    return content


def walk(url: str) -> Iterator[Stored]:
    """The photos in a folder and in those inside it, as `files.find_photos` gives them."""
    waiting = [url]
    while waiting:
        content = listing(waiting.pop())
        yield from (one for one in content.files if one.path.lower().endswith(EXTENSIONS))
        waiting.extend(reversed(content.folders))


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
        raise MissingExtraError("cloud", f"A photo at {scheme}://") from None
    try:
        # What was listed once may have changed, and lists of millions fill the memory.
        return fsspec.filesystem(scheme, use_listings_cache=False)
    except ImportError:
        raise MissingExtraError("cloud", f"A photo at {scheme}://") from None
    except ValueError:
        raise StoreError(
            f"Barkive knows no object store {scheme}://; s3:// and gs:// are usual."
        ) from None


def _open(url: str) -> tuple[Any, str]:
    """The store of a URL, and the name that the store has for it."""
    match = _URL.match(url)
    assert match is not None
    store = _store(match.group(1))
    return store, store._strip_protocol(url)


def _patiently(ask: Callable[[], Result]) -> Result:
    """Asks a store until it answers, or has refused often enough."""
    for tries in range(1, _TRIES + 1):
        try:
            return ask()
        except Exception as error:
            # A missing key is no passing refusal either, and has no class in common.
            if isinstance(error, _FINAL) or "Credentials" in type(error).__name__:
                raise
            if tries == _TRIES:
                raise
        pause = min(_FIRST_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE)
        # Many workers that are refused at once must not come back at once.
        _sleep(pause * random.uniform(0.5, 1.5))
    raise AssertionError("unreachable")


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _refusal(url: str, error: Exception) -> StoreError:
    if "Credentials" in type(error).__name__ or isinstance(error, PermissionError):
        return StoreError(
            f"The object store refuses {url}: {_reason(error)}; check the credentials in its "
            "own settings, such as AWS_PROFILE or GOOGLE_APPLICATION_CREDENTIALS."
        )
    return StoreError(
        f"The object store does not answer for {url}: {_reason(error)}; run the command again "
        "later, what was done is kept."
    )


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
