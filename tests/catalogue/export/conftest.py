"""Dogs that have a box."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from barkive.boxes import Box
from barkive.catalogue.animal_records import Animal, AnimalVerdict
from barkive.catalogue.records import EntryDog
from barkive.verdicts import BreedName, Candidate, Status

PUG = BreedName("n02110958", "Pug", "Carlin")
MALTESE = BreedName("n02085936", "Maltese", "Bichon maltais")


@pytest.fixture
def make_animal() -> Callable[..., Animal]:
    """Makes an animal: Rex, unless told otherwise."""

    def make(**changes: Any) -> Animal:
        known: dict[str, Any] = {
            "id": 123456789012,
            "code": "2026-113",
            "name": "Rex",
            "species": "dog",
            "sex": None,
            "birth": None,
            "birth_is_estimate": False,
            "status": "in_care",
            "notes": None,
            "arrived": None,
            "left": None,
            "verdict": AnimalVerdict(),
            "photos": 0,
            "main_photo": None,
            "is_main_chosen": False,
            "version": 1,
            "made_at": datetime(2026, 5, 4),
            "changed_at": datetime(2026, 5, 4),
        }
        return Animal(**known | changes)

    return make


@pytest.fixture
def pug() -> EntryDog:
    """A Pug in the right half of its photo."""
    breeds = (Candidate(PUG, 0.8), Candidate(MALTESE, 0.2))
    return EntryDog(7, Box(0.5, 0.25, 0.5, 0.5), 0.9, Status.DOG, breeds)


@pytest.fixture
def unsure() -> EntryDog:
    """A dog of no certain breed in the upper left corner of its photo."""
    breeds = (Candidate(MALTESE, 0.4), Candidate(PUG, 0.3))
    return EntryDog(8, Box(0.0, 0.0, 0.25, 0.5), 0.6, Status.UNCERTAIN, breeds)


@pytest.fixture
def cross() -> EntryDog:
    """A dog that a person drew and named as a cross, over the whole of its photo."""
    breeds = (Candidate(PUG, 0.5), Candidate(MALTESE, 0.5))
    return EntryDog(9, Box(0.0, 0.0, 1.0, 1.0), 1.0, Status.DOG, breeds, corrected=True)


# From an upright picture to the one that is stored, by EXIF orientation.
_TURNED_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture
def turned_photo(tmp_path: Path) -> Callable[..., Path]:
    """Writes a JPEG that is upright 90 x 60, white, with a red dog at 0.1, 0.1, 0.3, 0.7."""

    def make(orientation: int, name: str = "") -> Path:
        path = tmp_path / "turned" / (name or f"o{orientation}.jpg")
        if path.exists():
            return path
        path.parent.mkdir(exist_ok=True)
        picture = Image.new("RGB", (90, 60), "white")
        picture.paste((255, 0, 0), (9, 6, 36, 48))
        if orientation in _TURNED_BACK:
            picture = picture.transpose(_TURNED_BACK[orientation])
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        picture.save(path, None if path.suffix else "JPEG", quality=95, exif=exif)
        return path

    return make
