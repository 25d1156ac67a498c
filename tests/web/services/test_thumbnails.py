"""Small pictures: what is in them, and what becomes of their cache."""

import hashlib
import io
import os
import re
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from barkive.boxes import Box
from barkive.errors import PhotoError
from barkive.images import LargePhotoError
from barkive.images.fingerprint import picture_digest
from barkive.web.services import thumbnails as module
from barkive.web.services.thumbnails import Size, Thumbnail, Thumbnails

RED, BLUE = (250, 0, 0), (0, 0, 250)  # as JPEG: (250, 0, 1) and (0, 0, 250)


@dataclass(frozen=True)
class Seen:
    """A dog of it."""

    box: Box


@dataclass(frozen=True)
class Photo:
    """The part of an entry that counts here."""

    file: str
    sha256: str | None
    coded: str | None = None
    dogs: tuple[Seen, ...] | None = None
    width: int | None = None
    height: int | None = None


def entry(path: Path) -> Photo:
    content = path.read_bytes()
    code = picture_digest(content)
    return Photo(str(path), hashlib.sha256(content).hexdigest(), code.hex() if code else None)


def opened(thumbnail: Thumbnail) -> Image.Image:
    with Image.open(io.BytesIO(thumbnail.content)) as image:
        return image.copy()


def noise(path: Path, seed: int, size: tuple[int, int] = (64, 64)) -> Path:
    """A picture that compresses badly."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def thumbnails(tmp_path: Path) -> Iterator[Thumbnails]:
    made = Thumbnails(tmp_path / "cache")
    yield made
    made.close()


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[Size]:
    """The sizes of the pictures that are made, one by one."""
    sizes: list[Size] = []
    render = module._rendered

    def listen(file: bytes, size: Size, part: Box | None, large: bool) -> bytes:
        sizes.append(size)
        return render(file, size, part, large)

    monkeypatch.setattr(module, "_rendered", listen)
    return sizes


@pytest.mark.parametrize(
    ("size", "thumbnail", "large"),
    [
        ((4000, 3000), (320, 320), (1600, 1200)),
        ((1200, 2400), (320, 320), (800, 1600)),
        ((400, 330), (320, 320), (400, 330)),
        ((40, 30), (30, 30), (40, 30)),
        ((1, 1), (1, 1), (1, 1)),
        ((3000, 2), (2, 2), (1600, 1)),
    ],
)
def test_pictures_are_made_smaller_and_never_larger(
    thumbnails: Thumbnails,
    tmp_path: Path,
    size: tuple[int, int],
    thumbnail: tuple[int, int],
    large: tuple[int, int],
) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", size, RED).save(path)
    small, whole, full = (thumbnails.get(entry(path), one) for one in Size)
    assert opened(small).size == thumbnail
    assert opened(whole).size == large
    assert opened(full).size == size
    assert small.media_type == "image/jpeg"
    assert small.content.startswith(b"\xff\xd8\xff")
    assert re.fullmatch('"[0-9a-f]{32}"', small.etag)
    assert (small.etag == whole.etag) == (small.content == whole.content)


def test_a_thumbnail_shows_the_dogs_and_is_made_once(
    thumbnails: Thumbnails, tmp_path: Path, rendered: list[Size]
) -> None:
    photo = Image.new("RGB", (2000, 1000), BLUE)
    photo.paste(RED, (0, 500, 400, 900))
    photo.save(path := tmp_path / "photo.png")
    dog = Seen(Box(0.0, 0.5, 0.2, 0.4))
    with_dog = replace(entry(path), dogs=(dog,), width=2000, height=1000)
    small = [thumbnails.get(with_dog, Size.THUMBNAIL) for _ in range(2)]
    assert small[0] == small[1]
    pixels = np.asarray(opened(small[0])).astype(int)
    # 460 pixels of the photo, from 0 and 470 on.
    assert pixels.shape == (320, 320, 3)
    assert np.abs(pixels[30:290, :270] - RED).max() < 12
    assert np.abs(pixels[:, 290:] - BLUE).max() < 12
    assert thumbnails.get(entry(path), Size.THUMBNAIL).etag != small[0].etag
    moved = replace(with_dog, dogs=(Seen(Box(0.5, 0.5, 0.2, 0.4)),))
    assert thumbnails.get(moved, Size.THUMBNAIL).etag != small[0].etag
    assert rendered == [Size.THUMBNAIL] * 3


def test_a_thumbnail_is_the_centre_and_a_large_picture_the_whole(
    thumbnails: Thumbnails, tmp_path: Path
) -> None:
    photo = Image.new("RGB", (1000, 400), BLUE)
    photo.paste(RED, (300, 0, 700, 400))
    photo.save(path := tmp_path / "photo.png")
    small, whole = (
        np.asarray(opened(thumbnails.get(entry(path), one))).astype(int)
        for one in (Size.THUMBNAIL, Size.LARGE)
    )
    assert np.abs(small[5:-5, 5:-5] - RED).max() < 12
    assert np.abs(whole[200, 500] - RED).max() < 12
    assert np.abs(whole[200, 50] - BLUE).max() < 12


def test_where_a_photo_was_taken_is_not_in_it_and_it_stands_upright(
    thumbnails: Thumbnails, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned by 90 degrees
    exif[ExifTags.Base.Make] = "Secretive"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 24.0)
    photo = Image.new("RGB", (400, 200), RED)
    photo.paste(BLUE, (200, 0, 400, 200))
    path = tmp_path / "photo.jpg"
    photo.save(path, exif=exif, comment=b"Secretive", quality=95)
    with Image.open(path) as original:
        assert original.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    for size in Size:
        thumbnail = thumbnails.get(entry(path), size)
        picture = opened(thumbnail)
        assert not picture.getexif()
        assert not set(picture.info) & {"exif", "comment", "xmp", "icc_profile"}
        assert b"Secretive" not in thumbnail.content
        assert b"Exif" not in thumbnail.content
    assert picture.size == (200, 400)
    assert np.abs(np.asarray(picture).astype(int)[100, 100] - RED).max() < 12
    assert np.abs(np.asarray(picture).astype(int)[300, 100] - BLUE).max() < 12


def test_the_second_time_the_photo_is_not_read(
    thumbnails: Thumbnails, make_photo: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_photo()
    photo = entry(path)
    first = thumbnails.get(photo, Size.THUMBNAIL)
    path.unlink()
    assert thumbnails.get(photo, Size.THUMBNAIL) == first
    thumbnails.close()
    again = Thumbnails(tmp_path / "cache")
    assert again.get(photo, Size.THUMBNAIL) == first
    with pytest.raises(PhotoError, match="does not exist"):
        again.get(photo, Size.LARGE)
    again.close()


def test_a_photo_that_cannot_be_read_is_no_picture(thumbnails: Thumbnails, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xffnothing more")
    for _ in range(2):
        with pytest.raises(PhotoError, match=r"damaged|cut off"):
            thumbnails.get(entry(broken), Size.THUMBNAIL)
    with pytest.raises(PhotoError, match="does not exist"):
        thumbnails.get(Photo(str(tmp_path / "gone.jpg"), None), Size.THUMBNAIL)


def test_another_picture_is_not_shown_in_the_place_of_one(
    thumbnails: Thumbnails, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (32, 32), RED).save(path)
    scanned = entry(path)
    Image.new("RGB", (32, 32), BLUE).save(path)
    with pytest.raises(PhotoError, match="another picture than when it was scanned; scan it again"):
        thumbnails.get(scanned, Size.THUMBNAIL)
    # The same one with a tag is shown, and not kept.
    tagged = PngInfo()
    tagged.add_text("Title", "Rex")
    Image.new("RGB", (32, 32), RED).save(path, pnginfo=tagged)
    assert opened(thumbnails.get(scanned, Size.THUMBNAIL)).getpixel((9, 9)) == (250, 0, 1)
    path.unlink()
    with pytest.raises(PhotoError, match="does not exist"):
        thumbnails.get(scanned, Size.THUMBNAIL)


def test_the_bound_holds_after_many_pictures(tmp_path: Path) -> None:
    limit = 200_000
    folder = tmp_path / "cache"
    thumbnails = Thumbnails(folder, limit_bytes=limit)
    photos = [entry(noise(tmp_path / f"{i}.png", i)) for i in range(150)]
    size = len(thumbnails.get(photos[0], Size.THUMBNAIL).content)
    assert 150 * size > 2 * limit  # or the test would show nothing
    most = 0
    with sqlite3.connect(folder / "previews.sqlite") as looker:
        for photo in photos:
            thumbnails.get(photo, Size.THUMBNAIL)
            (kept,) = looker.execute("SELECT sum(length(content)) FROM preview").fetchone()
            most = max(most, kept)
    looker.close()
    assert 0.8 * limit < most <= limit
    assert thumbnails._bytes == kept
    thumbnails.close()
    # Less than twice as much on the disk, because pages are not filled to the last byte.
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2 * limit
    # And a smaller bound holds from the next picture on.
    smaller = Thumbnails(folder, limit_bytes=limit // 4)
    smaller.get(entry(noise(tmp_path / "last.png", 999)), Size.THUMBNAIL)
    assert smaller._bytes <= limit // 4
    smaller.close()


def test_what_was_used_longest_ago_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rendered: list[Size]
) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(module.time, "time", lambda: now)
    photos = [entry(noise(tmp_path / f"{i}.png", i)) for i in range(4)]
    probe = Thumbnails(tmp_path / "probe")
    total = sum(len(probe.get(photo, Size.THUMBNAIL).content) for photo in photos)
    probe.close()
    thumbnails = Thumbnails(tmp_path / "cache", limit_bytes=total - 1)
    for photo in photos[:3]:
        thumbnails.get(photo, Size.THUMBNAIL)
        now += 10
    now += 10_000
    thumbnails.get(photos[0], Size.THUMBNAIL)  # the oldest is of use again
    thumbnails.get(photos[3], Size.THUMBNAIL)
    rendered.clear()
    for number, times in ((0, 0), (3, 0), (1, 1)):
        thumbnails.get(photos[number], Size.THUMBNAIL)
        assert len(rendered) == times, number
    thumbnails.close()


def test_a_picture_larger_than_the_bound_is_shown_and_not_kept(
    tmp_path: Path, make_photo: Callable[..., Path], rendered: list[Size]
) -> None:
    thumbnails = Thumbnails(tmp_path / "cache", limit_bytes=100)
    for _ in range(2):
        assert opened(thumbnails.get(entry(make_photo()), Size.THUMBNAIL)).size == (48, 48)
    assert len(rendered) == 2
    thumbnails.close()


def test_two_threads_at_once_make_it_once(
    thumbnails: Thumbnails, make_photo: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = entry(make_photo())
    made = []
    started, go_on = threading.Event(), threading.Event()
    render = module._rendered

    def slow(file: bytes, size: Size, part: Box | None, large: bool) -> bytes:
        made.append(size)
        started.set()
        assert go_on.wait(60)
        return render(file, size, part, large)

    monkeypatch.setattr(module, "_rendered", slow)
    with ThreadPoolExecutor(4) as pool:
        wanted = [pool.submit(thumbnails.get, photo, Size.THUMBNAIL) for _ in range(4)]
        assert started.wait(60)
        time.sleep(0.05)  # the others come to wait, or to begin as well
        go_on.set()
        assert len({one.result(60).etag for one in wanted}) == 1
    assert made == [Size.THUMBNAIL]
    assert thumbnails._making == {}


def test_many_threads_and_photos(tmp_path: Path) -> None:
    thumbnails = Thumbnails(tmp_path / "cache", limit_bytes=30_000)
    photos = [entry(noise(tmp_path / f"{i}.png", i, (32, 32))) for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda one: thumbnails.get(one, Size.THUMBNAIL), photos * 3))
    assert first[:40] == first[40:80] == first[80:]
    assert 0 < thumbnails._bytes <= 30_000
    thumbnails.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "another kind of file": lambda file: file.write_bytes(b"this is no database" * 500),
    "the middle": lambda file: os.truncate(file, file.stat().st_size // 2),
    "zeros": lambda file: file.write_bytes(
        file.read_bytes()[:4096] + bytes(file.stat().st_size - 4096)
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_cache_is_begun_anew(
    tmp_path: Path,
    make_photo: Callable[..., Path],
    rendered: list[Size],
    damage: Callable[[Path], object],
) -> None:
    photos = [entry(make_photo(f"{i}.jpg", seed=i)) for i in range(20)]
    thumbnails = Thumbnails(tmp_path / "cache")
    expected = [thumbnails.get(photo, Size.THUMBNAIL) for photo in photos]
    thumbnails.close()
    damage(tmp_path / "cache" / "previews.sqlite")
    rendered.clear()
    thumbnails = Thumbnails(tmp_path / "cache")
    for _ in range(2):
        assert [thumbnails.get(photo, Size.THUMBNAIL) for photo in photos] == expected
    assert len(rendered) == 20  # made anew once, and then kept again
    thumbnails.close()


def test_a_cache_that_is_damaged_while_it_is_open_costs_no_picture(
    tmp_path: Path, make_photo: Callable[..., Path]
) -> None:
    photos = [entry(make_photo(f"{i}.jpg", seed=i)) for i in range(20)]
    thumbnails = Thumbnails(tmp_path / "cache")
    expected = [thumbnails.get(photo, Size.THUMBNAIL) for photo in photos]
    assert thumbnails._database is not None
    thumbnails._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = tmp_path / "cache" / "previews.sqlite"
    with file.open("r+b") as handle:
        handle.write(b"\xff" * file.stat().st_size)
    thumbnails._database.execute("PRAGMA cache_size = 0")
    for _ in range(2):
        assert [thumbnails.get(photo, Size.THUMBNAIL) for photo in photos] == expected
    thumbnails.close()


def test_a_cache_whose_place_goes_away_as_it_is_begun_anew_blocks_nobody(
    tmp_path: Path, make_photo: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    thumbnails = Thumbnails(tmp_path / "cache")
    photo = entry(make_photo())

    class Damaged:
        def execute(self, *_: object) -> None:
            raise sqlite3.DatabaseError("database disk image is malformed")

        def close(self) -> None:
            pass

    assert thumbnails._database is not None
    thumbnails._database.close()
    monkeypatch.setattr(thumbnails, "_database", Damaged())
    monkeypatch.setattr(thumbnails, "_file", tmp_path / "no" / "such" / "folder.sqlite")
    with ThreadPoolExecutor(1) as pool:
        got = pool.submit(thumbnails.get, photo, Size.THUMBNAIL)
        assert opened(got.result(60)).size == (48, 48)
    assert thumbnails._database is None


def test_without_a_place_for_the_cache_pictures_still_come(
    tmp_path: Path, make_photo: Callable[..., Path], rendered: list[Size]
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "cache" / "previews.sqlite").mkdir(parents=True)
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper", tmp_path / "cache"):
        thumbnails = Thumbnails(folder)
        for _ in range(2):
            assert opened(thumbnails.get(entry(make_photo()), Size.THUMBNAIL)).size == (48, 48)
        thumbnails.close()
    assert len(rendered) == 6


def test_a_cache_that_cannot_be_written_is_still_read(
    tmp_path: Path,
    make_photo: Callable[..., Path],
    rendered: list[Size],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thumbnails = Thumbnails(tmp_path / "cache")
    kept, new = entry(make_photo("a.jpg")), entry(make_photo("b.jpg", seed=1))
    first = thumbnails.get(kept, Size.THUMBNAIL)
    assert thumbnails._database is not None
    thumbnails._database.execute("PRAGMA query_only = ON")
    now = time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 10_000)  # so that it is to be noted
    rendered.clear()
    assert thumbnails.get(kept, Size.THUMBNAIL) == first
    assert rendered == []
    for _ in range(2):
        assert opened(thumbnails.get(new, Size.THUMBNAIL)).size == (48, 48)
    assert len(rendered) == 2
    assert thumbnails._bytes == len(first.content)
    thumbnails.close()


def test_after_it_is_closed_pictures_still_come(
    thumbnails: Thumbnails, make_photo: Callable[..., Path]
) -> None:
    thumbnails.close()
    thumbnails.close()
    assert opened(thumbnails.get(entry(make_photo()), Size.THUMBNAIL)).size == (48, 48)


def test_a_large_photo_takes_no_thread_of_the_others(
    thumbnails: Thumbnails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = entry(noise(tmp_path / "a.png", 1, (400, 300)))
    monkeypatch.setattr(sys.modules["barkive.images.decode"], "_LARGE_MEGAPIXELS", 0.1)
    begun, go_on = threading.Event(), threading.Event()
    render = module._rendered

    def slow(file: bytes, size: Size, part: Box | None, large: bool) -> bytes:
        if large:
            begun.set()
            assert go_on.wait(60)
        return render(file, size, part, large)

    monkeypatch.setattr(module, "_rendered", slow)
    with pytest.raises(LargePhotoError):
        thumbnails.get(photo, Size.THUMBNAIL, large=False)
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(thumbnails.get, photo, Size.THUMBNAIL)
        assert begun.wait(60)
        # At once, not when the other thread has made it.
        with pytest.raises(LargePhotoError):
            thumbnails.get(photo, Size.THUMBNAIL, large=False)
        go_on.set()
        made = making.result()
    assert thumbnails.get(photo, Size.THUMBNAIL, large=False) == made
    assert opened(made).size == (300, 300)
