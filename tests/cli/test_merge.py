"""`barkive merge`, run for real, from one file into another."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from barkive.catalogue import AnimalFields, Catalogue, Conflict, Kind, Label
from barkive.catalogue.annotations import labels
from barkive.catalogue.records import Change
from barkive.classifier import Classifier
from barkive.cli.commands import app
from barkive.cli.merge import _in_words
from barkive.errors import NothingToSayError, UsageError
from barkive.verdicts import BreedName


@pytest.fixture
def barkive(tmp_path: Path) -> Callable[..., Result]:
    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(
            app,
            list(map(str, arguments)),
            env={"COLUMNS": "200", "BARKIVE_CATALOGUE": f"{tmp_path}/ours.sqlite"},
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def theirs(
    tmp_path: Path,
    colour_photo: Callable[..., Path],
    colour_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Another catalogue, of one picture that ours knows, and one that it does not."""
    minutes = iter(range(9))
    at = datetime(2026, 6, 1)
    monkeypatch.setattr(labels, "now", lambda: at + timedelta(minutes=next(minutes)))
    for name, by, breed in (("ours", "Ada", "pug"), ("theirs", "Ben", "beagle")):
        photo = colour_photo(f"{name}/rex.png", (250, 10, 10))
        if name == "theirs":
            colour_photo("theirs/mila.png", (10, 250, 10))
        with Catalogue(tmp_path / f"{name}.sqlite") as catalogue:
            catalogue.scan(photo.parent, classifier=Classifier(colour_bundle))
            catalogue.label(photo, Label(Kind.BREED, (breed,), by=by))
    return tmp_path / "theirs.sqlite"


def test_it_explains_itself(barkive: Callable[..., Result]) -> None:
    result = barkive("merge", "--help")
    assert result.exit_code == 0
    assert "In OTHER nothing is changed" in " ".join(result.stdout.split())


def test_what_would_come_is_shown_then_comes_and_goes(
    barkive: Callable[..., Result], theirs: Path, tmp_path: Path
) -> None:
    shown = barkive("merge", theirs, "--dry-run")
    assert shown.exit_code == 0
    photo, here, there, *lines = shown.stdout.splitlines()
    assert photo.startswith(f"{tmp_path}/ours/rex.png  (")
    assert here == "   here:  Pug, 2026-06-01 00:00:00 by Ada"
    assert there == "   there: Beagle, 2026-06-01 00:01:00 by Ben  (in force)"
    assert lines == [
        "2 pictures: 1 known here, 1 not",
        "1 label comes",
        *[line for line in lines if "number" in line],
        "1 conflict; both words are kept, and the later one holds",
    ]
    assert shown.stderr == "Nothing was changed; leave --dry-run out to merge.\n"
    done = barkive("merge", theirs)
    assert (done.stdout, done.stderr) == (shown.stdout, "")
    history = barkive("history", tmp_path / "ours/rex.png").stdout.splitlines()
    assert [line.split("  ")[1] for line in history] == [
        "breed: Pug, was dog: Chihuahua",
        "breed: Beagle, was dog: Chihuahua",
    ]
    again = barkive("merge", theirs)
    assert "0 labels come" in again.stdout
    undone = barkive("merge", "--undo")
    assert undone.stdout.startswith(f"The merge of {theirs} on 20")
    assert "is taken back: 1 label, 1 picture without a file." in undone.stdout
    assert len(barkive("history", tmp_path / "ours/rex.png").stdout.splitlines()) == 1
    with pytest.raises(NothingToSayError):
        barkive("merge", "--undo")


def test_what_comes_of_animals_is_told(
    barkive: Callable[..., Result], theirs: Path, tmp_path: Path
) -> None:
    photos = [tmp_path / f"theirs/{name}.png" for name in ("rex", "mila")]
    with Catalogue(theirs) as catalogue:
        catalogue.animals.new(AnimalFields(code="1", name="Rex", breeds=("pug",)), photos)
        catalogue.animals.new(AnimalFields(code="2", name="Mila"))
    with Catalogue(tmp_path / "ours.sqlite") as catalogue:
        catalogue.animals.new(AnimalFields(code="1", name="Max", breeds=("boxer", "beagle")))
    told = barkive("merge", theirs, "--dry-run").stdout.splitlines()
    assert told[-5:] == [
        "1 animal comes",
        "1 animal here gets what it lacked",
        "2 photos are put to animals",
        "1 Max: name is Max here, and Rex there; ours stays",
        "1 Max: breeds is Boxer x Beagle here, and Pug there; ours stays",
    ]
    done = json.loads(barkive("merge", theirs, "--format", "json").stdout.splitlines()[-1])
    assert (done["animals"], done["animals_filled"], done["animal_photos"]) == (1, 1, 2)
    assert [one["field"] for one in done["animal_conflicts"]] == ["name", "breeds"]
    assert "1 picture without a file, 1 animal." in barkive("merge", "--undo").stdout


def test_as_json(barkive: Callable[..., Result], theirs: Path) -> None:
    conflict, done = map(
        json.loads, barkive("merge", theirs, "--format", "json").stdout.split("\n")[:2]
    )
    assert (conflict["in_force"], conflict["theirs"]["by"]) == ("theirs", "Ben")
    assert (done["words"], done["conflicts"]) == (1, 1)
    undone = json.loads(barkive("merge", "--undo", "--format", "json").stdout)
    assert (undone["catalogue"], undone["words"]) == (str(theirs), 1)


@pytest.mark.parametrize(
    "arguments", [[], ["x.sqlite", "--undo"], ["--undo", "--dry-run"], ["x", "--format", "csv"]]
)
def test_wrong_usage(barkive: Callable[..., Result], arguments: list[str]) -> None:
    with pytest.raises(UsageError, match=r"Give another catalogue|A merge is shown as"):
        barkive("merge", *arguments)


def test_what_is_not_there_ends_in_a_sentence(barkive: Callable[..., Result]) -> None:
    with pytest.raises(UsageError, match="There is no catalogue none"):
        barkive("merge", "none.sqlite")


def test_which_of_several_dogs_is_meant_is_said() -> None:
    moment, boxer = datetime(2026, 6, 1), BreedName("boxer", "Boxer", "Boxer")
    ours = Change(1, None, Kind.UNSURE, (), None, "Ada", moment, "dog: Pug")
    theirs = Change(2, None, Kind.BREED, (boxer,), None, None, moment, "dog: Pug", dog=7)
    told = _in_words(Conflict(5, "/rex.jpg", ours, theirs, True, place=2), "en").splitlines()
    assert told == [
        "/rex.jpg  (5)",
        "   here:  unsure, 2026-06-01 00:00:00 by Ada  (in force)",
        "   there: dog 2: Boxer, 2026-06-01 00:00:00",
    ]
