"""The commands of the catalogue, run for real."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from barkive.boxes import Box
from barkive.catalogue import AnimalFields, Catalogue, Kind, Label
from barkive.classifier import Classifier
from barkive.cli.commands import app
from barkive.errors import BarkiveError, UnknownAnimalError, UnknownBreedError, UsageError

pytestmark = pytest.mark.slow

COMMANDS = ["scan", "search", "label", "correct", "history", "review", "duplicates", "export"]


@pytest.fixture
def kennel(colour_photo: Callable[..., Path]) -> Path:
    folder = colour_photo("kennel/rex.png", (250, 10, 10)).parent
    colour_photo("kennel/annex/mila.png", (10, 250, 10))
    colour_photo("kennel/mix.png", (120, 110, 90))
    colour_photo("kennel/night.png", (9, 9, 9))
    return folder


@pytest.fixture
def barkive(tmp_path: Path) -> Callable[..., Result]:
    """Runs a command on a catalogue of the test's own."""

    def run(*arguments: str | Path, keys: str | None = None) -> Result:
        environment = {"BARKIVE_CATALOGUE": str(tmp_path / "c.sqlite"), "COLUMNS": "200"}
        result = CliRunner().invoke(app, list(map(str, arguments)), input=keys, env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def scanned(barkive: Callable[..., Result], kennel: Path, colour_bundle: Path) -> Path:
    assert barkive("scan", kennel, "--model", colour_bundle).exit_code == 0
    return kennel


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(barkive: Callable[..., Result], command: str) -> None:
    assert barkive(command, "--help").exit_code == 0


def test_a_scan_says_what_it_found(
    barkive: Callable[..., Result], kennel: Path, colour_bundle: Path, tmp_path: Path
) -> None:
    (kennel / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    result = barkive("scan", kennel, "--model", colour_bundle)
    assert (result.exit_code, result.stdout) == (
        1,
        "5 photos: 2 named, 1 not sure, 1 no dog, 1 failed.\n"
        "5 new, 0 changed, 0 moved, 0 missing, 1 not read, 0 unchanged.\n"
        f"Catalogue: {tmp_path}/c.sqlite\n",
    )
    assert f"{kennel}/broken.jpg: The file starts as JPEG does" in result.stderr
    again = barkive("scan", kennel, "--model", colour_bundle)
    assert again.exit_code == 0
    assert "0 new, 0 changed, 0 moved, 0 missing, 0 not read, 5 unchanged." in again.stdout


def test_json_has_a_verdict_a_line_with_the_catalogues_fields(
    barkive: Callable[..., Result], scanned: Path
) -> None:
    result = barkive("search", "--breed", "carlin", "--lang", "fr", "--format", "json")
    (record,) = map(json.loads, result.stdout.splitlines())
    assert list(record)[:6] == ["file", "status", "breeds", "error", "error_code", "model"]
    assert (record["file"], record["corrected"]) == (str(scanned / "annex/mila.png"), False)
    assert record["breeds"][0] == {"id": "n02110958", "name": "Carlin", "probability": 0.9194}


def test_the_answer_is_that_of_identify_to_the_last_digit(
    barkive: Callable[..., Result], scanned: Path, colour_bundle: Path
) -> None:
    found = barkive("search", "--format", "json").stdout.splitlines()
    said = barkive("identify", scanned, "--model", colour_bundle, "--format", "json").stdout
    keys = ("file", "status", "breeds", "error", "error_code", "model", "dogs")
    assert [{k: json.loads(line)[k] for k in keys} for line in found] == [
        {k: json.loads(line)[k] for k in keys} for line in said.splitlines()
    ]


def test_a_table_shows_people_what_they_need(barkive: Callable[..., Result], scanned: Path) -> None:
    barkive("label", scanned / "mix.png", "--cross", "pug", "maltese", "--note", "so soft")
    result = barkive("search")
    lines = [line.split("/")[-1].split(maxsplit=1)[1] for line in result.stdout.splitlines()]
    assert [line.strip() for line in lines] == [
        "Pug x Maltese  ✓ so soft",
        "no dog here",
        "Chihuahua 92%, Pug 4%, Maltese 4%",
        "Pug 92%, Chihuahua 4%, Maltese 4%",
    ]
    assert result.stderr == "4 photos.\n"
    assert barkive("search", "--limit", "1").stderr == "1 of 4 photos.\n"
    assert barkive("search", "--count", "--status", "dog").stdout == "3\n"


def test_photos_are_sorted_as_asked(barkive: Callable[..., Result], scanned: Path) -> None:
    def found(*words: str) -> list[str]:
        lines = barkive("search", "--format", "json", *words).stdout.splitlines()
        return [Path(json.loads(line)["file"]).stem for line in lines]

    assert found("--order", "-added") == found()[::-1]
    assert found("--order", "name") == sorted(found())
    assert found("--order", "name", "--limit", "1") == sorted(found())[:1]
    with pytest.raises(UsageError, match="There is no order “size”; it is one of added, "):
        barkive("search", "--order", "size")
    with pytest.raises(UsageError, match="leave --order out, or --like"):
        barkive("search", "--order", "name", "--like", scanned / "rex.png")


def test_csv_has_a_header_and_a_row_a_photo(barkive: Callable[..., Result], scanned: Path) -> None:
    barkive("label", scanned / "mix.png", "--cross", "pug", "maltese")
    rows = list(
        csv.DictReader(
            io.StringIO(barkive("search", "--format", "csv").stdout.removeprefix("\ufeff"))
        )
    )
    assert [(row["status"], row["breed"], row["breed2"], row["corrected"]) for row in rows] == [
        ("dog", "Pug", "Maltese", "true"),
        ("not_dog", "", "", "false"),
        ("dog", "Chihuahua", "", "false"),
        ("dog", "Pug", "", "false"),
    ]


def test_no_note_becomes_a_formula(barkive: Callable[..., Result], scanned: Path) -> None:
    barkive("label", scanned / "rex.png", "--breed", "pug", "--note", "=1+1")
    assert ",'=1+1," in barkive("search", "--format", "csv").stdout


def test_likeness(barkive: Callable[..., Result], scanned: Path) -> None:
    result = barkive("search", "--like", scanned / "rex.png", "--format", "json", "--limit", "1")
    (record,) = map(json.loads, result.stdout.splitlines())
    assert (Path(record["file"]).name, record["similarity"]) == ("mix.png", 0.6875)


def test_corrections_and_their_history(barkive: Callable[..., Result], scanned: Path) -> None:
    rex = scanned / "rex.png"
    assert (
        "Pug  ✓ it is"
        in barkive("label", rex, "--breed", "pug", "--by", "Ada", "--note", "it is").stdout
    )
    assert barkive("label", rex, "--undo").exit_code == 0
    first, second = barkive("history", rex).stdout.splitlines()
    assert first.endswith("by Ada  breed: Pug, was dog: Chihuahua (it is)")
    assert second.endswith("undo, was dog: Pug")
    records = [
        json.loads(line) for line in barkive("history", rex, "--format", "json").stdout.splitlines()
    ]
    assert [(record["kind"], record["by"]) for record in records] == [
        ("breed", "Ada"),
        ("undo", None),
    ]
    assert barkive("label", rex, "--note", "shy", "--by", "Ada").stdout.strip().endswith("shy")
    assert barkive("history", rex).stdout.splitlines()[2].endswith("by Ada  a note (shy)")
    with pytest.raises(UnknownBreedError, match="pgu"):
        barkive("label", rex, "--breed", "pgu")
    with pytest.raises(UsageError, match="exactly one thing"):
        barkive("label", rex)


def test_a_review_takes_a_key_a_photo(
    barkive: Callable[..., Result],
    scanned: Path,
    colour_photo: Callable[..., Path],
    colour_bundle: Path,
) -> None:
    colour_photo("kennel/two.png", (100, 99, 20))
    colour_photo("kennel/three.png", (120, 70, 70))
    barkive("scan", scanned, "--model", colour_bundle)
    # two: its second breed, taken back in front of mix, then another; mix and three: skipped.
    result = barkive("review", "--by", "Bo", keys="2\nu\nb\npgu\nb\nbeagle\ns\ns\n")
    asked = [line.strip() for line in result.stdout.splitlines() if line.endswith(".png")]
    assert [(line.split()[0], line.split("/")[-1]) for line in asked] == [
        ("1", "two.png"),
        ("2", "mix.png"),
        ("again", "two.png"),
        ("2", "mix.png"),
        ("3", "three.png"),
    ]
    assert "No breed is called exactly “pgu”. Which one is meant?\n  1  Pug\n" in result.stdout
    assert "  w  as written: “pgu”\nNothing is saved.\n" in result.stdout
    assert f"Saved: {scanned}/two.png: Pug; u takes it back.\n" in result.stdout
    assert f"Taken back: {scanned}/two.png.\n" in result.stdout
    assert f"Saved: {scanned}/two.png: Beagle; u takes it back.\n" in result.stdout
    assert result.stdout.endswith("1 answered, 2 left.\n")
    assert (
        Path(
            json.loads(barkive("search", "--breed", "beagle", "--format", "json").stdout)["file"]
        ).name
        == "two.png"
    )


def test_a_review_goes_through_photos_without_a_dog_when_asked(
    barkive: Callable[..., Result],
    scanned: Path,
    colour_photo: Callable[..., Path],
    colour_bundle: Path,
) -> None:
    colour_photo("kennel/dusk.png", (30, 20, 5))
    barkive("scan", scanned, "--model", colour_bundle)
    result = barkive("review", "--status", "not_dog", keys="2\nn\n")
    asked = [line.split("/")[-1] for line in result.stdout.splitlines() if line.endswith(".png")]
    assert asked == ["dusk.png", "night.png"]
    assert "No dog, the model says; if there is one, it may be:\n  1   53%  Chihuahua\n" in (
        result.stdout
    )
    assert result.stdout.endswith("2 answered, 0 left.\n")
    found = barkive("search", "--corrected", "--format", "json").stdout.splitlines()
    said = {Path(one["file"]).stem: one for one in map(json.loads, found)}
    assert {name: one["status"] for name, one in said.items()} == {
        "dusk": "dog",
        "night": "not_dog",
    }
    assert said["dusk"]["breeds"][0]["name"] == "Pug"
    again = barkive("review", "--status", "not_dog").stdout
    assert again == "Nothing to review: no such photo is left.\n"
    with pytest.raises(UsageError, match="no photos of the status failed"):
        barkive("review", "--status", "failed")


def test_a_review_has_the_filters_of_a_search(
    barkive: Callable[..., Result], scanned: Path
) -> None:
    none = "Nothing to review: no such photo is left.\n"
    assert barkive("review", "rex").stdout == none
    assert barkive("review", "--folder", scanned / "nowhere").stdout == none
    for wanted in (("mix",), ("--folder", scanned), ("--breed", "chihuahua", "mix")):
        assert "1 of 1" in barkive("review", *wanted, "--no-picture", keys="q\n").stdout
    with pytest.raises(UnknownAnimalError):
        barkive("review", "--animal", "Rex")


def test_nothing_to_review_is_said(barkive: Callable[..., Result], scanned: Path) -> None:
    barkive("label", scanned / "mix.png", "--unsure")
    assert barkive("review").stdout.startswith("Nothing to review")


def test_duplicates_are_listed(
    barkive: Callable[..., Result], scanned: Path, colour_bundle: Path
) -> None:
    (scanned / "copy.png").write_bytes((scanned / "rex.png").read_bytes())
    barkive("scan", scanned, "--model", colour_bundle)
    result = barkive("duplicates")
    assert result.stdout.splitlines() == [
        "2 times the same file:",
        f"  {scanned}/rex.png: Chihuahua",
        f"  {scanned}/copy.png: Chihuahua",
    ]
    assert result.stderr == "1 group, 2 photos.\n"
    (group,) = map(json.loads, barkive("duplicates", "--format", "json").stdout.splitlines())
    assert (group["kind"], len(group["photos"])) == ("exact", 2)


def test_a_catalogue_that_is_not_there_is_named(barkive: Callable[..., Result]) -> None:
    for command in (["search"], ["review"], ["duplicates"], ["export", "--as", "csv"]):
        with pytest.raises(BarkiveError, match="There is no catalogue"):
            barkive(*command)


def test_exports_go_where_they_are_told(
    barkive: Callable[..., Result], scanned: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    table = barkive("export", "--as", "csv", "--breed", "pug", "--lang", "fr").stdout
    assert table.startswith("\ufeff")
    assert table.count("\n") == 2
    for form, name in (
        *(("csv", "a.csv"), ("json", "a.json"), ("jsonl", "a.jsonl"), ("md-json", "a.md.json")),
        *(("asm3", "asm.csv"), ("parquet", "a.parquet"), ("contact-sheet", "a.pdf")),
        *(("contact-sheet", "a.png"), ("folders", "tree"), ("xmp", "side")),
    ):
        result = barkive("export", "--as", form, "--out", out / name)
        assert (form, result.exit_code) == (form, 0)
        assert (out / name).exists()
    assert len(json.loads((out / "a.json").read_text())) == 4
    assert (out / "a.pdf").read_bytes().startswith(b"%PDF")
    assert json.loads((out / "a.md.json").read_text())["info"]["format_version"] == "1.6"
    assert sorted(path.name for path in (out / "tree").iterdir() if path.is_dir()) == [
        "Chihuahua",
        "No dog",
        "Not sure",
        "Pug",
    ]
    assert not list(scanned.rglob("*.xmp"))
    assert not [path for path in out.rglob("*") if path.name.endswith(".part")]
    barkive("export", "--as", "xmp")
    assert sorted(path.name for path in scanned.rglob("*.xmp")) == [
        "mila.png.xmp",
        "mix.png.xmp",
        "rex.png.xmp",
    ]


def test_corrections_become_a_training_set(
    barkive: Callable[..., Result], scanned: Path, tmp_path: Path
) -> None:
    barkive("label", scanned / "rex.png", scanned / "mix.png", "--breed", "beagle")
    barkive("label", scanned / "night.png", "--not-a-dog")
    assert barkive("export", "--as", "training-set", "--out", tmp_path / "set").exit_code == 0
    assert sorted(
        str(path.relative_to(tmp_path / "set")) for path in (tmp_path / "set").rglob("*.png")
    ) == [
        "n02088364-beagle/mix.png",
        "n02088364-beagle/rex.png",
    ]


def test_a_breed_list_maps_names_and_tells_what_it_lacks(
    barkive: Callable[..., Result], scanned: Path, tmp_path: Path
) -> None:
    (tmp_path / "breeds.txt").write_text("Pug Dog (Mops)\nPUG\n")
    result = barkive("export", "--as", "asm3", "--breed-list", tmp_path / "breeds.txt")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {row["ANIMALSPECIES"] for row in rows} == {"Dog"}
    assert "PUG" in {row["ANIMALBREED1"] for row in rows}
    assert (len(rows), "3 written, 1 left out" in result.stderr) == (3, True)
    assert all(row["ANIMALIMAGE"].startswith("data:image/jpeg;base64,") for row in rows)
    assert "Chihuahua" in result.stderr


def test_an_export_for_shelter_software_without_dogs(
    barkive: Callable[..., Result], scanned: Path, tmp_path: Path
) -> None:
    out = tmp_path / "import.csv"
    result = barkive("export", "--as", "asm3", "--status", "not_dog", "--out", out)
    assert (result.exit_code, out.exists()) == (0, False)
    assert result.stderr == (
        "There is no dog in what you asked for, so nothing was written.\n"
        "0 written, 1 left out (1 without a dog)\n"
    )


def test_exports_by_animal(barkive: Callable[..., Result], scanned: Path, tmp_path: Path) -> None:
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        photos = [scanned / "rex.png", scanned / "mix.png"]
        rex = catalogue.animals.new(AnimalFields(code="2026-113", name="Rex"), photos)
        bare = catalogue.animals.new(AnimalFields(name="Bello"))
    result = barkive("export", "--as", "csv", "--by", "animal")
    row, _ = csv.DictReader(io.StringIO(result.stdout.removeprefix("\ufeff")))
    assert (row["code"], row["name"], row["photos"]) == ("2026-113", "Rex", "2")
    assert result.stderr.endswith("2 written\n")
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.animals.remove(bare)
    result = barkive("export", "--as", "folders", "--by", "animal", "--out", tmp_path / "out")
    assert (tmp_path / "out" / "2026-113 Rex" / "rex.png").is_symlink()
    with pytest.raises(UsageError, match="The form xmp makes no use of --by animal"):
        barkive("export", "--as", "xmp", "--by", "animal")
    command = ("export", "--as", "asm3", "--by", "animal")
    assert len(barkive(*command).stdout.splitlines()) == 3
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.animals.edit(rex, AnimalFields(name="Rocky"))
    result = barkive(*command)
    assert result.stdout == ""
    assert result.stderr == (
        "In Animal Shelter Manager, change the name of 2026-113 Rex from “Rex” to “Rocky”.\n"
        "There is nothing new since the last export, so nothing was written. With --again all "
        "is.\n0 written, 1 unchanged\n"
    )
    assert len(barkive(*command, "--again").stdout.splitlines()) == 3


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no such device")
def test_a_device_is_written_to_and_never_replaced(
    barkive: Callable[..., Result], scanned: Path
) -> None:
    with pytest.raises(UsageError, match=r"/dev/full can't be written: No space left on device"):
        barkive("export", "--as", "csv", "--out", "/dev/full")
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as", "xls"], "no form “xls”; choose one of: csv, json"),
        (["--as", "parquet"], "needs a file to write to: --out"),
        (["--as", "folders"], "needs a folder to write to: --out"),
        (["--as", "contact-sheet", "--out", "sheet.doc"], "a .pdf or a .png file, not sheet.doc"),
        (["--as", "csv", "--out", "/nowhere/x.csv"], "/nowhere/x.csv can't be written"),
        (["--as", "csv", "--after", "yesterday"], "“yesterday” is no date; write it as"),
        (["--as", "csv", "--group", "11"], "FCI group is 11; it must lie between 1 and 10"),
        (["--as", "csv", "--min-probability", "nan"], "probability is nan; it must lie"),
    ],
)
def test_exports_that_can_t_be_are_refused(
    barkive: Callable[..., Result], scanned: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        barkive("export", *arguments)


def test_no_export_overwrites_a_photo(
    barkive: Callable[..., Result], scanned: Path, tmp_path: Path
) -> None:
    before = (scanned / "rex.png").read_bytes()
    Image.new("RGB", (9, 9)).save(tmp_path / "mine.jpg")
    for form, out in (
        ("csv", scanned / "rex.png"),
        ("contact-sheet", scanned / "rex.png"),
        ("csv", tmp_path / "mine.jpg"),
        ("csv", tmp_path / "c.sqlite"),
        ("csv", tmp_path / "c.sqlite-wal"),
        ("csv", tmp_path / "rex.jpg.xmp"),
    ):
        with pytest.raises(UsageError, match="not overwritten"):
            barkive("export", "--as", form, "--out", out)
    assert (scanned / "rex.png").read_bytes() == before


def test_a_damaged_catalogue_is_rebuilt_when_asked(
    barkive: Callable[..., Result], scanned: Path, colour_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"damaged" * 1000)
    for ending in ("-wal", "-shm"):
        (tmp_path / f"c.sqlite{ending}").unlink(missing_ok=True)
    with pytest.raises(BarkiveError, match="--rebuild"):
        barkive("search")
    result = barkive("scan", scanned, "--model", colour_bundle, "--rebuild")
    assert (result.exit_code, "c.sqlite.damaged-1" in result.stderr) == (0, True)
    assert barkive("search", "--count").stdout == "4\n"


def test_a_watched_folder_is_scanned_as_it_changes(
    kennel: Path, colour_bundle: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "barkive", "scan", str(kennel), "--watch"]
    command += ["--model", str(colour_bundle), "--catalogue", str(tmp_path / "c.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        assert it.stderr is not None
        assert it.stderr.readline().startswith("Watching")
        first = it.stdout.readline()
        time.sleep(0.3)
        (tmp_path / "private").mkdir()
        Image.new("RGB", (40, 30), (1, 1, 250)).save(tmp_path / "private" / "other.png")
        Image.new("RGB", (40, 30), (1, 1, 250)).save(kennel / "new.png")
        for line in it.stdout:
            if line.startswith("1 new"):
                break
        kennel.rename(tmp_path / "moved")
        assert "There is no folder or file" in it.stderr.readline()
        (tmp_path / "moved").rename(kennel)
        Image.new("RGB", (40, 30), (2, 250, 2)).save(kennel / "newer.png")
        for line in it.stdout:
            if line.startswith("1 new"):
                break
        it.send_signal(signal.SIGINT)
        _, rest = it.communicate(timeout=60)
    assert first == "4 photos: 2 named, 1 not sure, 1 no dog.\n"
    assert "No longer watching." in rest
    assert it.returncode == 0
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        assert catalogue.count() == 6


@pytest.mark.skipif(os.name == "nt", reason="no signals of this kind")
@pytest.mark.parametrize(
    "ending", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a cancelled job"]
)
def test_an_interrupted_scan_says_how_to_go_on(
    make_photo: Callable[..., Path], colour_bundle: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    for i in range(12):
        make_photo(f"many/{i}.png", seed=i)
    words = ["scan", str(tmp_path / "many"), "--model", str(colour_bundle)]
    environment = {**os.environ, "BARKIVE_CATALOGUE": str(tmp_path / "c.sqlite")}
    with subprocess.Popen(
        [sys.executable, "-c", _HELD_AFTER_FIVE, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as it:
        assert it.stderr is not None
        assert it.stderr.readline() == "held\n"
        it.send_signal(ending)
        out, errors = it.communicate()
    assert it.returncode == 130
    assert errors == "Interrupted. Run the same command again to finish.\n"
    assert out.startswith("5 photos: ")
    command = [sys.executable, "-m", "barkive", *words]
    second = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "\n7 new, 0 changed, 0 moved, 0 missing, 0 not read, 5 unchanged.\n" in second.stdout


# A scan that goes no further when five photos are judged.
_HELD_AFTER_FIVE = """
import sys, threading
from barkive.catalogue import LocalEngine
from barkive.cli import main

judge = LocalEngine.__call__

def held(self, readings):
    for number, judged in enumerate(judge(self, readings), 1):
        yield judged
        if number == 5:
            sys.stderr.write("held\\n")
            sys.stderr.flush()
            threading.Event().wait()

LocalEngine.__call__ = held
main()
"""


def test_a_review_offers_choices_of_which_none_is_chosen(
    barkive: Callable[..., Result], scanned: Path
) -> None:
    refused = barkive("review", keys="b\nbulldog\n\nq\n")
    assert "  1  French Bulldog\n  w  as written: “bulldog”\nNothing is saved.\n" in refused.stdout
    assert refused.stdout.endswith("0 answered, 1 left.\n")
    chosen = barkive("review", keys="b\nbulldog\n1\n")
    assert f"Saved: {scanned}/mix.png: French Bulldog; u takes it back.\n" in chosen.stdout
    barkive("label", scanned / "mix.png", "--undo")
    cross = barkive("review", keys="c\nJack Russell\nw\npug\n")
    assert f"Saved: {scanned}/mix.png: Jack Russell x Pug; u takes it back.\n" in cross.stdout


def test_a_bare_enter_saves_nothing(barkive: Callable[..., Result], scanned: Path) -> None:
    assert barkive("review", keys="\n").stdout.endswith("0 answered, 1 left.\n")
    asked = barkive("review", "--status", "not_dog", keys="\n")
    assert asked.stdout.endswith("0 answered, 1 left.\n")


def test_a_correction_with_no_breed_s_name_says_what_is_near_and_how_to_take_it(
    barkive: Callable[..., Result], scanned: Path
) -> None:
    with pytest.raises(UnknownBreedError) as caught:
        barkive("label", scanned / "mix.png", "--breed", "bulldog")
    assert str(caught.value) == (
        "Barkive knows no breed called “bulldog”. The nearest names: French Bulldog. Give one of "
        "them, or take the name as it is written with --other."
    )
    assert caught.value.exit_code == 2


def test_added_breeds_are_listed_renamed_and_merged(
    barkive: Callable[..., Result], scanned: Path
) -> None:
    barkive("label", scanned / "mix.png", "--breed", "Jak Rusel", "--other")
    (line,) = barkive("breeds", "rusel", "--format", "json").stdout.splitlines()
    assert json.loads(line)["id"] == "Jak Rusel"
    assert "added" in barkive("breeds", "rusel").stdout
    assert len(barkive("breeds", "--format", "json").stdout.splitlines()) == 122
    renamed = barkive("breeds", "--rename", "jak rusel", "Jack Russell")
    assert renamed.stdout == "“Jak Rusel” is “Jack Russell” now, on 1 photo.\n"
    assert "mix.png" in barkive("search", "--breed", "jack russell").stdout
    with pytest.raises(UsageError, match="a breed “Boxer” already"):
        barkive("breeds", "--rename", "jack russell", "boxer")
    merged = barkive("breeds", "--rename", "jack russell", "boxer", "--merge")
    assert merged.stdout == "“Jack Russell” is “Boxer” now, on 1 photo.\n"
    assert "mix.png" in barkive("search", "--breed", "boxer").stdout
    with pytest.raises(UsageError, match="look a breed up, add one with --add, or rename"):
        barkive("breeds", "pug", "--rename", "jack russell", "boxer")


def test_a_breed_is_added_with_its_names_number_and_group(
    barkive: Callable[..., Result], scanned: Path
) -> None:
    told = ("--fr", "Teckel", "--fci", 148, "--group", 4)
    printed = barkive("breeds", "--add", "Dachshund", *told).stdout
    for text in ("Dachshund", "Teckel", "148", "4: Dachshunds"):
        assert text in printed
    barkive("label", scanned / "mix.png", "--breed", "teckel")
    assert "mix.png" in barkive("search", "--group", 4).stdout
    more = barkive("breeds", "--add", "teckel", "--group", 0, "--format", "json", "--lang", "fr")
    (line,) = more.stdout.splitlines()
    assert json.loads(line) == {
        "name": "Teckel",
        "id": "Dachshund",
        "folder": "Dachshund",
        "en": "Dachshund",
        "fr": "Teckel",
        "fci": 148,
        "group": None,
        "wild": False,
        "aliases": [],
    }
    assert barkive("breeds", "tecke", "--format", "json", "--lang", "fr").stdout == more.stdout
    with pytest.raises(UsageError, match="“Pug”, a breed of Barkive's own table"):
        barkive("breeds", "--add", "Carlin", "--fci", 1)
    with pytest.raises(UsageError, match="name it with --add"):
        barkive("breeds", "--fci", 148)
    with pytest.raises(UsageError, match="look a breed up, add one"):
        barkive("breeds", "pug", "--add", "Dachshund")


@pytest.fixture
def pair(
    tmp_path: Path, pair_photo: Callable[..., Path], pair_classifier: Classifier
) -> tuple[Path, Path]:
    """Photos of two dogs each: a Chihuahua and a Pug, a Chihuahua and one that is uncertain."""
    photo = pair_photo("pairs/both.png", (250, 10, 10), (10, 250, 10))
    unsure = pair_photo("pairs/unsure.png", (250, 10, 10), (120, 110, 90))
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.scan(photo.parent, classifier=pair_classifier)
    return photo, unsure


def test_photos_of_several_dogs(barkive: Callable[..., Result], pair: tuple[Path, Path]) -> None:
    both, unsure = pair
    found = barkive("search", "--breed", "pug", "--breed", "chihuahua", "--dogs", "2+").stdout
    assert "also: Pug 83%" in found
    assert barkive("search", "--dogs", "2", "--count").stdout == "2\n"
    assert barkive("search", "--dogs", "3-5", "--count").stdout == "0\n"
    with pytest.raises(UsageError, match="“two” is no number of dogs"):
        barkive("search", "--dogs", "two")
    rows = list(
        csv.reader(io.StringIO(barkive("search", "--format", "csv").stdout.removeprefix("\ufeff")))
    )
    assert [row[-1] for row in rows] == ["dogs", "2", "2"]
    record = json.loads(barkive("search", "both", "--format", "json").stdout)
    assert [dog["box"]["x"] for dog in record["dogs"]] == [0, 0.5]
    likest = barkive("search", "--like", both, "--dog", "1", "--format", "json").stdout
    assert json.loads(likest)["file"] == str(unsure)
    with pytest.raises(UsageError, match="give --like"):
        barkive("search", "--dog", "1")


def test_dogs_are_named_and_drawn(
    barkive: Callable[..., Result], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    both, _ = pair
    told = barkive("label", both, "--dog", "2", "--breed", "boxer", "--by", "Ada").stdout
    assert "Chihuahua" in told
    assert "also: Boxer ✓" in told
    assert "Boxer ✓, not sure" in barkive("label", both, "--box", "0.4, 0.2,0.1,0.3").stdout
    history = barkive("history", both).stdout.splitlines()
    assert "by Ada  dog 2: breed: Boxer, was dog: Pug" in history[0]
    assert "dog 3: a dog is there, was no dog" in history[1]
    assert "Boxer" not in barkive("label", both, "--dog", "2", "--not-a-dog").stdout
    assert "another dog: breed: Boxer" in barkive("history", both).stdout
    assert json.loads(barkive("history", both, "--format", "json").stdout.splitlines()[0])["box"]
    with pytest.raises(UsageError, match="has 2 dogs with boxes, so there is no dog 7"):
        barkive("label", both, "--dog", "7", "--unsure")
    with pytest.raises(UsageError, match="“left” is no box"):
        barkive("label", both, "--box", "left")
    with pytest.raises(UsageError) as caught:
        barkive("label", both, "--box", "0.5,0,0.6,1")
    assert caught.value.code == "box_outside_photo"


def test_no_dog_can_be_named_where_none_were_looked_for(
    barkive: Callable[..., Result], kennel: Path, colour_bundle: Path
) -> None:
    barkive("scan", kennel, "--model", colour_bundle, "--no-dogs")
    with pytest.raises(UsageError, match="scan it again without --no-dogs"):
        barkive("label", kennel / "rex.png", "--dog", "1", "--breed", "pug")


def test_a_drawn_dog_is_judged_at_once(
    barkive: Callable[..., Result], pair: tuple[Path, Path], colour_bundle: Path
) -> None:
    both, unsure = pair
    right = ("--box", "0.6,0.2,0.2,0.5")
    told = barkive("label", both, *right, "--model", colour_bundle).stdout
    assert told.endswith("also: Pug 83%, Pug 92%\n")
    # Another model's guesses would not fit to the others.
    assert barkive("label", unsure, *right).stdout.endswith("not sure\n")


def test_a_review_asks_about_one_of_several_dogs(
    barkive: Callable[..., Result], pair: tuple[Path, Path]
) -> None:
    result = barkive("review", "--no-picture", keys="1\nq\n")
    assert "1 of 1, dog 2 of 2" in result.stdout
    assert "0 left" in result.stdout
    assert barkive("review", keys="").stdout.startswith("Nothing to review")


def test_a_line_names_some_of_many_dogs(
    barkive: Callable[..., Result], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    both, _ = pair
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        boxes = [Box(0.05 * i, 0.5, 0.04, 0.1) for i in range(12)]
        catalogue.label(both, [Label(Kind.DOG, box=box) for box in boxes])
    found = barkive("search", "both").stdout
    assert found.count("not sure") == 7
    assert "and 5 more" in found
