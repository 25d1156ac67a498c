"""`barkive identify`: what it prints, what it makes of odd input, and its exit status."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from barkive.cli import commands
from barkive.images.memory import budget

RED, GREEN, GREY, BLACK = (196, 0, 1), (0, 197, 0), (199, 199, 199), (7, 1, 0)

Run = Callable[..., tuple[int, str, str]]
Photo = Callable[..., Path]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], colour_bundle: Path
) -> Run:
    """Runs `barkive identify`; the exit status, and what came on both outputs."""

    def invoke(*words: object, model: Path = colour_bundle) -> tuple[int, str, str]:
        argv = ["barkive", "identify", *map(str, words), "--model", str(model)]
        monkeypatch.setattr("sys.argv", argv)
        with pytest.raises(SystemExit) as end:
            commands.run()
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err  # type: ignore[return-value]

    return invoke


def found(out: str) -> dict[str, str]:
    """File names without their folders, with their statuses, from the JSON lines."""
    entries = [json.loads(line) for line in out.splitlines()]
    return {Path(entry["file"]).name: entry["status"] for entry in entries}


def test_one_photo(run: Run, colour_photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(colour_photo("rex.png", RED).parent)
    assert run("rex.png") == (
        0,
        "rex.png                           Chihuahua 98%, Maltese 1%\n",
        "",
    )


def test_the_memory_for_large_photos(
    run: Run, colour_photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget(), "limit", 10**9)
    photo = colour_photo("red.png", RED)
    assert run(photo, "--memory", "2G")[0] == 0
    assert budget().limit == 2 * 10**9
    monkeypatch.setenv("BARKIVE_MEMORY", "34M")
    assert run(photo)[0] == 0
    assert budget().limit == 34 * 10**6
    assert run(photo, "--memory", "much") == (
        2,
        "",
        "Error: “much” is no memory to decode photos in; give a size of 34 MB or more, such as "
        "800M or 2G.\n",
    )


def test_a_folder_in_order_with_a_summary(
    run: Run, colour_photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, colour in (("10.png", RED), ("9.png", GREY), ("b/1.png", BLACK), ("a/1.png", GREEN)):
        colour_photo(f"photos/{name}", colour)
    assert run("photos", "--top", 1) == (
        0,
        "photos/9.png                      not sure: Chihuahua 33%\n"
        "photos/10.png                     Chihuahua 98%\n"
        "photos/a/1.png                    Pug 99%\n"
        "photos/b/1.png                    no dog here\n",
        "4 photos: 2 named, 1 not sure, 1 no dog.\n",
    )


def test_json_keeps_the_contract(run: Run, colour_photo: Photo) -> None:
    path = colour_photo("green.png", GREEN)
    status, out, err = run(path, "--format", "json", "--lang", "fr", "--top", 2)
    assert (status, err) == (0, "")
    entry = json.loads(out)
    assert entry.pop("model").startswith("colours@")
    assert entry.pop("dogs") == []
    assert entry == {
        "file": str(path),
        "status": "dog",
        "breeds": [
            {"id": "n02110958", "name": "Carlin", "probability": 0.99},
            {"id": "n02085620", "name": "Chihuahua", "probability": 0.005},
        ],
        "error": None,
        "error_code": None,
    }


def test_csv_has_columns_for_no_more_breeds_than_there_are(run: Run, colour_photo: Photo) -> None:
    _, out, _ = run(colour_photo("red.png", RED), "--format", "csv", "--top", 1000)
    (row,) = csv.DictReader(io.StringIO(out.removeprefix("\ufeff")))
    assert list(row)[-5:] == ["probability_3", "error", "error_code", "model", "dogs"]
    assert (row["status"], row["name_1"], row["name_3"]) == ("dog", "Chihuahua", "Pug")


def test_failed_photos_are_listed_and_give_status_1(
    run: Run, colour_photo: Photo, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    status, out, err = run(broken, colour_photo("red.png", RED), tmp_path / "absent.jpg")
    assert status == 1
    assert [line.split("  ")[-1] for line in out.splitlines()] == [
        "failed: It is not a photo in a format that Barkive reads "
        "(JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, RAW).",
        "Chihuahua 98%, Maltese 1%",
        "failed: The file does not exist.",
    ]
    assert err == "3 photos: 1 named, 2 failed.\n"


def test_an_empty_folder_is_mentioned_and_stops_nothing(
    run: Run, colour_photo: Photo, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(empty) == (0, "", f"There are no photos in {empty}.\n")
    status, out, err = run(empty, colour_photo("red.png", RED), "--format", "json")
    assert (status, found(out)) == (0, {"red.png": "dog"})
    assert err == f"There are no photos in {empty}.\n"


def test_a_folder_of_folders(run: Run, colour_photo: Photo, tmp_path: Path) -> None:
    colour_photo("top/one/two/deep.png", RED)
    top = tmp_path / "top"
    assert found(run(top, "--format", "json")[1]) == {"deep.png": "dog"}
    assert run(top, "--no-recursive") == (
        0,
        "",
        f"There are no photos in {top} itself; "
        "with --no-recursive, folders inside it are not opened.\n",
    )


@pytest.mark.parametrize("name", ["two words.png", "été à Nîmes.png", "🐕‍🦺.png", "new\nline.png"])
def test_odd_names(name: str, run: Run, colour_photo: Photo) -> None:
    path = colour_photo(f"photos/{name}", RED)
    for given in (path, path.parent):
        status, out, err = run(given, "--format", "json")
        assert (status, err, len(out.splitlines())) == (0, "", 1)
        assert json.loads(out)["file"] == str(path)
    assert len(run(path)[1].splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf_8_leaves_json_valid(run: Run, colour_photo: Photo) -> None:
    name = os.fsdecode(b"\xe9t\xe9.png")
    status, out, _ = run(colour_photo(name, RED).parent, "--format", "json")
    assert status == 0
    assert "\\udce9t\\udce9.png" in out
    assert found(out) == {name: "dog"}


def test_a_loop_of_links(run: Run, colour_photo: Photo, tmp_path: Path) -> None:
    folder = colour_photo("photos/red.png", RED).parent
    (folder / "again").symlink_to(folder)
    (folder / "self.jpg").symlink_to(folder / "self.jpg")
    status, out, _ = run(folder, "--format", "json")
    assert (status, found(out)) == (1, {"red.png": "dog", "self.jpg": "failed"})


def test_50_broken_files_among_50_good_ones(run: Run, colour_photo: Photo, tmp_path: Path) -> None:
    good = colour_photo("good.png", RED).read_bytes()
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(100):
        (folder / f"{i}.png").write_bytes(good[: len(good) // 2] if i % 2 else good)
    status, out, err = run(folder, "--format", "json")
    assert status == 1
    assert list(found(out).values()) == ["dog", "failed"] * 50
    assert err == "100 photos: 50 named, 50 failed.\n"


def test_a_model_that_is_no_bundle_is_one_sentence(
    run: Run, colour_photo: Photo, tmp_path: Path
) -> None:
    photo = colour_photo("red.png", RED)
    status, out, err = run(photo, model=tmp_path / "absent.onnx")
    assert (status, out) == (2, "")
    assert err == (
        f"Error: The model file {tmp_path}/absent.onnx does not exist; "
        "give a bundle that `barkive train` wrote.\n"
    )
    assert run(photo, model=photo)[0] == 2


def test_a_card_that_is_not_there_is_one_sentence(
    run: Run, colour_photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    status, out, err = run(colour_photo("red.png", RED), "--device", "cuda")
    assert (status, out) == (2, "")
    assert err.startswith("Error: The device cuda needs an NVIDIA card, and the package")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "words", [["--top", 0], ["--lang", "de"], ["--format", "xml"], ["--device", "tpu"]]
)
def test_wrong_options_have_status_2(words: list[object], run: Run) -> None:
    status, out, err = run("a.jpg", *words)
    assert (status, out) == (2, "")
    assert str(words[0]) in err


def test_what_is_passed_over_is_told(run: Run, colour_photo: Photo, tmp_path: Path) -> None:
    colour_photo("p/rex.png", RED)
    for name in ("p/@eaDir/rex.png/SM.png", "p/old/1.png"):
        colour_photo(name, RED)
    (tmp_path / "p" / "rex.mov").touch()
    status, out, err = run(tmp_path / "p", "--exclude", "old/", "--format", "json")
    assert (status, found(out)) == (0, {"rex.png": "dog"})
    assert err == "passed over: 1 in @eaDir, 1 excluded, 1 video.\n"
    status, out, err = run(tmp_path / "p" / "@eaDir", "--format", "json")
    assert (status, found(out), err) == (0, {"SM.png": "dog"}, "")


def test_patterns_that_leave_nothing_are_refused(run: Run, colour_photo: Photo) -> None:
    folder = colour_photo("p/rex.png", RED).parent
    status, out, err = run(folder, "--exclude", "*.png")
    assert (status, out) == (2, "")
    assert err == (
        f"Error: Nothing is left of {folder}: --exclude or .barkiveignore excludes every photo "
        "there (1); correct the patterns. Nothing was changed.\n"
    )


def test_links_that_lead_out_are_followed_where_that_is_wanted(
    run: Run, colour_photo: Photo, tmp_path: Path
) -> None:
    folder = colour_photo("p/rex.png", RED).parent
    (folder / "out").symlink_to(colour_photo("elsewhere/mila.png", GREEN).parent)
    status, out, err = run(folder, "--format", "json")
    assert (status, found(out)) == (0, {"rex.png": "dog"})
    assert err == "passed over: 1 link that leads elsewhere (--follow-links takes it).\n"
    status, out, err = run(folder, "--format", "json", "--follow-links")
    assert found(out) == {"rex.png": "dog", "mila.png": "dog"}
