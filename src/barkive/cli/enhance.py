"""`barkive enhance`: photos adjusted, and shown before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.options import PATH, photos_argument

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_QUALITY = 95
# The most pixels that a side of a JPEG can have.
_LONGEST_JPEG = 65500
# In characters; with what is added, the bytes of most file systems' limit of 255.
_LONGEST_NAME = 50
_ENDINGS = ("-enhanced.jpg", "-enhanced.png", "-before-after.png")


@click.command()
@photos_argument
@click.option(
    "--out",
    metavar="FOLDER",
    type=PATH,
    required=True,
    help="A folder to write photos and pictures into.",
)
@click.option(
    "--enhance",
    "names",
    metavar="NAMES",
    default="denoise,stretch",
    help="The adjustments, in order: stretch, equalize, clahe, gaussian, median, "
    "bilateral, nlm, denoise.",
)
@click.option(
    "--low",
    metavar="PERCENT",
    type=float,
    default=1.0,
    help="The percentile that stretch makes black.",
)
@click.option(
    "--high",
    metavar="PERCENT",
    type=float,
    default=99.0,
    help="The percentile that stretch makes white.",
)
def enhance(photos: tuple[str, ...], out: Path, names: str, low: float, high: float) -> None:
    """Adjust photos: brightness, contrast, noise.

    Needs the extras “enhance” and “report”. For each photo, DIR gets the adjusted photo,
    NAME-enhanced.jpg (.png if it was one), of full size and upright, and a picture
    NAME-before-after.png with histograms. Camera data, place and date stay behind.

    stretch spreads the histogram between two percentiles, equalize makes it even, clahe
    does so tile by tile; gaussian, median, bilateral and nlm (non-local means, slow) are
    filters against noise; denoise estimates the noise and chooses the filter.

    Exit status: 0 all went well, 1 some photos could not be read, 2 wrong usage.
    """
    from barkive.cli.output import printable
    from barkive.cli.progress import progress
    from barkive.errors import PhotoError, UsageError
    from barkive.evaluation import prepare_report, write_files
    from barkive.exploration import before_after as drawing
    from barkive.images import decode, find_photos
    from barkive.images import enhance as adjustments

    chosen = adjustments.parse_adjustments(names)
    adjustments.check_adjustments(chosen)
    adjustments.check_percentiles(low, high)
    if not chosen:
        raise UsageError("enhance_correction_missing", names=", ".join(adjustments.ADJUSTMENTS))
    # Whatever the adjustments, the noise is measured for the picture.
    adjustments.require_adjustments((*chosen, "denoise"))
    drawing.require_matplotlib()
    # Listed before anything is written: DIR may lie in one of the folders.
    paths = list(find_photos(photos))
    if not paths:
        raise UsageError("enhance_no_photos", names=", ".join(map(printable, photos)))
    prepare_report(out)
    name_of = _names(paths, out)
    failures: list[tuple[str, str]] = []
    with progress("Adjusting") as advance:
        # One at a time: OpenCV uses all cores by itself, and a decoded photo can be large.
        for done, path in enumerate(paths, 1):
            try:
                before = decode(path)
                with _memory_permitting():
                    after = adjustments.enhance(before, chosen, low=low, high=high)
                    extension, content = _encoded(after, path)
                    title = printable(Path(path).name)
                    picture = drawing.before_after(
                        before, after, title=title, adjustments=", ".join(chosen)
                    )
            except PhotoError as error:
                failures.append((path, str(error)))
            else:
                name = name_of(path)
                adjusted = f"{name}-enhanced{extension}"
                write_files(out, {adjusted: content, f"{name}-before-after.png": picture})
                click.echo(f"{printable(path)}: {printable(str(out / adjusted))}")
            advance(done, len(paths))
    for path, reason in failures:
        click.echo(f"{printable(path)}: {reason}", err=True)
    if len(paths) > 1:
        failed = f"; {len(failures)} could not be read" if failures else ""
        click.echo(f"{len(paths) - len(failures)} photos adjusted{failed}: {out}", err=True)
    if failures:
        raise click.exceptions.Exit(1)


@contextmanager
def _memory_permitting() -> Iterator[None]:
    """Turns a lack of memory, NumPy's and OpenCV's, into the failure of one photo."""
    import cv2

    from barkive.errors import PhotoError

    try:
        yield
    except MemoryError:
        raise PhotoError("photo_enhance_out_of_memory") from None
    except cv2.error as error:
        if error.code != cv2.Error.StsNoMem:
            raise
        raise PhotoError("photo_enhance_out_of_memory") from None


def _encoded(pixels: NDArray[np.uint8], path: str) -> tuple[str, bytes]:
    """The extension and the content of a file: PNG where the photo was one, else JPEG."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if path.lower().endswith((".png", ".apng")) or max(image.size) > _LONGEST_JPEG:
        image.save(buffer, "PNG")
        return ".png", buffer.getvalue()
    image.save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return ".jpg", buffer.getvalue()


def _names(paths: Iterable[str], out: Path) -> Callable[[str], str]:
    """A function that names what is written for a photo, without ending.

    Photos of one name are told apart by a number, and no photo among those given is ever
    overwritten. Case is ignored, because some file systems ignore it.
    """
    home = out.resolve()
    taken = {Path(path).name.casefold() for path in paths if Path(path).parent.resolve() == home}

    def name_of(path: str) -> str:
        stem = name = Path(path).stem[:_LONGEST_NAME]
        number = 1
        while taken & (files := {f"{name}{ending}".casefold() for ending in _ENDINGS}):
            number += 1
            name = f"{stem}-{number}"
        taken.update(files)
        return name

    return name_of
