"""`barkive animals`, run for real."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from barkive.catalogue import AnimalFields, Catalogue
from barkive.catalogue.animals import grouping
from barkive.classifier import Classifier
from barkive.cli.commands import app
from barkive.cli.saying import choose
from barkive.errors import (
    AnimalCodeTakenError,
    UnknownAnimalError,
    UnknownPhotoError,
    UsageError,
)


@pytest.fixture
def kennel(colour_photo: Callable[..., Path]) -> Path:
    """Two photos of a Chihuahua (red), one of a Pug (green), and one without a dog."""
    folder = colour_photo("kennel/rex1.png", (250, 10, 10)).parent
    colour_photo("kennel/rex2.png", (240, 20, 30))
    colour_photo("kennel/annex/mila.png", (10, 250, 10))
    colour_photo("kennel/night.png", (9, 9, 9))
    return folder


@pytest.fixture
def file(tmp_path: Path, kennel: Path, classifier: Classifier) -> Path:
    """A catalogue of the kennel."""
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.scan(kennel, classifier=classifier)
    return tmp_path / "c.sqlite"


@pytest.fixture
def animals(file: Path) -> Iterator[Callable[..., Result]]:
    """Runs `barkive animals` on it."""

    def run(*arguments: str | Path) -> Result:
        environment = {"BARKIVE_CATALOGUE": str(file), "COLUMNS": "200"}
        choose("en")
        result = CliRunner().invoke(app, ["animals", *map(str, arguments)], env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    yield run
    choose("en")


def numbers(file: Path) -> dict[str, int]:
    """The photos' numbers, by their names."""
    with Catalogue(file) as catalogue:
        return {Path(one.file).name: one.id for one in catalogue.search()}


def test_new(animals: Callable[..., Result], kennel: Path, file: Path) -> None:
    given = ("--code", "2026-113", "--name", "Rex", "--birth", "2021-05", "--estimate")
    made = animals("new", kennel / "rex1.png", kennel / "rex2.png", *given, "--by", "Ada")
    assert made.exit_code == 0
    assert made.stdout.startswith("2026-113 Rex")
    assert made.stdout.rstrip().endswith("2 photos")
    assert made.stderr == "Done; `barkive animals undo 1` takes it back.\n"
    with Catalogue(file) as catalogue:
        rex = catalogue.animals.get("2026-113")
    assert (rex.name, rex.birth, rex.birth_is_estimate, rex.photos) == ("Rex", "2021-05", True, 2)


def test_new_of_a_folder(animals: Callable[..., Result], kennel: Path, file: Path) -> None:
    animals("new", "--name", "Mila", "--folder", kennel / "annex")
    (record,) = map(json.loads, animals("list", "--format", "json").stdout.splitlines())
    assert (record["name"], record["photos"]) == ("Mila", 1)
    assert record["main_photo"] == numbers(file)["mila.png"]


def test_photos_by_number(animals: Callable[..., Result], file: Path) -> None:
    photos = numbers(file)
    animals("new", "--name", "Rex", str(photos["rex1.png"]))
    animals("add", "rex", str(photos["rex2.png"]))
    found = CliRunner().invoke(
        app, ["search", "--animal", "REX", "--count"], env={"BARKIVE_CATALOGUE": str(file)}
    )
    assert found.stdout == "2\n"
    left = CliRunner().invoke(
        app, ["search", "--not-grouped", "--count"], env={"BARKIVE_CATALOGUE": str(file)}
    )
    assert left.stdout == "2\n"


def test_photos_are_named_or_filtered_and_not_both(
    animals: Callable[..., Result], kennel: Path
) -> None:
    animals("new", "--name", "Rex")
    for wrong in ((), (str(kennel / "rex1.png"), "--folder", str(kennel))):
        with pytest.raises(UsageError, match="Name photos, or give filters"):
            animals("add", "Rex", *wrong)
    animals("add", "Rex", "--breed", "chihuahua")
    (record,) = map(json.loads, animals("list", "--format", "json").stdout.splitlines())
    assert record["photos"] == 2


def test_list(animals: Callable[..., Result]) -> None:
    animals("new", "--name", "Rex", "--code", "7", "--sex", "male", "--breed", "pug")
    animals("new", "--name", "Mila", "--status", "adopted", "--breed", "pug", "--breed", "maltese")
    lines = animals("list").stdout.splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "Mila adopted Pug x Maltese ✓",
        "7 Rex in care Pug ✓",
    ]
    assert animals("list", "--order", "code").stdout.startswith("7 Rex")
    for status, count in (("adopted", 1), ("in care", 1), ("adopté", 1), ("lost", 0)):
        assert animals("list", "--status", status, "--count").stdout == f"{count}\n"
    assert animals("list", "--species", "chien", "--count").stdout == "2\n"
    assert animals("list", "--sex", "unknown", "--count").stdout == "1\n"
    assert animals("list", "mil", "--count").stdout == "1\n"
    assert animals("list", "--limit", "1").stderr == "1 of 2 animals; --limit 2 shows all.\n"
    assert animals("list", "--lang", "fr").stderr == "2 animaux.\n"


def test_csv_has_the_fields_of_json(animals: Callable[..., Result]) -> None:
    animals("new", "--name", "=Rex", "--code", "7", "--breed", "pug", "--notes", "shy, kind")
    (row,) = csv.DictReader(io.StringIO(animals("list", "--format", "csv").stdout[1:]))
    (record,) = map(json.loads, animals("list", "--format", "json").stdout.splitlines())
    assert set(record) - {"breeds"} == set(row) - {"breed", "breed2", "probability"}
    assert (row["name"], row["breed"], row["breed2"], row["probability"]) == (
        *("'=Rex", "Pug", ""),
        "1.0",
    )
    assert (row["breed_status"], row["breed_origin"], row["notes"]) == (
        *("dog", "animal"),
        "shy, kind",
    )


def test_edit_and_empty_values(animals: Callable[..., Result], kennel: Path, file: Path) -> None:
    animals("new", "--name", "Rex", "--sex", "M", "--breed", "pug", "--folder", kennel)
    animals("edit", "Rex", "--sex", "", "--breed", "", "--main-photo", kennel / "rex2.png")
    (record,) = map(json.loads, animals("list", "--format", "json").stdout.splitlines())
    assert (record["sex"], record["name"]) == (None, "Rex")
    assert record["breed_origin"] != "animal"
    assert record["main_photo"] == numbers(file)["rex2.png"]


def test_what_changes_nothing_can_not_be_taken_back(animals: Callable[..., Result]) -> None:
    """What was so before is told; the number of an older act is not."""
    animals("new", "--name", "Rex")
    assert "undo 2`" in animals("edit", "Rex", "--status", "lost").stderr
    assert animals("edit", "Rex", "--status", "lost").stderr == (
        "Nothing changes: that was so before.\n"
    )


def test_show(animals: Callable[..., Result], kennel: Path) -> None:
    animals("new", "--name", "Rex", "--code", "7", kennel / "rex1.png", "--by", "Ada")
    animals("edit", "7", "--status", "adopted", "--left", "2026-06-01", "--breed", "pug")
    shown = animals("show", "rex").stdout.splitlines()
    assert shown[0].startswith("7 Rex  ")
    assert shown[1] == "  dog, adopted, left 2026-06-01"
    assert shown[2] == "  Pug  ✓"
    assert shown[-2].split("  ", 1)[0] == "2"
    assert shown[-2].endswith(
        "edited  breed: nothing → Pug  status: in care → adopted  left: nothing → 2026-06-01"
    )
    assert shown[-1].startswith("1  ")
    assert " by Ada  made  " in shown[-1]
    assert shown[-1].endswith("+1 photo")
    record = json.loads(animals("show", "rex", "--format", "json").stdout)
    assert [act["kind"] for act in record["history"]] == ["edit", "new"]
    assert record["history"][1]["by"] == "Ada"


def test_moved_split_merged_and_taken_back(
    animals: Callable[..., Result], kennel: Path, file: Path
) -> None:
    animals("new", "--name", "Rex", "--folder", kennel)
    animals("new", "--name", "Mila")
    animals("move", "Rex", "Mila", kennel / "annex/mila.png")
    animals("split", "Rex", kennel / "night.png", "--name", "Night")
    animals("take-away", "Rex", kennel / "rex2.png")

    def photos() -> dict[str, int]:
        found = map(json.loads, animals("list", "--format", "json").stdout.splitlines())
        return {one["name"]: one["photos"] for one in found}

    assert photos() == {"Mila": 1, "Night": 1, "Rex": 1}
    animals("merge", "Night", "Mila", "--into", "Rex")
    assert photos() == {"Rex": 3}
    undone = animals("undo")
    assert undone.stdout.rstrip().startswith("7  ")
    assert "took back 6" in undone.stdout
    assert photos() == {"Mila": 1, "Night": 1, "Rex": 1}
    animals("remove", "Night")
    assert photos() == {"Mila": 1, "Rex": 1}
    kinds = [line.split("  ")[2] for line in animals("history").stdout.splitlines()]
    assert kinds == [
        *("removed", "took back 6", "merged", "photos taken away", "split", "photos moved"),
        *("made", "made"),
    ]


def test_an_act_on_many_animals_is_one_short_line(
    animals: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "dogs.csv").write_text("code,name\nA1,Rex\nA2,Mila\nA3,Max\nA4,Bo\n")
    animals("import", tmp_path / "dogs.csv", "--by", "Ada")
    assert animals("history").stdout.rstrip().endswith(" by Ada  imported  4 animals")
    assert "name: nothing → Rex" in animals("history", "A1").stdout


def test_what_is_wrong_is_told(animals: Callable[..., Result], kennel: Path) -> None:
    animals("new", "--name", "Rex", "--code", "7")
    with pytest.raises(AnimalCodeTakenError, match="already that of 7 Rex"):
        animals("new", "--code", "7")
    with pytest.raises(UnknownAnimalError, match="no animal “Max”"):
        animals("show", "Max")
    with pytest.raises(UnknownPhotoError):
        animals("add", "Rex", kennel / "gone.png")
    with pytest.raises(UsageError, match="no date of birth"):
        animals("edit", "Rex", "--birth", "May")


def test_names_are_printed_on_one_line(animals: Callable[..., Result], file: Path) -> None:
    with Catalogue(file) as catalogue:
        catalogue.animals.new(AnimalFields(name="<b>Rex[red]\u202e", notes="a\x1b[2J\nb"))
    shown = animals("show", "<b>Rex[red]\u202e").stdout.splitlines()
    assert shown[0].startswith("<b>Rex[red]\\u202e  ")
    assert "\x1b" not in "".join(shown)


def test_cards(animals: Callable[..., Result], kennel: Path, tmp_path: Path) -> None:
    animals("new", "--name", "Rex", "--code", "7", "--folder", kennel)
    animals("new", "--name", "Mila")
    out = tmp_path / "cards.pdf"
    drawn = animals("card", "7", "Mila", "--out", out, "--size", "a4")
    assert (drawn.exit_code, drawn.stderr) == (0, f"2 cards: {out}\n")
    assert out.read_bytes().startswith(b"%PDF-")
    assert out.read_bytes().count(b"/Type /Page ") == 2
    with pytest.raises(UsageError, match="A kennel card is a PDF"):
        animals("card", "7", "--out", kennel / "rex1.png")
    with pytest.raises(UsageError, match="can't be written"):
        animals("card", "7", "--out", tmp_path / "no" / "cards.pdf")


def test_import(animals: Callable[..., Result], tmp_path: Path) -> None:
    sheet = tmp_path / "dogs.csv"
    sheet.write_text(
        "Code;Nom;Sexe;Né le\n7;Rex;M;31/05/2021\n8;Mila;F;\n;;M;\n9;Max;?x;\n", "utf-8"
    )
    looked = animals("import", sheet, "--dry-run")
    assert looked.stdout.splitlines() == [
        "Line 2: makes 7 Rex (code, name, sex, birth)",
        "Line 3: makes 8 Mila (code, name, sex)",
        "Line 5: makes 9 Max (code, name)",
        "3 animals made, 0 changed, 0 unchanged, 0 photos added, 1 row left out.",
    ]
    assert looked.stderr.splitlines() == [
        "Line 4: It has no code and no name.",
        "Line 5: The sex “?x” is not known; write female or male.",
        "Nothing was changed; leave --dry-run out to import.",
    ]
    assert (looked.exit_code, animals("list", "--count").stdout) == (1, "0\n")
    done = json.loads(animals("import", sheet, "--format", "json").stdout)
    assert (done["made"], done["left_out"], done["act"]) == (3, 1, 1)
    assert animals("list", "--count").stdout == "3\n"
    assert "3 unchanged" in animals("import", sheet).stdout
    animals("undo")
    assert animals("list", "--count").stdout == "0\n"
    with pytest.raises(UsageError, match="told as a table or as JSON"):
        animals("import", sheet, "--format", "csv")


@pytest.fixture
def shelter(
    file: Path, tmp_path: Path, colour_photo: Callable[..., Path], classifier: Classifier
) -> Path:
    """A scanned folder, in which each folder is called as an animal is."""
    for name, colour in (("2026-113 Rex", (250, 10)), ("2026-114 Mila", (10, 250))):
        for shade in range(2):
            colour_photo(f"shelter/{name}/{shade}.png", (*colour, 40 + shade))
    with Catalogue(file) as catalogue:
        catalogue.scan(tmp_path / "shelter", classifier=classifier)
    return tmp_path / "shelter"


def test_suggestions_are_shown_with_their_pattern_and_reason(
    shelter: Path, animals: Callable[..., Result]
) -> None:
    found = animals("suggest", "--folder", shelter)
    lines = [line.partition("  ")[2] or line for line in found.stdout.splitlines()]
    assert lines == [
        "a new animal, 2026-113 Rex, 2 photos: Same folder name “2026-113 Rex”",
        f" {shelter}/2026-113 Rex/0.png",
        f" {shelter}/2026-113 Rex/1.png",
        "a new animal, 2026-114 Mila, 2 photos: Same folder name “2026-114 Mila”",
        f" {shelter}/2026-114 Mila/0.png",
        f" {shelter}/2026-114 Mila/1.png",
    ]
    assert found.stderr.splitlines()[0] == (
        "{code} {name}/*: 4 photos of 2 animals, such as " + f"{shelter}/2026-113 Rex/0.png"
    )
    assert animals("list", "--count").stdout == "0\n"
    rows = list(
        csv.DictReader(
            io.StringIO(animals("suggest", "--folder", shelter, "--format", "csv").stdout[1:])
        )
    )
    assert [(row["kind"], row["code"], row["name"]) for row in rows] == [
        ("new", "2026-113", "Rex"),
        ("new", "2026-114", "Mila"),
    ]
    named = animals("suggest", "--folder", shelter, "--pattern", "{name}/*", "--format", "json")
    # No folder is called by a name alone.
    assert [json.loads(line)["name"] for line in named.stdout.splitlines()] == [None, None]
    with pytest.raises(UsageError, match="names no animal"):
        animals("suggest", "--pattern", "{n}.jpg")


def test_suggestions_are_accepted_and_refused(
    shelter: Path, animals: Callable[..., Result]
) -> None:
    def suggested() -> dict[str, str]:
        found = animals("suggest", "--folder", shelter, "--format", "json").stdout.splitlines()
        return {one["code"]: str(one["id"]) for one in map(json.loads, found)}

    ids = suggested()
    assert list(ids) == ["2026-113", "2026-114"]
    refused = animals("suggest", "--refuse", ids["2026-113"], "--by", "Ada")
    assert refused.stdout == (
        f"Suggestion {ids['2026-113']} is refused; `barkive animals undo 1` takes that back.\n"
    )
    assert list(suggested()) == ["2026-114"]
    accepted = animals("suggest", "--accept", suggested()["2026-114"], "--format", "json")
    record = json.loads(accepted.stdout)
    assert (record["code"], record["name"], record["photos"]) == ("2026-114", "Mila", 2)
    with pytest.raises(UsageError, match="were found before"):
        animals("suggest", "--accept", "1", "--accept-all")


def test_all_suggestions_are_accepted(shelter: Path, animals: Callable[..., Result]) -> None:
    made = animals("suggest", "--folder", shelter, "--accept-all")
    assert (made.exit_code, made.stdout) == (
        0,
        "2 animals made, 0 that were known have more photos, 4 photos added.\n",
    )
    assert animals("list", "--count").stdout == "2\n"
    again = animals("suggest", "--folder", shelter, "--accept-all", "--format", "json")
    assert json.loads(again.stdout) == {
        **{"new": 0, "added": 0, "photos": 0},
        **{"acts": [], "left_out": []},
    }


def test_large_suggestions_are_accepted_only_where_that_is_said(
    animals: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(grouping, "LARGE", 1)
    shelter = request.getfixturevalue("shelter")
    found = animals("suggest", "--folder", shelter, "--accept-all")
    assert (found.exit_code, animals("list", "--count").stdout) == (1, "0\n")
    assert "more than one animal mostly has" in found.stderr
    assert animals("suggest", "--folder", shelter, "--accept-all", "--large").exit_code == 0
    assert animals("list", "--count").stdout == "2\n"


def test_a_scan_says_how_many_photos_seem_to_show_a_known_animal(
    shelter: Path,
    animals: Callable[..., Result],
    colour_photo: Callable[..., Path],
    colour_bundle: Path,
    file: Path,
) -> None:
    animals("suggest", "--folder", shelter, "--accept-all")
    colour_photo("shelter/2026-113 Rex/new.png", (250, 10, 60))
    scanned = CliRunner().invoke(
        app,
        ["scan", str(shelter), "--model", str(colour_bundle)],
        env={"BARKIVE_CATALOGUE": str(file)},
    )
    assert (
        "1 new photo seems to show an animal that is known: see `barkive animals suggest`.\n"
        in scanned.stdout
    )
    assert "1 photo for 2026-113 Rex: " in animals("suggest", "--folder", shelter).stdout


def test_show_tells_what_each_photo_says(
    animals: Callable[..., Result], kennel: Path, file: Path
) -> None:
    animals("new", "--name", "Rex", "--folder", kennel)
    lines = animals("show", "Rex").stdout.splitlines()
    assert lines[2] == (
        "  not sure: Chihuahua 59%, Pug 34%, Maltese 6%  its photos contradict each other"
    )
    assert lines[3] == "4 photos, 3 views that count:"
    photos = numbers(file)
    assert lines[4] == (
        f"  {photos['rex1.png']:>12}  {kennel / 'rex1.png'}  Chihuahua 92%  main photo"
    )
    assert lines[5] == f"  {photos['night.png']:>12}  {kennel / 'night.png'}  no dog here"
    assert lines[7] == (
        f"  {photos['mila.png']:>12}  {kennel / 'annex/mila.png'}  Pug 92%"
        "  contradicts the animal's breed"
    )
    record = json.loads(animals("show", "Rex", "--format", "json").stdout)
    assert [Path(view["file"]).name for view in record["views"]] == [
        *("rex1.png", "night.png", "rex2.png", "mila.png"),
    ]


def test_match(
    animals: Callable[..., Result],
    kennel: Path,
    file: Path,
    colour_photo: Callable[..., Path],
    colour_bundle: Path,
) -> None:
    environment = {"BARKIVE_CATALOGUE": str(file)}
    CliRunner().invoke(app, ["scan", str(kennel), "--model", str(colour_bundle)], env=environment)
    animals("new", "--name", "Rex", kennel / "rex1.png", kennel / "rex2.png")
    animals("new", "--name", "Mila", "--status", "adopted", kennel / "annex/mila.png")
    found = colour_photo("found.png", (230, 20, 20))

    def match(*arguments: str | Path) -> list[tuple[str, float]]:
        result = animals("match", *arguments, "--model", colour_bundle, "--format", "json")
        records = map(json.loads, result.stdout.splitlines())
        return [(one["animal"]["name"], one["similarity"]) for one in records]

    assert [name for name, _ in match(found)] == ["Rex", "Mila"]
    assert match(found)[0][1] > 0.9
    assert [name for name, _ in match(found, "--status", "adopted")] == ["Mila"]
    assert [name for name, _ in match(str(numbers(file)["mila.png"]), "--limit", "1")] == ["Rex"]
    table = animals("match", found, "--model", colour_bundle).stdout.splitlines()
    assert [line.split()[0] for line in table] == ["Rex", "Mila"]


def test_reasons_in_french_have_their_narrow_spaces(shelter: Path, file: Path) -> None:
    environment = {"BARKIVE_CATALOGUE": str(file), "BARKIVE_LANG": "fr"}
    said = CliRunner().invoke(app, ["animals", "suggest"], env=environment).stdout
    choose("en")
    assert "\u202f: Même nom de dossier «\u202f" in said


def test_french(animals: Callable[..., Result], kennel: Path) -> None:
    said = ("--name", "Rex", "--sex", "mâle", "--birth", "2021-05", "--estimate")
    made = animals("new", *said, kennel / "rex1.png", "--by", "Ada", "--lang", "fr")
    assert made.stderr == "Fait\u202f; `barkive animals undo 1` l'annule.\n"
    animals("edit", "Rex", "--status", "adopté", "--breed", "carlin")
    lines = animals("show", "Rex", "--lang", "fr").stdout.splitlines()
    assert lines[1:4] == [
        "  chien, mâle, né vers 2021-05, adopté",
        "  Carlin  ✓",
        "1 photo\u202f:",
    ]
    assert lines[4].endswith("Chihuahua 92\u202f%  photo principale  contredit la race de l'animal")
    assert lines[5].endswith(
        "modification  race\u202f: rien → Carlin  statut\u202f: au refuge → adopté"
    )
    assert " par Ada  création  " in lines[6]
    suggested = animals("suggest", "--folder", kennel, "--lang", "fr")
    assert suggested.stderr.endswith(
        "1 proposition\u202f; --accept et --refuse prennent son numéro, --accept-all la prend.\n"
    )
