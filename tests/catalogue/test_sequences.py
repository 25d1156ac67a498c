"""Random sequences of what happens to files, of scans, words, kills and exports.

They are played against a simple model of what a person would expect: words and numbers belong to
pictures, and a file holds the picture that was drawn into it. `BARKIVE_SEQUENCES=0-10000` plays so
many on SQLite, and prints what was done; a sequence that fails is made as short as it can be.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from barkive.bundle import Bundle
from barkive.catalogue import (
    Catalogue,
    Export,
    ExportFormat,
    Filter,
    Kind,
    Label,
)
from barkive.catalogue.photos import identity
from barkive.catalogue.photos.reading import Reading
from barkive.catalogue.records import Entry
from barkive.catalogue.scan import pipeline as scanning
from barkive.catalogue.scan import recording
from barkive.classifier import Classifier, Judged
from barkive.detection.views import Viewer
from barkive.errors import (
    ChangedPhotoError,
    PassingError,
    PhotoError,
    ReviewedMeanwhileError,
    SourceAwayError,
    UnknownPhotoError,
)
from barkive.images.decode import read_file
from barkive.verdicts import Scores, Status

pytestmark = pytest.mark.slow

DRAW = identity.draw  # the random one, before it is replaced for tests
EVERYTHING = Filter(missing=None)
BREEDS = ("Pug", "Boxer", "Maltese", "Beagle")
FOLDERS = ("yard", "yard/in", "yard/out", "barn")
NAMES = ("1.jpg", "2.jpg", "3.jpg", "rex.jpg")
TIMES = (1_500_000_000.5, 1_600_000_000.5, 1_700_000_000.25)
STEPS = 25


class Shot(NamedTuple):
    """A picture as it was coded: of which one, and in which way."""

    picture: int
    way: int


WAYS: tuple[tuple[str, dict[str, Any], Image.Transpose | None], ...] = (
    ("JPEG", {"quality": 90}, None),
    ("BMP", {}, None),
    ("JPEG", {"quality": 75}, None),
    ("PNG", {}, None),
    ("WEBP", {"quality": 90}, None),
    ("JPEG", {"quality": 90}, Image.Transpose.ROTATE_90),
    ("JPEG", {"quality": 90}, Image.Transpose.FLIP_LEFT_RIGHT),
)


@cache
def coded(shot: Shot) -> bytes:
    """The file of a shot. The number of the picture is what its patches are drawn by."""
    kind, options, turn = WAYS[shot.way]
    patches = np.random.default_rng(shot.picture).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    image = Image.fromarray(patches).resize((128, 96), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    (image if turn is None else image.transpose(turn)).save(out, kind, **options)
    return out.getvalue()


class KilledError(Exception):
    """The process was killed."""


@dataclass
class Engine:
    """Decodes as every engine does, and has the same to say of all photos."""

    bundle: Bundle
    name = "sequences"
    versions: dict[str, str] = field(default_factory=dict)
    dies_after: int = -1

    def __call__(self, readings: Iterator[Reading], /) -> Iterator[Judged[Reading]]:
        count = len(self.bundle.info.labels)
        alike = np.full((1, count), 1 / count, np.float32)
        scores = Scores(alike, np.ones(1, np.float32), np.ones((1, 4), np.float32))
        for done, one in enumerate(readings):
            if done == self.dies_after:
                raise KilledError
            try:
                one.load(Viewer(self.bundle.info.preprocessing, None))
            except PhotoError as error:
                yield Judged(one, Status.FAILED, error.message, None)
            else:
                yield Judged(one, Status.UNCERTAIN, None, scores)


class Glance(NamedTuple):
    """What a person had before them."""

    number: int
    version: str
    picture: int
    word: int
    shown: Shot


class World:
    """Two folders, a bin, a catalogue, and what a person would expect of them."""

    def __init__(
        self, root: Path, catalogue: Catalogue, bundle: Bundle, patch: pytest.MonkeyPatch
    ) -> None:
        self.root, self.catalogue, self.bundle, self.patch = root, catalogue, bundle, patch
        self.done: Counter[str] = Counter()
        self.drawn = 0
        # The shot of each content that was ever written; of one cut off, None.
        self.shots: dict[bytes, Shot] = {}
        self.bin: list[tuple[Path, Path]] = []
        self.deleted = 0
        self.wholes: dict[Path, bytes] = {}
        self.shut: set[str] = set()
        self.glances: list[Glance] = []
        self.away = False
        # What is expected: the picture of each shot, and what was said of each, last word last.
        self.of: dict[Shot, int] = {}
        self.looks: dict[int, int] = {}
        self.joined: dict[int, int] = {}
        self.owner: dict[int, int] = {}
        self.words: defaultdict[int, list[tuple[int, tuple[Kind, str | None]]]]
        self.words = defaultdict(list)
        self.spoken: Counter[int] = Counter()
        for folder in (*FOLDERS, "bin"):
            (root / folder).mkdir(parents=True)
        for module in ("photos.reading", "photos.identity", "scan.placing", "scan.pipeline"):
            patch.setattr(f"barkive.catalogue.{module}.read_file", self._read)
        patch.setattr(identity, "draw", DRAW)
        for clock in ("scan.recording", "annotations.labels", "scan.history"):
            patch.setattr(f"barkive.catalogue.{clock}.now", self._now)

    def _now(self) -> datetime:
        """A clock by which each step takes an hour."""
        return datetime(2026, 1, 1) + timedelta(hours=sum(self.done.values()))

    def _read(self, path: str) -> bytes:
        if path in self.shut:
            raise PassingError("verbatim", sentence="No permission to read the file.")
        return read_file(path)

    # What happens to files.

    def photos(self, *tops: str) -> list[Path]:
        tops = tops or ("yard", "barn")
        return sorted(one for top in tops for one in (self.root / top).rglob("*") if one.is_file())

    def put(self, path: Path, content: bytes, rng: random.Random) -> None:
        """Writes a file as programs do: in place, or beside and then in its place."""
        self.leave(path)
        if path.exists() and rng.random() < 0.5:
            path.unlink()
        path.write_bytes(content)
        if rng.random() < 0.8:
            moment = rng.choice(TIMES)
            os.utime(path, (moment, moment))

    def leave(self, *paths: Path) -> None:
        """Forgets what was noted of files that are no longer there."""
        for path in paths:
            self.wholes.pop(path, None)
            self.shut.discard(str(path))

    def somewhere(self, rng: random.Random, like: Path | None = None) -> Path:
        folders = [one for one in FOLDERS if (self.root / one).is_dir()]
        name = like.name if like is not None and rng.random() < 0.4 else rng.choice(NAMES)
        return self.root / rng.choice(folders) / name

    def shot_of(self, path: Path) -> Shot | None:
        return self.shots.get(hashlib.sha256(path.read_bytes()).digest())

    def write(self, rng: random.Random) -> None:
        """A new picture, also in the place of another."""
        self.drawn += 1
        shot = Shot(self.drawn, rng.randrange(2))
        self.shots[hashlib.sha256(coded(shot)).digest()] = shot
        self.put(self.somewhere(rng), coded(shot), rng)

    def move(self, rng: random.Random) -> None:
        for old in rng.sample(self.photos(), min(1, len(self.photos()))):
            new = self.somewhere(rng, old)
            self.leave(old, new)
            old.replace(new)

    def exchange(self, rng: random.Random) -> None:
        photos = self.photos()
        if len(photos) > 1:
            one, other = rng.sample(photos, 2)
            self.leave(one, other)
            one.rename(self.root / "aside")
            other.rename(one)
            (self.root / "aside").rename(other)

    def renumber(self, rng: random.Random) -> None:
        """Each takes the name of the next one, upwards or downwards."""
        folder = self.root / rng.choice(FOLDERS)
        photos = [folder / name for name in NAMES if (folder / name).exists()]
        if rng.random() < 0.5:
            photos.reverse()
        self.leave(*photos)
        if len(photos) > 1:
            photos[0].replace(self.root / "aside")
            for old, new in zip(photos[1:], photos, strict=False):
                old.rename(new)
            (self.root / "aside").rename(photos[-1])

    def copy(self, rng: random.Random) -> None:
        for old in rng.sample(self.photos(), min(1, len(self.photos()))):
            new = self.somewhere(rng, old)
            if new != old:
                self.leave(new)
                new.unlink(missing_ok=True)
                rng.choice([shutil.copy, shutil.copy2, os.link])(old, new)

    def delete(self, rng: random.Random) -> None:
        for old in rng.sample(self.photos(), min(1, len(self.photos()))):
            self.leave(old)
            self.deleted += 1
            kept = self.root / "bin" / f"{self.deleted}"
            old.rename(kept)
            self.bin.append((kept, old))

    def restore(self, rng: random.Random) -> None:
        if self.bin:
            kept, place = self.bin.pop(rng.randrange(len(self.bin)))
            if rng.random() < 0.3:
                place = self.somewhere(rng, place)
            if place.parent.is_dir():
                self.leave(place)
                kept.replace(place)

    def tag(self, rng: random.Random) -> None:
        """Metadata are written, with or without a trace in the file's time."""
        photos = [one for one in self.photos() if (self.shot_of(one) or (0, 1))[1] in (0, 2, 5, 6)]
        for path in rng.sample(photos, min(1, len(photos))):
            shot, content = self.shot_of(path), path.read_bytes()
            assert shot is not None
            # Of one length, so that the size need not tell.
            note = f"{rng.randrange(10**6):06}".encode()
            if content[2:4] == b"\xff\xfe":
                content = content[:6] + note + content[12:]
            else:
                content = content[:2] + b"\xff\xfe\x00\x08" + note + content[2:]
            self.shots[hashlib.sha256(content).digest()] = shot
            before = path.stat()
            self.put(path, content, rng)
            if rng.random() < 0.4:
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def convert(self, rng: random.Random) -> None:
        """Coded anew, turned or mirrored; in place, or under another ending."""
        photos = [one for one in self.photos() if self.shot_of(one)]
        for path in rng.sample(photos, min(1, len(photos))):
            shot = self.shot_of(path)
            assert shot is not None
            new = Shot(shot.picture, rng.randrange(len(WAYS)))
            self.shots[hashlib.sha256(coded(new)).digest()] = new
            target = path if rng.random() < 0.6 else path.with_suffix(rng.choice([".png", ".jpg"]))
            self.put(target, coded(new), rng)
            if target != path and rng.random() < 0.7:
                self.leave(path)
                path.unlink()

    def cut(self, rng: random.Random) -> None:
        """A file is half written."""
        for path in rng.sample(self.photos(), min(1, len(self.photos()))):
            whole = self.wholes.get(path) or path.read_bytes()
            self.put(path, whole[: rng.choice([0, 40, len(whole) // 2])], rng)
            self.wholes[path] = whole

    def complete(self, rng: random.Random) -> None:
        for path, whole in list(self.wholes.items()):
            if path.exists() and rng.random() < 0.7:
                self.put(path, whole, rng)

    def close(self, rng: random.Random) -> None:
        """A file may not be read any more."""
        self.shut |= {str(one) for one in self.photos() if rng.random() < 0.2}

    def open(self, rng: random.Random) -> None:
        self.shut.clear()

    def touch(self, rng: random.Random) -> None:
        for path in rng.sample(self.photos(), min(1, len(self.photos()))):
            moment = rng.choice(TIMES)
            os.utime(path, (moment, moment) if rng.random() < 0.8 else None)

    def rename_folder(self, rng: random.Random) -> None:
        """One takes the name of the other, if that is not needed."""
        one, other = rng.sample([self.root / "yard/in", self.root / "yard/out"], 2)
        if self.away:
            return
        self.leave(*self.photos())
        if rng.random() < 0.5:
            one.rename(self.root / "aside")
            other.rename(one)
            (self.root / "aside").rename(other)
        elif not any(other.iterdir()):
            other.rmdir()
            one.rename(other)
            one.mkdir()

    def unplug(self, rng: random.Random) -> None:
        """The yard is on a drive that is taken away, or comes back."""
        if self.away:
            shutil.rmtree(self.root / "yard")
            (self.root / "unplugged").rename(self.root / "yard")
        else:
            self.leave(*self.photos())
            (self.root / "yard").rename(self.root / "unplugged")
            (self.root / "yard").mkdir()
        self.away = not self.away

    # What people say.

    def look(self, rng: random.Random) -> None:
        """Somebody opens a page."""
        known = [one for one in self.entries() if self.seen(one)]
        for one in rng.sample(known, min(1, len(known))):
            assert one.version is not None
            shown = self.shots[bytes.fromhex(one.sha256 or "")]
            self.glances.append(Glance(one.id, one.version, one.picture, one.label_id or 0, shown))

    def answer(self, rng: random.Random) -> None:
        """They answer, perhaps much later."""
        if not self.glances:
            return
        glance = self.glances.pop(rng.randrange(len(self.glances)))
        now = None
        with suppress(UnknownPhotoError):
            now = self.catalogue.photo(glance.number)
        path = Path(now.file) if now is not None else self.root / "none"
        told = self.shots.get(bytes.fromhex(now.sha256 or "")) if now is not None else None
        fits = now is not None and (now.label_id or 0) == glance.word
        if now is not None and now.picture != glance.picture:
            # Of one that nobody spoke of it may have been found that it is another one.
            alike = told is not None and told.picture == glance.shown.picture
            fits = fits and alike and not self.spoken[glance.picture]
        # Of a photo that is known to be gone another one may have taken the name.
        is_gone = now is not None and now.missing_since is not None
        there = self.shot_of(path) if path.exists() and not is_gone else told
        wish = self.wish(rng, glance.version, undo=bool(glance.word))
        try:
            after = self.catalogue.label(glance.number, wish)
        except (ChangedPhotoError, ReviewedMeanwhileError, UnknownPhotoError):
            assert not fits or there != told, "what was seen still holds, and was refused"
            self.done["refused"] += 1
            return
        assert fits, "what was seen no longer holds, and was taken"
        is_open = there is not None and str(path) not in self.shut
        assert there == told or not is_open, "a word was filed under another picture"
        self.note(after, wish)

    def say(self, rng: random.Random) -> None:
        """Somebody names a file, or a photo by its number, with no version."""
        known = [one for one in self.entries() if self.seen(one)]
        if not known:
            return
        one = rng.choice(known)
        photo: int | str = one.id
        if rng.random() < 0.5:
            photo, one = one.file, self.catalogue.photo(one.file)
        if not self.seen(one):
            return
        path = Path(one.file)
        told = self.shots[bytes.fromhex(one.sha256 or "")]
        there = self.shot_of(path) if path.exists() else told
        wish = self.wish(rng, None, undo=one.corrected)
        try:
            after = self.catalogue.label(photo, wish)
        except ChangedPhotoError:
            assert there != told or str(path) in self.shut, "the file is as it was, and was refused"
            self.done["refused"] += 1
            return
        assert there is not None
        assert there.picture == told.picture, "a word was filed under another picture"
        self.note(after, wish)

    def wish(self, rng: random.Random, seen: str | None, *, undo: bool) -> Label:
        chance = rng.random()
        if undo and chance < 0.3:
            return Label(Kind.UNDO, seen=seen)
        if chance < 0.4:
            return Label(Kind.NOT_DOG, seen=seen)
        return Label(Kind.BREED, (rng.choice(BREEDS),), seen=seen)

    def note(self, after: Entry, wish: Label) -> None:
        words = self.words[after.picture]
        self.spoken[after.picture] += 1
        self.done["words"] += 1
        if wish.kind is Kind.UNDO:
            words.pop()
        else:
            assert after.label_id is not None
            words.append((after.label_id, (wish.kind, wish.breeds[0] if wish.breeds else None)))

    # Scans.

    def scan(self, rng: random.Random) -> None:
        """Of everything, to the end."""
        before = self.entries()
        expected = self.must_be(before)
        live: defaultdict[int, set[int]] = defaultdict(set)
        known: defaultdict[int, set[int]] = defaultdict(set)
        for one in filter(self.seen, before):
            known[one.picture].add(one.id)
            if one.missing_since is None:
                live[one.picture].add(one.id)
        gone_before = {(one.id, one.file) for one in before if one.missing_since}
        is_finished = self.run(rng, [self.root / "yard", self.root / "barn"])
        now = self.check()
        here = [one for one in now if one.missing_since is None]
        after = {one.file: one for one in here}
        assert len(after) == len(here), "a file is in the catalogue twice"
        files = {str(one) for one in self.photos()}
        assert files <= set(after)
        assert set(after) <= files or not is_finished
        pictures = {one.picture for one in now}
        for path, picture in expected.items():
            if picture in self.joined:
                picture = self.joined[picture]
            elif picture not in pictures and not self.spoken[picture]:
                # It was found to be one with another, all of it.
                assert self.looks[after[path].picture] == self.looks[picture]
                continue
            assert after[path].picture == picture, f"{path} is no longer the picture that it was"
        numbers: defaultdict[int, set[int]] = defaultdict(set)
        for one in here:
            numbers[one.picture].add(one.id)
        count: Counter[int] = Counter()
        for path in self.photos():
            shot, entry = self.shot_of(path), after[str(path)]
            if shot is not None and str(path) not in self.shut:
                assert entry.picture == self.of[shot], f"{path} is taken for another picture"
                assert entry.unreadable_since is None
                assert entry.error is None
                count[entry.picture] += 1
        there = {one.id for one in now}
        # Of copies one may have come back to its place, and another one be gone.
        back = {one.id for one in here if (one.id, one.file) in gone_before}
        for numbers_before in (live, known):
            given: defaultdict[int, set[int]] = defaultdict(set)
            for picture, some in numbers_before.items():
                given[self.joined.get(picture, picture)] |= some & there
            for picture, files_now in count.items():
                kept = numbers[picture] & (given[picture] | back)
                assert len(kept) >= min(files_now, len(given[picture])), "a number was lost"

    def must_be(self, known: list[Entry]) -> dict[str, int]:
        """The picture that each file surely holds, where that is known before the scan."""
        here = (one for one in known if one.missing_since is None)
        rows = {one.file: one for one in here if self.seen(one)}
        photos = [one for one in self.photos() if str(one) not in self.shut]
        shots = {str(one): shot for one in photos if (shot := self.shot_of(one))}
        found = {}
        for path, shot in shots.items():
            row = rows.get(path)
            if shot in self.of:
                found[path] = self.of[shot]
            elif row is not None and self.looks[row.picture] == shot.picture:
                found[path] = row.picture
            else:
                # Its only file, under the same name but for the ending.
                rivals = [one for one in known if self.looks.get(one.picture) == shot.picture]
                alike = [one for one in shots.values() if one.picture == shot.picture]
                if len(rivals) == len(alike) == 1 and not self.away:
                    place = Path(rivals[0].file)
                    if place.stem == Path(path).stem and not place.exists():
                        found[path] = rivals[0].picture
        return found

    def scan_part(self, rng: random.Random) -> None:
        parts = [self.root / one for one in FOLDERS if (self.root / one).is_dir()]
        self.run(rng, [rng.choice(parts + self.photos())])
        self.check()

    def scan_and_stop(self, rng: random.Random) -> None:
        """Somebody presses Ctrl-C."""
        left = rng.randrange(6)

        def stop(done: int, total: int | None) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt

        with suppress(KeyboardInterrupt, SourceAwayError):
            self.run(rng, [self.root / "yard", self.root / "barn"], on_progress=stop)
        self.check()

    def scan_and_die(self, rng: random.Random) -> None:
        """It is killed before a photo is judged, or within a transaction."""
        left, record = rng.randrange(4), recording.record

        def die(*arguments: Any) -> Counter[str]:
            nonlocal left
            done = record(*arguments)
            left -= 1
            if left < 0:
                raise KilledError
            return done

        with self.patch.context() as dying, suppress(KilledError, SourceAwayError):
            if rng.random() < 0.7:
                dying.setattr(recording, "record", die)
            engine = Engine(self.bundle, dies_after=rng.choice([-1, 0, 1, 2, 3]))
            self.run(rng, [self.root / "yard", self.root / "barn"], engine=engine)
        self.check()

    def scan_meanwhile(self, rng: random.Random) -> None:
        """Files change and people speak while it runs."""

        def meanwhile(done: int, total: int | None) -> None:
            if rng.random() < 0.5:
                rng.choice([self.write, self.move, self.exchange, self.tag, self.delete])(rng)
            if rng.random() < 0.5:
                rng.choice([self.look, self.answer])(rng)

        with suppress(SourceAwayError):
            self.run(rng, [self.root / "yard", self.root / "barn"], on_progress=meanwhile)
        self.check()

    def run(self, rng: random.Random, sources: list[Path], **options: Any) -> bool:
        """Scans, and gives whether what is gone was taken for gone."""
        self.done["scans"] += 1
        options.setdefault("engine", Engine(self.bundle))
        batch = rng.choice([1, 2, 3, 256])
        self.patch.setattr(scanning, "_BATCH", batch)
        classifier: Any = SimpleNamespace(bundle=self.bundle)
        options |= {"classifier": classifier, "retry_failed": rng.random() < 0.1}
        try:
            self.catalogue.scan(sources, **options)
        except SourceAwayError:
            self.done["away"] += 1
            if self.away:
                return False
            self.catalogue.scan(sources, gone=True, **options)
        return True

    # Exports.

    def export(self, rng: random.Random) -> None:
        """What is copied or linked under a breed is a picture of which people said that."""
        form = rng.choice([ExportFormat.TRAINING_SET, ExportFormat.FOLDERS])
        out = self.root / f"{form}"
        try:
            self.catalogue.export(Export(form, out, gone=rng.random() < 0.5))
        except SourceAwayError:
            # It would take too much away, and says so; what is there stays as it was.
            self.catalogue.export(Export(form, out, gone=True))
        for path in out.rglob("*"):
            if not path.is_file() or path.name.startswith(".") or path.suffix == ".json":
                continue
            shot = self.shot_of(path)
            breed = path.parent.name.split("-", 1)[-1].replace("_", " ").title()
            if shot is None or breed not in BREEDS:
                continue
            self.done["exported"] += 1
            words = self.words[self.of[shot]]
            assert words, f"{path.name} is exported as {breed}, of which nobody spoke"
            assert words[-1][1] == (Kind.BREED, breed), f"{path.name} is exported as {breed}"

    # What must be so at all times.

    def entries(self) -> list[Entry]:
        return list(self.catalogue.search(EVERYTHING))

    def seen(self, entry: Entry) -> bool:
        """Whether the picture of a photo was ever seen by the catalogue."""
        return self.shots.get(bytes.fromhex(entry.sha256 or "")) is not None

    def check(self) -> list[Entry]:
        """Looks whether all is as it must be, and gives what the catalogue holds."""
        entries = self.entries()
        assert len({one.id for one in entries}) == len(entries), "two photos have one number"
        for one in entries:
            if self.seen(one):
                self.settle(one)
        for one in entries:
            if not self.seen(one):
                continue
            assert self.owner.setdefault(one.id, one.picture) == one.picture, (
                f"the number of {one.file} is another picture's by now"
            )
            words = self.words[one.picture]
            said = None
            if one.corrected:
                breed = one.breeds[0].label.en if one.breeds else None
                said = (Kind.NOT_DOG if one.status is Status.NOT_DOG else Kind.BREED, breed)
            assert said == (words[-1][1] if words else None), f"{one.file} has another word"
            assert one.label_id == (words[-1][0] if words else None)
        if entries and self.done["scans"] % 5 == 0:
            one = entries[-1]
            if self.seen(one):
                assert len(self.catalogue.history(one.id)) == self.spoken[one.picture]
        return entries

    def settle(self, one: Entry) -> None:
        """Takes the catalogue's word where two codings of a picture may be one or two photos."""
        shot = self.shots[bytes.fromhex(one.sha256 or "")]
        assert self.looks.setdefault(one.picture, shot.picture) == shot.picture, (
            f"{one.file} is taken for another picture"
        )
        before = self.of.setdefault(shot, one.picture)
        if before != one.picture:
            # Of two that nobody spoke of it was found later that they are one.
            assert not self.spoken[before], f"{one.file} has lost what was said of it"
            self.joined = {p: one.picture if q == before else q for p, q in self.joined.items()}
            self.joined[before] = one.picture
            self.of = {shot: one.picture if p == before else p for shot, p in self.of.items()}
            self.owner = {n: one.picture if p == before else p for n, p in self.owner.items()}


OPERATIONS = {
    **dict.fromkeys(("write", "move", "tag", "convert", "copy", "delete", "restore"), 6),
    **dict.fromkeys(("exchange", "renumber", "cut", "complete", "touch", "rename_folder"), 4),
    **{"close": 2, "open": 3, "unplug": 1},
    **{"look": 8, "answer": 8, "say": 14, "export": 6},
    **{"scan": 16, "scan_part": 6, "scan_and_stop": 4, "scan_and_die": 4, "scan_meanwhile": 3},
}

Step = tuple[str, int]


def drawn_steps(seed: int) -> list[Step]:
    rng = random.Random(seed)
    names = rng.choices(list(OPERATIONS), list(OPERATIONS.values()), k=STEPS)
    first = ["write"] * rng.randint(2, 6) + ["scan"]
    return [(name, rng.randrange(2**32)) for name in (*first, *names, "open", "scan", "scan")]


Play = Callable[[list[Step]], Counter[str]]


@pytest.fixture
def play(
    tmp_path: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch, where: str
) -> Play:
    """Plays a sequence in a world of its own."""
    bundle = classifier.bundle
    empty = tmp_path / "empty.sqlite"
    if "://" not in where:
        Catalogue(empty).close()

    def run(steps: list[Step]) -> Counter[str]:
        root = tmp_path / f"world-{time.monotonic_ns()}"
        root.mkdir()
        place = where
        if "://" not in where:
            place = str(root / "catalogue.sqlite")
            shutil.copy(empty, place)
        with Catalogue(place) as catalogue, monkeypatch.context() as patch:
            if "://" in where:
                _clear(catalogue)
            world = World(root, catalogue, bundle, patch)
            for name, seed in steps:
                getattr(world, name)(random.Random(seed))
                world.done[name] += 1
        shutil.rmtree(root)
        return world.done

    return run


def _clear(catalogue: Catalogue) -> None:
    from sqlalchemy import text

    with catalogue._database.write() as connection:
        tables = ("photo", "answer", "content", "correction", "place", "review", "run")
        for table in tables:
            connection.execute(text(f"DELETE FROM {table}"))


def shortest(play: Play, steps: list[Step]) -> list[Step]:
    """The shortest part of a failing sequence that still fails."""
    size = len(steps) // 2
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            try:
                play(fewer)
            except Exception:
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
def test_no_word_is_lost_or_lands_on_another_picture(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    _play_many(play, os.environ.get("BARKIVE_SEQUENCES", "0-50"), capsys)


@pytest.mark.parametrize("where", ["postgresql"], indirect=True)
def test_none_is_on_postgresql_either(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    _play_many(play, "0-10", capsys)


def _play_many(play: Play, which: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, last = map(int, which.split("-"))
    done: Counter[str] = Counter()
    for seed in range(first, last):
        steps = drawn_steps(seed)
        try:
            done += play(steps)
        except Exception as error:
            few = shortest(play, steps)
            try:
                play(few)
            except Exception as short:
                raise AssertionError(f"Sequence {seed}: {few}") from short
            raise AssertionError(f"Sequence {seed}, now and then") from error
    if "BARKIVE_SEQUENCES" in os.environ:
        with capsys.disabled():
            print(f"\n{last - first} sequences:", dict(done.most_common()))  # noqa: T201
