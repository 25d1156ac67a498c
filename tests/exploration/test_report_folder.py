"""The files in the folder: tables, JSON, and when they appear."""

import csv
import json
from pathlib import Path

import pytest

from barkive import evaluation
from barkive.errors import UsageError
from barkive.evaluation import make_folder
from barkive.exploration import find, report_folder, survey, write_report
from barkive.exploration.survey import Failure


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def written(samples, tmp_path):
    out = tmp_path / "deep" / "report"
    make_folder(out)
    assert write_report(find(survey(samples)), out) == out / "index.html"
    return out


def test_every_file_is_there(written):
    assert sorted(path.name for path in written.iterdir()) == [
        *("breeds.csv", "duplicates.csv", "explore.json"),
        *("index.html", "outliers.csv", "photos.csv"),
    ]


def test_photos_have_a_row_each_and_unreadable_ones_the_reason(written, folder):
    found = rows(written / "photos.csv")
    assert len(found) == 7
    png = next(row for row in found if row["format"] == "PNG")
    assert png["file"] == str(folder / "n02088364-beagle/2.png")
    assert (png["folder"], png["mode"]) == ("n02088364-beagle", "RGB")
    assert (png["width"], png["height"], png["megapixels"]) == ("64", "96", "0.006144")
    assert (png["exact_group"], png["near_group"], png["error"]) == ("", "", "")
    copies = [row["sha256"] for row in found if row["exact_group"] == "1"]
    assert len(copies) == 2
    assert copies[0] == copies[1]
    broken = found[-1]
    assert (broken["folder"], broken["format"], broken["noise"]) == ("lone", "", "")
    assert broken["error"].startswith("It is not a photo")


def test_breeds_have_a_row_each(written):
    found = rows(written / "breeds.csv")
    counts = [(row["folder"], row["name"], row["photos"], row["unreadable"]) for row in found]
    assert counts == [
        ("Rex & <co>", "Rex & <co>", "3", "0"),
        ("lone", "lone", "1", "1"),
        ("n02088364-beagle", "Beagle", "2", "0"),
    ]


def test_duplicates_have_a_row_a_photo(written):
    found = [
        (row["group"], row["kind"], row["across_breeds"], Path(row["file"]).name)
        for row in rows(written / "duplicates.csv")
    ]
    assert found == [
        ("1", "exact", "true", "copy.jpg"),
        ("1", "exact", "true", "1.jpg"),
        ("2", "near", "false", "larger.jpg"),
        ("2", "near", "false", "smaller.jpg"),
    ]


def test_outliers_have_a_row_a_reason(record, survey_of, tmp_path):
    photos = [*[record() for _ in range(30)], record(path="data/beagle/dark.jpg", brightness=0)]
    write_report(find(survey_of(photos)), tmp_path)
    (row,) = rows(tmp_path / "outliers.csv")
    assert row == {
        "measure": "brightness",
        "reason": "very dark",
        "file": "data/beagle/dark.jpg",
        "folder": "beagle",
        "value": "0",
        "low_fence": "90",
        "high_fence": "150",
        "excess": "4",
    }
    assert rows(tmp_path / "photos.csv")[30]["outlier"] == "very dark"


def test_the_json_holds_all_that_is_aggregated(written, folder):
    entry = json.loads((written / "explore.json").read_text())
    assert entry["data"] == str(folder)
    assert entry["photos"] == 6
    assert [failure["folder"] for failure in entry["unreadable"]] == ["lone"]
    assert entry["fewest"] == {"folder": "lone", "photos": 1}
    assert entry["most"] == {"folder": "Rex & <co>", "photos": 3}
    assert entry["empty"] == ["empty"]
    assert entry["shapes"] == {"portrait": 1, "landscape": 3, "square": 2}
    assert entry["formats"] == {"JPEG": 5, "PNG": 1}
    assert entry["distributions"]["width"]["max"] == 96
    assert [len(group["files"]) for group in entry["duplicates"]] == [2, 2]
    assert entry["outliers"]["brightness"]["photos"] == []
    assert [breed["photos"] for breed in entry["breeds"]] == [3, 1, 2]


def test_one_breed_is_both_smallest_and_largest(record, survey_of, tmp_path):
    write_report(find(survey_of([record()])), tmp_path)
    entry = json.loads((tmp_path / "explore.json").read_text())
    assert entry["fewest"] == entry["most"] == {"folder": "beagle", "photos": 1}


def test_names_that_are_no_text_still_give_rows(record, survey_of, tmp_path):
    failure = Failure("data/caf\udce9/2.jpg", 0, "The file is empty.")
    photo = record(path="data/caf\udce9/1\n.jpg")
    write_report(find(survey_of([photo], ["caf\udce9"], [failure])), tmp_path)
    assert rows(tmp_path / "photos.csv")[0]["file"] == "data/caf\\udce9/1\n.jpg"
    assert json.loads((tmp_path / "explore.json").read_text())["breeds"][0]["photos"] == 1


def test_the_same_photos_give_the_same_files(samples, tmp_path):
    for name in ("one", "two"):
        make_folder(tmp_path / name)
        write_report(find(survey(samples)), tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_report_that_breaks_off_has_no_page(samples, tmp_path, monkeypatch):
    for name in ("index.html", "explore.json"):
        (tmp_path / name).write_text("of an earlier report")
    findings = find(survey(samples))

    def full(folder, files):
        evaluation.write_files(folder, {"photos.csv": files["photos.csv"]})
        raise UsageError("verbatim", sentence="The file can't be written: No space left on device.")

    monkeypatch.setattr(report_folder, "write_files", full)
    with pytest.raises(UsageError, match="No space left"):
        write_report(findings, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "photos.csv"]


def test_the_page_is_written_last(samples, tmp_path, monkeypatch):
    monkeypatch.setattr(report_folder, "write_files", lambda folder, files: order.extend(files))
    order = []
    write_report(find(survey(samples)), tmp_path)
    assert order[-2:] == ["explore.json", "index.html"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "report").write_text("")
    with pytest.raises(UsageError, match="it is a file"):
        make_folder(tmp_path / "report")
