"""`kill -9` at random moments of scanning and correcting, a hundred times."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from barkive.catalogue import Catalogue, Filter
from barkive.classifier import Classifier

pytestmark = pytest.mark.slow

ROUNDS, PHOTOS = 100, 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork processes")
def test_what_was_acknowledged_is_there_after_a_hundred_kills(
    tmp_path: Path, colour_bundle: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(PHOTOS):
        Image.new("RGB", (40, 30), (6 * i, 250 - 6 * i, 40)).save(photos / f"{i}.png")
    file = tmp_path / "catalogue.sqlite"
    Catalogue(file).close()
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, script, file, photos, colour_bundle, str(ROUNDS)],
        capture_output=True,
        check=True,
    )
    acknowledged = json.loads(done.stdout)
    assert acknowledged
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    with Catalogue(file) as catalogue:
        catalogue.scan(photos, classifier=Classifier(colour_bundle, dogs=False))
        assert catalogue.count() == PHOTOS
        kept = {Path(one.file).name: one.note for one in catalogue.search(Filter(corrected=True))}
    # The last correction may have been made without being acknowledged any more.
    lost = {
        name: (note, kept.get(name))
        for name, note in acknowledged.items()
        if int(kept.get(name) or 0) < int(note)
    }
    assert lost == {}
