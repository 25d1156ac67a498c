"""The one decoder: from any photo to upright sRGB pixels, or to the reason why not.

Knows nothing of squares or of models. Pillow does the decoding for every format; each
format's plugin is opened here directly, by the file's content. That leaves no way in for
formats that are not on the list, and none for a file name that lies.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from barkive.errors import MissingExtraError, PassingError, PhotoError, system_reason
from barkive.images import png, raw
from barkive.images.colour import flatten, to_srgb, white
from barkive.images.files import refuse_large
from barkive.images.memory import budget
from barkive.images.remote import is_remote, read

Photo = str | os.PathLike[str] | bytes | Image.Image | NDArray[np.uint8]

# The largest phone sensors have 200 megapixels; 250 decoded take about a gigabyte.
_MAX_MEGAPIXELS = 250
# A photo of more pixels, or one whose decoding needs more bytes, is large: it takes a second
# or longer, and others should not have to wait for it.
_LARGE_MEGAPIXELS = 50
_LARGE_BYTES = 256 << 20
# What is larger than this is brought to sRGB in strips of so many pixels. Each pixel of one
# needs up to so many bytes for a moment: it is cut out, made transparent, laid on white.
_STRIP_PIXELS = 1 << 20
_STRIP_BYTES = 24
# What decoders need for a pixel beside Pillow's own copy, measured: `benchmarks/memory.py`.
_BYTES_BESIDE = {"WEBP": 12, "AVIF": 8}
# Every scan of a progressive JPEG passes over the whole picture, and an empty one takes
# hardly a byte: without a limit a small file could decode for hours. Encoders write about 10.
_MAX_SCANS = 100


class LargePhotoError(PhotoError):
    """A photo takes a second or longer to decode, or much memory, and was not for that."""

    def __init__(self) -> None:
        super().__init__("photo_large")


def decode(
    photo: Photo, *, shorter_side: int | None = None, large: bool = True
) -> NDArray[np.uint8]:
    """Decodes a photo. Safe to call from several threads at once.

    The first picture of the file is taken, turned upright by its EXIF orientation (a
    Pillow image's own too), laid on white where it is transparent (as a web page or a
    print would show it), brought to 8 bits, and converted from its colour profile to sRGB.

    Args:
        photo: A path, a file's content, a Pillow image, or an array of 0..255: shape
            (height, width) for grey, (height, width, 3) for RGB, (height, width, 4) for RGBA.
        shorter_side: The side in pixels that the caller will shrink the photo to; a
            larger one may come back reduced, its shorter side no shorter than that. A
            large JPEG is then decoded at 1/2, 1/4 or 1/8 scale, in a fraction of the time.
        large: Whether to decode a photo that takes long or much memory, which may have to
            wait for others until there is enough, see `memory.Budget`.

    Returns:
        RGB, shape (height, width, 3), 0..255, C-contiguous.

    Raises:
        PhotoError: The photo can't be read; the message says why, in one sentence.
        LargePhotoError: It is large, and is not to be decoded then.
    """
    if isinstance(photo, np.ndarray):
        photo = _from_array(photo)
    if not isinstance(photo, (str, os.PathLike, bytes, Image.Image)):
        raise PhotoError("photo_type_unsupported", type=type(photo).__name__)
    # The memory counts as taken until all that was decoded has gone, the errors' frames included.
    with ExitStack() as taken:
        try:
            return _decoded(photo, shorter_side, large, taken)
        except PhotoError:
            raise
        except Image.DecompressionBombError:
            refusal = PhotoError("photo_decompression_bomb")
        except MemoryError:
            refusal = PassingError("photo_out_of_memory")
        except Exception as error:  # plugins raise almost anything when the bytes are wrong
            if isinstance(error, EOFError) or "truncated" in str(error).lower():
                refusal = PassingError("photo_cut_off")
            else:
                refusal = PhotoError("photo_damaged")
        raise refusal


def _decoded(
    photo: str | os.PathLike[str] | bytes | Image.Image,
    shorter_side: int | None,
    large: bool,
    taken: ExitStack,
) -> NDArray[np.uint8]:
    if isinstance(photo, Image.Image):
        return _pixels(photo, b"", shorter_side, large, taken)
    content = photo if isinstance(photo, bytes) else read_file(photo)
    if sniff(content) == "RAW":
        content = raw.preview(content)
    with open_photo(content) as image:
        _check_size(image)
        if not large and _is_large(image):
            raise LargePhotoError
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            _prepare_jpeg(image, content, shorter_side)
        return _pixels(image, content, shorter_side, large, taken)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The content of a regular file, or of one in an object store by its URL.

    Anything else could block, or never end.

    Raises:
        PhotoError: It can't be read, is no regular file, or is too large for a photo.
    """
    if isinstance(path, str) and is_remote(path):
        return read(path)
    try:
        status = os.stat(path)  # noqa: PTH116 - Path() would refuse odd names earlier
        if stat.S_ISDIR(status.st_mode):
            if not os.access(path, os.R_OK | os.X_OK):
                raise PassingError("photo_folder_no_permission")
            raise PhotoError("photo_is_folder")
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError("photo_is_device")
        refuse_large(status.st_size)
        with open(path, "rb") as file:  # noqa: PTH123
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise PhotoError("photo_not_found") from None
    except PermissionError:
        raise PassingError("photo_no_permission") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise PhotoError("photo_link_loop") from None
        raise PassingError("photo_unreadable", reason=system_reason(error)) from None
    except ValueError:  # a null byte, or a character that no file name can have
        raise PhotoError("photo_not_found") from None
    return content


def _from_array(array: NDArray[Any]) -> Image.Image:
    """An array as an image, if it is one of the allowed kinds."""
    bands = array.shape[2:]
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or bands not in ((), (3,), (4,)):
        raise PhotoError("photo_array_unsupported", shape=array.shape, type=array.dtype)
    if not array.size:
        raise PhotoError("photo_array_empty", shape=array.shape)
    return Image.fromarray(array)


def reads_heic() -> bool:
    """Whether HEIC photos can be read: the extra `heic` is installed."""
    return find_spec("pillow_heif") is not None


def _open_heic(file: IO[bytes]) -> ImageFile.ImageFile:
    """Opens a HEIC photo; the library turns it upright by itself and says so in its EXIF."""
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise PassingError.of(MissingExtraError("heic", "purpose_heic_photo").message) from None
    opener: Callable[[IO[bytes]], ImageFile.ImageFile] = HeifImageFile
    return opener(file)


# A phone's MPO is a JPEG with more pictures behind the first, and opens as one.
_OPENERS: dict[str, Callable[[IO[bytes]], ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "HEIC": _open_heic,
}
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_VIDEOS = (b"\x1a\x45\xdf\xa3", b"\0\0\x01\xba", b"FLV\x01")  # Matroska and WebM, MPEG, Flash
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def sniff(content: bytes) -> str | None:
    """The format that the first bytes announce, if it is one of `_OPENERS`, or `RAW`."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WebP"
    if content[4:8] == b"ftyp":
        # `mif1` and `msf1` stand for both; the list of compatible brands settles it.
        if content[8:12] in (b"avif", b"avis") or b"avif" in content[16:64]:
            return "AVIF"
        if content[8:12] in _HEIC_BRANDS:
            return "HEIC"
    if raw.is_raw(content):
        return "RAW"
    return next((name for start, name in _SIGNATURES.items() if content.startswith(start)), None)


def _is_video(content: bytes) -> bool:
    if content.startswith(b"RIFF"):
        return content[8:12] == b"AVI "
    return content[4:8] == b"ftyp" or content.startswith(_VIDEOS)


def is_photo(path: str | os.PathLike[str]) -> bool:
    """Whether a file is there and begins as a photo does, whatever it is called."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return sniff(file.read(64)) is not None
    except (OSError, ValueError):
        return False


def open_photo(content: bytes) -> ImageFile.ImageFile:
    """Reads the header alone; of a RAW file that of the JPEG in it."""
    if not content:
        raise PhotoError("photo_empty")
    name = sniff(content)
    if name is None and _is_video(content):
        raise PhotoError("photo_is_video")
    if name is None:
        raise PhotoError("photo_format_unknown", formats=", ".join((*_OPENERS, "RAW")))
    if name == "RAW":
        name, content = "JPEG", raw.preview(content)
    if name == "AVIF" and not AvifImagePlugin.SUPPORTED:
        raise PassingError("photo_avif_unsupported")
    try:
        image = _OPENERS[name](io.BytesIO(content))
        if name == "TIFF":  # which turns itself, also by its XMP, see `exif_orientation`
            image.info.pop("xmp", None)
        return image
    except (PhotoError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise PhotoError("photo_decompression_bomb") from None
    except Exception:
        raise PhotoError("photo_header_damaged", format=name) from None


def _check_size(image: Image.Image) -> None:
    megapixels = image.width * image.height / 1e6
    if megapixels > _MAX_MEGAPIXELS:
        raise PhotoError("photo_too_many_pixels", megapixels=megapixels, limit=_MAX_MEGAPIXELS)


def _prepare_jpeg(
    image: JpegImagePlugin.JpegImageFile, content: bytes, shorter_side: int | None
) -> None:
    """Chooses the scale that a JPEG is decoded at, and refuses one made of endless scans."""
    if "progressive" in image.info and image.fp is not None:
        start = image.fp.tell()
        end = content.find(b"\xff\xd9", start)
        if content.count(b"\xff\xda", start, end) >= _MAX_SCANS:
            raise PhotoError("photo_too_many_scans", limit=_MAX_SCANS)
    if shorter_side is not None:
        image.draft(None, (shorter_side, shorter_side))
    # Fed in one piece, libjpeg need not stop and go back at the end of each block.
    image.decodermaxblock = max(len(content), image.decodermaxblock)


def _is_large(image: Image.Image) -> bool:
    return image.width * image.height > _LARGE_MEGAPIXELS * 1e6


def _pixels(
    image: Image.Image,
    content: bytes,
    shorter_side: int | None,
    large: bool,
    taken: ExitStack,
) -> NDArray[np.uint8]:
    """Decodes an opened image and brings it to upright sRGB.

    Args:
        image: Of a file, or one of the caller's.
        content: Of the file; empty for the caller's image.
        shorter_side: See `decode`.
        large: See `decode`.
        taken: What is left to the caller to give back.
    """
    _check_size(image)
    factor = 1
    if shorter_side is not None:
        # Twice what the caller needs keeps the caller's own, better filter in charge.
        factor = max(1, min(image.size) // (2 * shorter_side))
    need = _need(image, content)
    need += _STRIP_BYTES * min(image.width * image.height, max(_STRIP_PIXELS, image.width * factor))
    # The result, and where the caller is to shrink it, what that takes.
    need += (3 if shorter_side is None else 10) * (image.width * image.height // factor**2)
    if not large and need > _LARGE_BYTES:
        raise LargePhotoError
    taken.enter_context(budget().taken(need))
    return _assembled(image, content, factor)


def _need(image: Image.Image, content: bytes) -> int:
    """The bytes that decoding an image takes, but for strips of it and what comes of them."""
    pixels = image.width * image.height
    if _has_png_strips(image, content):
        return png.BYTES * max(_STRIP_PIXELS, image.width)
    if _has_heic_strips(image, content):
        # The planes, and what is made of them, in bytes; transparency is a plane of its own.
        return pixels * (13 if image.has_transparency_data else 9) // 2
    grey = image.mode in ("1", "L", "P")
    need = pixels * (1 if grey else 2 if image.mode.startswith("I;16") else 4)
    need += pixels * _BYTES_BESIDE.get(image.format or "", 0)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        need += _coefficients(image, content)
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.use_load_libtiff:
        rows = image.tag_v2.get(TiffImagePlugin.ROWSPERSTRIP, image.height)
        need += 4 * image.width * min(int(rows), image.height)
    return need


def _assembled(image: Image.Image, content: bytes, factor: int) -> NDArray[np.uint8]:
    """Brings an image to upright sRGB, strip by strip."""
    shade = white(image.mode, _strips(image, content, factor))
    upright: NDArray[np.uint8] | None = None
    orientation, done = 0, 0
    for strip in _strips(image, content, factor):
        flat = flatten(strip, shade)
        if factor > 1:
            flat = flat.reduce(factor)
        # Asked after loading: TIFF turns itself upright, and PNG may hold its EXIF at the end.
        orientation = orientation or _orientation(image, content)
        turn = _TURNS.get(orientation)
        piece = to_srgb(flat, image.info.get("icc_profile"))
        rows = piece.height
        if turn is not None:
            piece = piece.transpose(turn)
        if strip.height == image.height:
            return np.ascontiguousarray(piece)
        height, width = -(-image.height // factor), -(-image.width // factor)
        if upright is None:
            shape = (width, height, 3) if orientation in TURNED else (height, width, 3)
            upright = np.empty(shape, np.uint8)
        # The first rows come to lie at the right or at the bottom.
        start = height - done - rows if orientation in _FROM_THE_END else done
        place = slice(start, start + rows)
        upright[(slice(None), place) if orientation in TURNED else place] = np.asarray(piece)
        done += rows
    assert upright is not None
    return upright


def _strips(image: Image.Image, content: bytes, factor: int) -> Iterator[Image.Image]:
    """Loads an image and gives it from top to bottom; the rows are multiples of a factor."""

    def rows() -> int:
        return factor * max(1, _STRIP_PIXELS // (image.width * factor))

    if _has_png_strips(image, content):
        yield from png.strips(cast(PngImagePlugin.PngImageFile, image), content, rows())
        return
    if _has_heic_strips(image, content):
        whole = _heic_pixels(content)
        for top in range(0, image.height, rows()):
            yield Image.fromarray(whole[top : top + rows(), : image.width])
        return
    image.load()
    if image.width * image.height <= _STRIP_PIXELS:
        yield image
        return
    for top in range(0, image.height, rows()):
        yield image.crop((0, top, image.width, min(top + rows(), image.height)))


def _has_png_strips(image: Image.Image, content: bytes) -> bool:
    if not (content and isinstance(image, PngImagePlugin.PngImageFile)):
        return False
    return _is_large(image) and png.has_strips(image)


def _has_heic_strips(image: Image.Image, content: bytes) -> bool:
    return bool(content) and image.format == "HEIF" and _is_large(image)


def _heic_pixels(content: bytes) -> NDArray[Any]:
    """The pixels of a HEIC photo where its decoder has put them, without Pillow's copy."""
    from pillow_heif import open_heif

    photo = open_heif(io.BytesIO(content), convert_hdr_to_8bit=True, remove_stride=False)
    width, height = photo.size
    # Rows are padded to a length that need not be a number of pixels.
    rows = np.frombuffer(photo.data, np.uint8).reshape(height, photo.stride)
    bands = len(photo.mode)
    return rows[:, : width * bands].reshape((height, width, bands)[: 2 + (bands > 1)])


def _coefficients(image: JpegImagePlugin.JpegImageFile, content: bytes) -> int:
    """The bytes that libjpeg needs for a JPEG of several scans: all its coefficients.

    At every scale, because a scan holds some of the bits, or colours, of the whole picture.
    """
    start = image.fp.tell() if image.fp is not None else 0
    scan = content.rfind(b"\xff\xda", 0, start)
    if "progressive" not in image.info and content[scan + 4 : scan + 5] == bytes([image.layers]):
        return 0
    scale = image.decoderconfig[0] if image.decoderconfig else 1
    samples = [across * down for _, across, down, _ in image.layer]
    finest = max(across for _, across, *_ in image.layer) * max(
        down for _, _, down, _ in image.layer
    )
    return 2 * image.width * image.height * scale**2 * sum(samples) // finest


def _orientation(image: Image.Image, content: bytes) -> int:
    if _has_png_strips(image, content):
        with open_photo(png.without_picture(content)) as header:
            return exif_orientation(header)
    return exif_orientation(image)


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNED = (5, 6, 7, 8)
"""The orientations that exchange width and height."""
_FROM_THE_END = (3, 4, 6, 7)
_XMP = ("XML:com.adobe.xmp", "xmp")


def exif_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or none that makes sense."""
    # Where the EXIF data have none, Pillow takes that of the XMP, by which no viewer turns photos.
    xmp = {key: image.info.pop(key) for key in _XMP if key in image.info}
    try:
        orientation = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a damaged EXIF block costs the orientation, not the photo
        return 1
    finally:
        image.info.update(xmp)
    return orientation if orientation in _TURNS else 1
