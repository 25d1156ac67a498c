"""`barkive sift`: the key points of photos, drawn and listed."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from barkive.cli.options import PATH, photos_argument

if TYPE_CHECKING:
    from barkive.images.keypoints import Keypoints

_TABLE = "keypoints.csv"
_QUALITY = 90
# In characters; with what is added, the bytes of most file systems' limit of 255.
_LONGEST_NAME = 50


@click.command()
@photos_argument
@click.option(
    "--out",
    metavar="FOLDER",
    type=PATH,
    required=True,
    help="A folder to write pictures and tables into.",
)
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    default=200,
    help="How many key points a photo: the strongest.",
)
def sift(photos: tuple[str, ...], out: Path, limit: int) -> None:
    """Draw the SIFT key points of photos: positions, sizes and orientations.

    Needs the extra “enhance”. For each photo, DIR gets a picture NAME-sift.jpg and an
    archive NAME-sift.npz with the descriptors for NumPy; keypoints.csv lists the key points
    of all, in pixels of the upright photo. Photos are searched at 1024 pixels at most.

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    from barkive.cli.output import printable
    from barkive.cli.progress import progress
    from barkive.errors import PhotoError, UsageError
    from barkive.evaluation import make_folder, write_files
    from barkive.images import decode, find_photos
    from barkive.images.keypoints import draw_keypoints, find_keypoints, require_opencv

    require_opencv()
    # Listed before anything is written: DIR may lie in one of the folders.
    paths = list(find_photos(photos))
    if not paths:
        raise UsageError("enhance_no_photos", names=", ".join(map(printable, photos)))
    make_folder(out)
    name_of = _names(paths, out)
    failures: list[tuple[str, str]] = []
    total = 0
    with _table(out) as write, progress("Finding key points") as advance:
        # One at a time: OpenCV uses all cores by itself, and a decoded photo can be large.
        for done, path in enumerate(paths, 1):
            try:
                pixels = decode(path)
            except PhotoError as error:
                failures.append((path, str(error)))
                advance(done, len(paths))
                continue
            found = find_keypoints(pixels, limit)
            name = name_of(path)
            files = {
                f"{name}.jpg": _jpeg(draw_keypoints(pixels, found)),
                f"{name}.npz": _archive(found),
            }
            write_files(out, files)
            write(_rows(path, found))
            number = _counted(len(found), "key point")
            click.echo(f"{printable(path)}: {number}, {printable(name)}.jpg")
            total += len(found)
            advance(done, len(paths))
    for path, reason in failures:
        click.echo(f"{printable(path)}: {reason}", err=True)
    failed = f"; {len(failures)} could not be read" if failures else ""
    read = _counted(len(paths) - len(failures), "photo")
    click.echo(f"{_counted(total, 'key point')} in {read}{failed}: {out / _TABLE}", err=True)
    if failures:
        raise click.exceptions.Exit(1)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _names(paths: Iterable[str], out: Path) -> Callable[[str], str]:
    """A function that names what is written for a photo, without the extension.

    Photos of one name are told apart by a number, and no photo among those given is ever
    overwritten. Case is ignored, because some file systems ignore it.
    """
    folder = os.path.realpath(out)
    taken = {
        os.path.splitext(os.path.basename(path))[0].casefold()  # noqa: PTH119, PTH122
        for path in paths
        if os.path.realpath(os.path.dirname(path)) == folder  # noqa: PTH120
    }

    def name_of(path: str) -> str:
        stem = Path(path).stem[:_LONGEST_NAME]
        number, name = 1, f"{stem}-sift"
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}-sift"
        taken.add(name.casefold())
        return name

    return name_of


def _jpeg(picture: Any) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _archive(found: Keypoints) -> bytes:
    import io
    from dataclasses import asdict

    import numpy as np

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **asdict(found))
    return buffer.getvalue()


def _rows(path: str, found: Keypoints) -> Iterator[Sequence[Any]]:
    columns = (found.sizes, found.orientations, found.strengths)
    for (x, y), size, orientation, strength in zip(found.positions, *columns, strict=True):
        yield path, f"{x:.2f}", f"{y:.2f}", f"{size:.2f}", f"{orientation:.1f}", f"{strength:.5f}"


@contextmanager
def _table(out: Path) -> Iterator[Callable[[Iterable[Sequence[Any]]], None]]:
    """Opens the table of key points, which appears under its name when it is whole.

    Written as it grows: the key points of ten thousand photos would not fit into memory.
    """
    from barkive.atomic import replacing
    from barkive.cli.standard_streams import ResultsUnwritableError
    from barkive.evaluation import cannot_write

    path = out / _TABLE
    # A file name that is no valid text on this system still gives a readable row.
    odd = "backslashreplace"
    try:
        with (
            replacing(path) as part,
            part.open("w", encoding="utf-8", errors=odd, newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("file", "x", "y", "size", "orientation", "strength"))
            yield writer.writerows
    except ResultsUnwritableError:  # of standard output
        raise
    except OSError as error:
        raise cannot_write(path, error) from None
