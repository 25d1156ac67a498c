"""`kill -9` in the midst of work on animals: what was acknowledged is there, and acts are whole."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from barkive.catalogue import ActKind, Catalogue
from barkive.catalogue.transfer.rebuild_animals import SavedAnimals
from barkive.classifier import Classifier

pytestmark = pytest.mark.slow

ORDER = ("Rex", "Bo", "Max")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork processes")
def test_what_was_acknowledged_is_there_and_what_was_done_is_all_of_it(
    tmp_path: Path, kennel: Path, classifier: Classifier
) -> None:
    file = tmp_path / "catalogue.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
    script = Path(__file__).with_name("killed_acting.py")
    done = subprocess.run([sys.executable, script, file, "40"], capture_output=True, check=True)
    acknowledged = json.loads(done.stdout)
    assert len(acknowledged) > 20
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    with Catalogue(file) as catalogue:
        animals = {one.code: one for one in catalogue.animals.list()}
        kinds = {one.kind for one in catalogue.animals.acts(10_000)}
    assert kinds >= {ActKind.NEW, ActKind.TAKE_AWAY, ActKind.IMPORT, ActKind.MERGE, ActKind.UNDO}
    # What came after it may have been done without being acknowledged any more.
    lost = [
        (code, name, animals.get(code))
        for code, name in acknowledged.items()
        if code not in animals or ORDER.index(animals[code].name or "") < ORDER.index(name)
    ]
    assert lost == []

    # What holds is what all changes come to: those of an act are written together, or none is.
    saved = SavedAnimals.read(file)
    with closing(sqlite3.connect(file)) as raw:
        raw.executescript("DELETE FROM animal; DELETE FROM animal_photo;")
    told = SavedAnimals.read(file)
    named = ("number", "code", "name", "birth", "removed", "merged_into", "act_id")
    rows = [
        {row["number"]: {name: row.get(name) for name in named} for row in one.animals}
        for one in (saved, told)
    ]
    assert rows[0] == rows[1]
    pairs = [{(row["animal"], row["picture"]) for row in one.photos} for one in (saved, told)]
    assert pairs[0] == pairs[1]
