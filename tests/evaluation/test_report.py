"""The folder of tables and pictures."""

import csv
import errno
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from barkive.errors import MissingExtraError, UsageError
from barkive.evaluation import HeatMaps, evaluate, prepare_report, report, write_report
from barkive.evaluation.plots import confusion_picture

pytestmark = pytest.mark.slow


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def written(evaluation, tmp_path):
    folder = tmp_path / "deep" / "report"
    prepare_report(folder)
    write_report(evaluation, folder, model="colours@0")
    return folder


def test_every_file_is_there_and_whole(written):
    assert sorted(path.name for path in written.iterdir()) == [
        "breeds.csv",
        "confused-pairs.csv",
        "confused-pairs.png",
        "confusion.csv",
        "confusion.png",
        "errors.png",
        "evaluation.json",
        "predictions.csv",
        "reliability.png",
        "suspected-labels.csv",
        "suspected-labels.png",
    ]
    for name in ("confused-pairs", "confusion", "errors", "reliability", "suspected-labels"):
        with Image.open(written / f"{name}.png") as picture:
            picture.load()
            assert min(picture.size) > 250


def test_the_figures_are_as_printed(written):
    entry = json.loads((written / "evaluation.json").read_text())
    assert entry["top1"] == 0.8
    assert entry["n"] == 5
    assert entry["model"] == "colours@0"


def test_predictions_have_a_row_a_photo(written):
    found = rows(written / "predictions.csv")
    assert [(row["status"], row["truth"], row["answer"], row["probability"]) for row in found] == [
        ("uncertain", "Maltese", "Maltese", "0.5000"),
        ("dog", "my mutt", "my mutt", "1.0000"),
        ("failed", "my mutt", "", ""),
        ("not_dog", "my mutt", "my mutt", "0.7500"),
        ("dog", "Chihuahua", "Chihuahua", "0.7500"),
        ("dog", "Chihuahua", "Maltese", "0.7500"),
        ("not_dog", "not a dog", "Chihuahua", "0.5000"),
        ("uncertain", "not a dog", "Chihuahua", "0.4762"),
        ("failed", "not a dog", "", ""),
    ]
    assert found[2]["error"]
    assert not found[1]["error"]
    assert found[5]["truth_id"] == "n02085620"
    assert found[5]["answer_id"] == "n02085936"
    assert found[5]["dog_log_odds"] == "12.0000"


def test_the_tables_of_breeds_and_confusions(written):
    assert (written / "breeds.csv").read_text().splitlines()[:2] == [
        "breed,photos,right,accuracy,mistaken_for,mistaken,breed_id",
        "Chihuahua,2,1,0.5000,Maltese,1,n02085620",
    ]
    assert (written / "confused-pairs.csv").read_text().splitlines() == [
        "breed,other,breed_as_other,other_as_breed,total",
        "Chihuahua,Maltese,1,0,1",
    ]
    assert (written / "confusion.csv").read_text().splitlines() == [
        "truth,Chihuahua,Maltese,my mutt",
        "Chihuahua,1,1,0",
        "Maltese,0,1,0",
        "my mutt,0,0,2",
    ]


def test_breeds_that_do_not_occur_are_left_out_of_the_matrix(model, info, data, tmp_path):
    paths, truth = [str(data / "my-mutt" / "1.png")], np.array([2])
    write_report(evaluate(model, info, paths, truth), tmp_path, model="colours@0")
    assert (tmp_path / "confusion.csv").read_text() == "truth,my mutt\nmy mutt,1\n"


def test_suspected_labels_have_a_row_each(written, data):
    assert (written / "suspected-labels.csv").read_text().splitlines() == [
        "file,label,suggested,probability,threshold",
        f"{data / 'n02085620-Chihuahua' / '2.png'},Chihuahua,Maltese,0.7500,0.5000",
    ]


def test_where_nothing_is_suspected_an_earlier_sheet_goes(model, info, data, written):
    paths, truth = [str(data / "my-mutt" / "1.png")], np.array([2])
    write_report(evaluate(model, info, paths, truth), written, model="colours@0")
    assert not (written / "suspected-labels.png").exists()
    assert len((written / "suspected-labels.csv").read_text().splitlines()) == 1
    assert (written / "evaluation.json").exists()


def test_errors_are_shown_with_what_the_network_looked_at(evaluation, info, tmp_path):
    asked = []

    def heat(pixels, classes):
        asked.append((pixels.shape, pixels[0, 0, 0].tolist(), classes.tolist()))
        return np.ones((len(pixels), 2, 2), np.float32)

    maps = HeatMaps(heat, info.preprocessing)
    write_report(evaluation, tmp_path, model="colours@0", heat_maps=maps)
    assert asked == [((1, 32, 32, 3), [60, 180, 0], [1])]  # a Chihuahua, taken for a Maltese
    with Image.open(tmp_path / "errors.png") as picture:
        assert picture.size == (1420, 374)


def test_a_report_that_breaks_off_does_not_look_whole(evaluation, tmp_path, monkeypatch):
    (tmp_path / "evaluation.json").write_text("of an earlier report")

    def full(matrix, names):
        raise OSError("disk full")

    monkeypatch.setattr(report, "confusion_picture", full)
    with pytest.raises(OSError, match="disk full"):
        write_report(evaluation, tmp_path, model="colours@0")
    assert not (tmp_path / "evaluation.json").exists()


def test_a_missing_matplotlib_is_named_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'barkive\[report\]'"):
        prepare_report(tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "report").write_text("")
    with pytest.raises(UsageError, match="it is a file"):
        prepare_report(tmp_path / "report")


@pytest.mark.parametrize("count", [2, 30])
def test_a_confusion_matrix_takes_names_that_look_like_formulas_or_are_no_text(count):
    names = ["$\\frac$ [x]", "caf\udce9"] * (count // 2)
    picture = confusion_picture(np.eye(count, dtype=np.intp), names)
    assert picture.startswith(b"\x89PNG")


def test_a_file_name_that_is_no_text_still_gives_a_row(evaluation, tmp_path):
    paths = ("caf\udce9.png", *evaluation.dogs.paths[1:])
    renamed = replace(evaluation, dogs=replace(evaluation.dogs, paths=paths))
    files = report.to_csv(report._predictions(renamed)).decode()
    assert files.splitlines()[1].startswith("caf\\udce9.png,uncertain,")


def test_a_folder_below_a_file_or_without_permission_is_told_with_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "afile").touch()
    folder = tmp_path / "afile" / "x" / "y"
    with pytest.raises(UsageError) as caught:
        prepare_report(folder)
    assert str(caught.value) == (
        f"The folder {folder} can't be made: {tmp_path / 'afile'} is a file; choose another place "
        "with --out."
    )
    monkeypatch.setattr(report.os, "access", lambda *asked: False)
    with pytest.raises(UsageError, match="into: you have no permission; allow it, or choose anoth"):
        prepare_report(tmp_path)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, r"n\.csv can't be written: why; make room or choose another place\."),
        (errno.EACCES, r"n\.csv can't be written: why; choose another place\."),
    ],
)
def test_room_is_asked_for_only_where_there_is_none(tmp_path, monkeypatch, number, told):
    def refused(self, content):
        raise OSError(number, "why")

    monkeypatch.setattr(Path, "write_bytes", refused)
    with pytest.raises(UsageError, match=told):
        report.write_files(tmp_path, {"n.csv": b""})
