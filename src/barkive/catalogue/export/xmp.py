"""Writes each photo's breed and dogs into XMP side-cars, for photo managers.

digiKam, Immich, PhotoPrism and darktable read `photo.jpg.xmp`; Lightroom's convention is
`photo.xmp`. What a packet looks like, `xmp_packet` knows. Photos are never written to.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from barkive.atomic import rewriting
from barkive.catalogue.animal_records import Animal
from barkive.catalogue.export.boxed import dogs_of, within
from barkive.catalogue.export.embedded import embedded
from barkive.catalogue.export.outcome import Failure, Outcome, reason_of
from barkive.catalogue.export.regions import Region, StaleRegionsError
from barkive.catalogue.export.tag_lists import Tags
from barkive.catalogue.export.xmp_packet import Packet, PacketError
from barkive.catalogue.records import Entry
from barkive.errors import PhotoError
from barkive.images import describe, read_file
from barkive.images.decode import TURNED
from barkive.images.files import EXTENSIONS, RAW, VIDEOS
from barkive.messages import Language, Messages
from barkive.progress import OnProgress, silent
from barkive.verdicts import Status

_XMP = (".XMP", ".xmp")
# What XML 1.0 can't hold: https://www.w3.org/TR/xml/#charsets
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_MEGABYTES = 64
_AT_ONCE = 500
# `rex.xmp` may be that of any of these, if it is called `rex` too: Lightroom and Immich look for it
# beside videos, Photoshop's files and cameras' own formats.
_ENDINGS = (*EXTENSIONS, *RAW, *VIDEOS, ".psd", ".psb", ".jxl", ".jp2", ".svg")


def write_sidecars(
    entries: Iterable[Entry],
    out: Path | None,
    lang: Language,
    *,
    base: Path | None = None,
    animals_of: Callable[[Sequence[int]], Mapping[int, Sequence[Animal]]] = lambda photos: {},
    on_progress: OnProgress = silent,
) -> Outcome:
    """Writes the tags of photos into side-cars, `Dog|Pug` or `Chien|Carlin`.

    Animals are tags of their own, `Animals|2026-113 Rex` or `Animaux|2026-113 Rex`, and their
    name a single word.

    Dogs that have a box become regions of the type `Pet`, described by their breed. They have no
    name, because Immich makes a person of every region with a name.

    What a side-car holds already stays, save the tags and regions that Barkive added before. A new
    one begins with what the photo says of itself: see `embedded`. A photo without a dog, or one
    that can't be read, gets no side-car, and loses what Barkive added where it has one. A side-car
    that is right already is not touched. One that is a link is written where the link leads. Each
    appears only when it is whole, and keeps its owner and rights: see `rewriting`.

    Beside the photos, a `photo.xmp` that can only be that photo's is kept up to date as well.
    Another folder gets the same side-cars, so that they can take the place of those that lie
    beside the photos: one that is new there begins with what lies beside its photo.

    Args:
        entries: The photos; those whose file is gone are skipped.
        out: A folder for the side-cars; None for beside the photos.
        lang: Of the tags.
        base: The folder whose tree `out` mirrors. The side-car of a photo that is not below
            it lies in `out` itself, with the photo's number in its name.
        animals_of: Gives the animals of photos, by the photos' numbers.
        on_progress: Called after each photo.

    Returns:
        How many side-cars were written, and which could not be.
    """
    written = unchanged = skipped = 0
    failures: list[Failure] = []
    for done, (entry, animals) in enumerate(_with_animals(entries, animals_of), 1):
        if not os.path.isfile(entry.file):  # noqa: PTH113 - Path() may refuse odd names
            skipped += 1
        else:
            for sidecar, beside in _sidecars(entry, out, base):
                try:
                    result = _update(sidecar, beside, entry, animals, lang)
                    written += result is True
                    unchanged += result is False
                except (PacketError, PhotoError) as error:
                    failures.append(Failure(str(sidecar), error.message))
                except OSError as error:
                    failures.append(Failure(str(sidecar), reason_of(error)))
        on_progress(done, None)
    return Outcome(written, unchanged, skipped=skipped, failures=tuple(failures))


def tags_of(entry: Entry, lang: Language, animals: Sequence[Animal] = ()) -> Tags:
    """What side-cars say of a photo: the breeds of its dogs, or that Barkive is not sure.

    Args:
        entry: The photo.
        lang: Of the tags.
        animals: Those that it shows, which are tags as well.
    """
    names = [label.name(lang) for label in entry.labels]
    if entry.status is Status.UNCERTAIN:
        names = [Messages(lang)("export.tag_not_sure")]
    names += [label.name(lang) for dog in dogs_of(entry) for label in dog.labels]
    breed, animal = (Messages(lang)(f"export.tag_{one}") for one in ("root", "animals"))
    levels = [(breed, _word(name)) for name in names]
    levels += [(animal, _word(one.title)) for one in animals]
    words = [_word(name) for name in names]
    words += [_word(one.name or one.title) for one in animals]
    return Tags(
        subject=tuple(dict.fromkeys(words)),
        paths=tuple(dict.fromkeys(levels)),
    )


def regions_of(entry: Entry, orientation: int, lang: Language) -> list[Region]:
    """The dogs of a photo as regions of the picture as it is stored.

    Args:
        entry: The photo.
        orientation: Of its EXIF data, 1..8.
        lang: Of the descriptions.
    """
    not_sure = Messages(lang)("export.tag_not_sure")
    return [
        Region(
            within(dog.box).turned_back(orientation),
            _word(" x ".join(label.name(lang) for label in dog.labels) or not_sure),
            _word(" x ".join(label.id for label in dog.labels)) if dog.labels else "",
        )
        for dog in dogs_of(entry)
    ]


def _with_animals(
    entries: Iterable[Entry], animals_of: Callable[[Sequence[int]], Mapping[int, Sequence[Animal]]]
) -> Iterator[tuple[Entry, Sequence[Animal]]]:
    """Photos with the animals that they show, which are asked for some at a time."""
    entries = iter(entries)
    while some := list(islice(entries, _AT_ONCE)):
        animals = animals_of([entry.id for entry in some])
        yield from ((entry, animals.get(entry.id, ())) for entry in some)


def _word(name: str) -> str:
    """A name as one level of a hierarchy: without what divides levels, or what XML refuses."""
    text = _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", name)
    return " ".join(re.sub(r"[|/]", "-", text).split()) or "-"


def _sidecars(entry: Entry, out: Path | None, base: Path | None) -> Iterator[tuple[Path, Path]]:
    """The side-cars of a photo, each with the one beside the photo that it may replace."""
    photo = Path(entry.file)
    own = photo.with_name(f"{photo.name}.xmp")
    if out is None:
        yield from ((one, one) for one in (own, *_lightroom(photo)))
    elif base is not None and photo.is_relative_to(base) and ".." not in photo.parts:
        folder = out / photo.parent.relative_to(base)
        yield from ((folder / one.name, one) for one in (own, *_lightroom(photo)))
    else:
        yield out / f"{photo.stem}-{entry.id}{photo.suffix}.xmp", own


def _lightroom(photo: Path) -> list[Path]:
    """The `photo.xmp` that there is, if it can be no other photo's."""
    # Where case does not matter both are one, and so have one number.
    found = {_identity(photo.with_name(f"{photo.stem}{suffix}")): suffix for suffix in _XMP}
    found.pop(None, None)
    if not found or not photo.suffix:
        return []
    # `rex.jpg.xmp` belongs to `rex.jpg`, though there be a `rex.jpg.png` as well. Asking for
    # each name, unlike listing the folder, costs the same in a folder of any size.
    names = [photo.stem] + [
        f"{photo.stem}{written}"
        for suffix in (*_ENDINGS, photo.suffix)
        for written in (suffix.lower(), suffix.upper(), f".{suffix[1:].capitalize()}")
    ]
    others = {_identity(photo.with_name(name)) for name in names} - {None, _identity(photo)}
    return [] if others else [photo.with_name(f"{photo.stem}{found[key]}") for key in found]


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells one file from every other; None where there is none."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _update(
    sidecar: Path, beside: Path, entry: Entry, animals: Sequence[Animal], lang: Language
) -> bool | None:
    """Brings one side-car up to date.

    Args:
        sidecar: Where it lies, or is to lie.
        beside: What a new one begins with, where it is there.
        entry: The photo.
        animals: That it shows.
        lang: Of the tags.

    Returns:
        Whether it was written; None where there is none and none is needed.

    Raises:
        PacketError: What is there is left as it is, or its regions are; the message says why.
        PhotoError: The photo, whose size and orientation are asked for, can't be read.
        OSError: It can't be read or written.
    """
    tags = tags_of(entry, lang, animals)
    target = sidecar.resolve() if sidecar.is_symlink() else sidecar
    status, is_new = _status(sidecar), False
    if status is None:
        status, is_new = _status(beside), True
    if status is None:
        if tags == Tags():
            return None
        packet = embedded(read_file(entry.file))
    else:
        packet = Packet(_read(beside if is_new else target, status))
        if tags != Tags() and packet.is_bare:
            # One of an earlier Barkive's would hide what the photo says.
            packet = embedded(read_file(entry.file))
    changed = packet.replace(tags)
    refusal = None
    try:
        changed |= _replace_regions(packet, entry, lang)
    except StaleRegionsError as error:
        refusal = PacketError("sidecar_regions_stale", size=_size(error.there))
    if changed or (is_new and tags != Tags()):
        target.parent.mkdir(parents=True, exist_ok=True)
        with rewriting(target) as file:
            file.write(bytes(packet))
        changed = True
    if refusal is not None:
        raise refusal
    return None if is_new and not changed else changed


def _status(sidecar: Path) -> os.stat_result | None:
    """What the system says of a side-car; None where there is none.

    Raises:
        PacketError: It is a link that leads nowhere.
        OSError: The system can't say.
    """
    try:
        return sidecar.stat()
    except FileNotFoundError:
        if sidecar.is_symlink():
            raise PacketError("sidecar_link_broken") from None
        return None


def _replace_regions(packet: Packet, entry: Entry, lang: Language) -> bool:
    if not dogs_of(entry):
        return packet.replace_regions((), (0, 0))
    orientation, size = entry.orientation, (entry.width, entry.height)
    if orientation is None or None in size:
        header = describe(read_file(entry.file))
        orientation, size = header.orientation, (header.width, header.height)
    width, height = (side or 0 for side in size)
    stored = (height, width) if orientation in TURNED else (width, height)
    return packet.replace_regions(regions_of(entry, orientation, lang), stored)


def _size(sides: tuple[float, float]) -> str:
    return " x ".join(f"{side:.0f}" for side in sides)


def _read(sidecar: Path, status: os.stat_result) -> bytes:
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would never end
        raise PacketError("sidecar_not_regular")
    if status.st_size > _MAX_MEGABYTES << 20:
        raise PacketError("sidecar_too_large", limit=_MAX_MEGABYTES)
    return sidecar.read_bytes()
