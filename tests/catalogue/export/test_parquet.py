"""Parquet files, read back."""

import os
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from barkive.catalogue.export import parquet
from barkive.catalogue.predictions.breed_names import Names
from barkive.catalogue.records import Entry, EntryDog
from barkive.errors import MissingExtraError
from barkive.verdicts import BreedName, Candidate, Language, Status

MakeEntry = Callable[..., Entry]


PUG, MALTESE = (
    BreedName("n02110958", "Pug", "Carlin"),
    BreedName("n02085936", "Maltese", "Bichon maltais"),
)
NAME = os.fsdecode(b"/photos/caf\xe9.jpg")


def write_parquet(entries: Iterable[Entry], path: Path, lang: Language) -> None:
    with path.open("wb") as file:
        parquet.write_parquet(entries, file, lang, Names().breeds)


def test_a_dog(make_entry: MakeEntry, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.parquet"
    write_parquet([make_entry()], path, "fr")
    assert pq.read_table(path).to_pylist() == [
        {
            "file": "/photos/rex.jpg",
            "status": "dog",
            "breed_id": "n02085620",
            "breed": "Chihuahua",
            "breed2_id": None,
            "breed2": None,
            "probability": 0.93,
            "corrected": False,
            "note": None,
            "error": None,
            "error_code": None,
            "model": "colours@0123456789ab",
            "model_status": "dog",
            "breeds": [
                {"id": "n02085620", "name": "Chihuahua", "probability": 0.93},
                {"id": "n02110958", "name": "Carlin", "probability": 0.05},
                {"id": "n02085936", "name": "Bichon maltais", "probability": 0.02},
            ],
            "width": 640,
            "height": 480,
            "bytes": 1234,
            "sha256": "ab" * 32,
            "taken_at": datetime(2026, 5, 4, 3, 2, 1),
            "added_at": datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC),
            "identified_at": datetime(2026, 6, 1, 12, 0, 1, tzinfo=UTC),
            "missing_since": None,
            "camera": "Maker Model",
            "id": 1,
            "dogs": None,
            "boxes": None,
            "fci_number": 218,
            "fci_group": 9,
        }
    ]


def test_a_cross_an_uncertain_and_a_failed_photo(make_entry: MakeEntry, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.parquet"
    cross = (Candidate(PUG, 0.5), Candidate(MALTESE, 0.5))
    failed = make_entry(
        status=Status.FAILED,
        breeds=(),
        prediction=None,
        error="It is empty.",
        width=None,
        height=None,
        bytes=None,
        sha256=None,
        taken_at=None,
        camera=None,
        identified_at=None,
        missing_since=datetime(2026, 7, 1),
        file=NAME,
    )
    entries = [
        make_entry(breeds=cross, corrected=True),
        make_entry(status=Status.UNCERTAIN, breeds=(Candidate(PUG, 0.4),)),
        failed,
    ]
    write_parquet(iter(entries), path, "en")
    first, second, third = pq.read_table(path).to_pylist()
    assert (first["breed"], first["breed2"], first["breed2_id"]) == ("Pug", "Maltese", MALTESE.id)
    assert (first["probability"], first["corrected"], first["model_status"]) == (0.5, True, "dog")
    assert (second["status"], second["breed"], second["probability"]) == ("uncertain", None, None)
    assert second["breeds"] == [{"id": PUG.id, "name": "Pug", "probability": 0.4}]
    assert (third["file"], third["error"]) == ("/photos/caf\\udce9.jpg", "It is empty.")
    assert (third["breeds"], third["model_status"], third["width"]) == ([], None, None)
    assert third["missing_since"] == datetime(2026, 7, 1, tzinfo=UTC)


def test_dogs_with_their_boxes(pug: EntryDog, make_entry: MakeEntry, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.parquet"
    write_parquet([make_entry(dogs=(pug,)), make_entry(dogs=())], path, "en")
    first, second = pq.read_table(path).to_pylist()
    assert (first["dogs"], first["boxes"]) == (
        1,
        '[{"x": 0.5, "y": 0.25, "width": 0.5, "height": 0.5, "breed": "Pug"}]',
    )
    assert (second["dogs"], second["boxes"]) == (0, None)


def test_rows_come_in_groups(
    make_entry: MakeEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_ROWS", 2)
    path = tmp_path / "catalogue.parquet"
    write_parquet((make_entry(id=i) for i in range(5)), path, "en")
    file = pq.ParquetFile(path)
    assert file.metadata.num_row_groups == 3
    assert file.read().column("id").to_pylist() == [0, 1, 2, 3, 4]


def test_without_photos_the_columns_are_there(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.parquet"
    write_parquet([], path, "en")
    table = pq.read_table(path)
    assert table.num_rows == 0
    assert str(table.schema.field("taken_at").type) == "timestamp[us]"
    assert str(table.schema.field("added_at").type) == "timestamp[us, tz=UTC]"


def test_every_text_is_written(make_entry: MakeEntry, tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/\xe9.parquet"))
    odd = BreedName("\udce9", "\udce9", "\udce9")
    entry = make_entry(breeds=(Candidate(odd, 1.0),), note="\udce9", camera="\udce9")
    write_parquet([entry], path, "en")
    with path.open("rb") as file:
        (row,) = pq.read_table(file).to_pylist()
    assert row["note"] == row["camera"] == row["breed"] == row["breed_id"] == "\\udce9"
    assert row["breeds"][0]["name"] == "\\udce9"


def test_the_extra_is_named_and_nothing_is_written(
    make_entry: MakeEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "catalogue.parquet"
    with pytest.raises(MissingExtraError, match=r"Writing Parquet needs .*barkive\[parquet\]"):
        write_parquet([make_entry()], path, "en")
    assert path.read_bytes() == b""
