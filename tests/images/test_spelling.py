"""Names with accents, which may be composed or not."""

import unicodedata
from pathlib import Path

import pytest

from barkive.images.spelling import as_spelt


def test_a_file_is_found_however_its_accents_are_composed(tmp_path: Path) -> None:
    there = tmp_path / unicodedata.normalize("NFC", "été") / "chiot.jpg"
    there.parent.mkdir()
    there.touch()
    asked = tmp_path / unicodedata.normalize("NFD", "été") / "chiot.jpg"
    assert Path(as_spelt(str(asked))).samefile(there)


@pytest.mark.parametrize("path", ["é\0/rex.jpg", "nowhere é/rex.jpg", "é\0"])
def test_what_can_not_be_there_stays_as_it_is(path: str) -> None:
    assert as_spelt(path) == path
