"""`barkive copy`, run for real, from one file to another."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from barkive.catalogue import Catalogue, Kind, Label
from barkive.catalogue.transfer import copying
from barkive.classifier import Classifier
from barkive.cli.commands import app
from barkive.cli.saying import choose, text
from barkive.errors import CatalogueError, UsageError
from barkive.messages import Message


@pytest.fixture
def barkive() -> Callable[..., Result]:
    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def filled(tmp_path: Path, colour_photo: Callable[..., Path], colour_bundle: Path) -> Path:
    photo = colour_photo("kennel/rex.png", (250, 10, 10))
    colour_photo("kennel/mila.png", (10, 250, 10))
    with Catalogue(tmp_path / "old.sqlite") as catalogue:
        catalogue.scan(photo.parent, classifier=Classifier(colour_bundle))
        catalogue.label(photo, Label(Kind.BREED, ("pug",)))
    return tmp_path / "old.sqlite"


def test_it_explains_itself(barkive: Callable[..., Result]) -> None:
    result = barkive("copy", "--help")
    assert result.exit_code == 0
    assert "In FROM nothing is changed" in " ".join(result.stdout.split())


def test_a_copy_is_told_table_by_table(
    barkive: Callable[..., Result], filled: Path, tmp_path: Path
) -> None:
    result = barkive("copy", filled, tmp_path / "new.sqlite")
    header, *tables, same, where = result.stdout.splitlines()
    assert result.exit_code == 0
    assert header.split() == ["rows", "written", "SHA-256"]
    told = {" ".join(line.split()[:-3]): line.split()[-3:-1] for line in tables}
    assert told == {
        "models": ["1", "1"],
        "learned models": ["0", "0"],
        "answers": ["2", "2"],
        "detections": ["0", "0"],
        "merges": ["0", "0"],
        "contents taken out": ["0", "0"],
        "contents": ["2", "2"],
        "aliases": ["0", "0"],
        "corrections": ["1", "1"],
        "breeds": ["0", "0"],
        "acts": ["0", "0"],
        "changes": ["0", "0"],
        "scans": told["scans"],
        "photos": ["2", "2"],
        "other dogs": ["0", "0"],
        "animals": ["0", "0"],
        "photos of animals": ["0", "0"],
        "refusals": ["0", "0"],
        "exports of animals": ["0", "0"],
        "exports of photos": ["0", "0"],
        "saved searches": ["0", "0"],
        "exports": ["0", "0"],
    }
    assert {len(line.split()[-1]) for line in tables} == {64}
    assert same == "Both catalogues hold the same rows."
    assert where == f"Catalogue: {tmp_path}/new.sqlite"
    again = barkive("copy", filled, tmp_path / "new.sqlite")
    assert [line.split()[-2] for line in again.stdout.splitlines()[1:20]] == ["0"] * 19
    assert again.stderr == ""


@pytest.mark.parametrize(
    ("lang", "names", "steps"),
    [
        (
            "en",
            "models/learned models/answers/detections/merges/contents taken out/contents/aliases/"
            "corrections/breeds/acts/changes/scans/photos/other dogs/animals/photos of animals/"
            "refusals/exports of animals/exports of photos/saved searches/exports",
            "Copying Verifying Indexing",
        ),
        (
            "fr",
            "modèles/modèles appris/réponses/détections/fusions/contenus retirés/contenus/alias/"
            "corrections/races/actes/changements/analyses/photos/autres chiens/animaux/"
            "photos d'animaux/refus/exports d'animaux/exports de photos/recherches/exports",
            "Copie Vérification Indexation",
        ),
    ],
)
def test_every_table_and_every_step_has_a_name_in_each_language(
    lang: str, names: str, steps: str, request: pytest.FixtureRequest
) -> None:
    assert [part.name.text(lang) for part in copying.PARTS] == names.split("/")
    request.addfinalizer(lambda: choose("en"))
    choose(lang)
    assert [text(step) for step in copying.Step] == steps.split()


def test_what_can_t_be_copied_ends_in_a_sentence(
    barkive: Callable[..., Result], filled: Path, tmp_path: Path
) -> None:
    with pytest.raises(CatalogueError, match=r"There is no catalogue .*none.sqlite yet"):
        barkive("copy", tmp_path / "none.sqlite", tmp_path / "new.sqlite")
    with pytest.raises(UsageError, match="is the catalogue that is to be copied"):
        barkive("copy", filled, filled)
    assert not (tmp_path / "new.sqlite").exists()


def test_an_interrupted_copy_goes_on_when_it_is_run_again(
    barkive: Callable[..., Result],
    filled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(copying._Copier, "_bring", interrupted)
        result = barkive("copy", filled, tmp_path / "new.sqlite")
    assert result.exit_code == 130
    assert barkive("copy", filled, tmp_path / "new.sqlite").exit_code == 0


def test_a_source_that_is_written_to_is_told_of(
    barkive: Callable[..., Result],
    filled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = copying.CopiedTable(Message("part_photos"), 2, 1, "ab" * 32)
    moment = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    done = copying.Copied("old", "new", moment, False, (table,))
    monkeypatch.setattr("barkive.catalogue.copy", lambda *_, **__: done)
    result = barkive("copy", filled, tmp_path / "new.sqlite")
    assert result.exit_code == 0
    assert "old is being written to: the copy has what was there at 03:02:01" in result.stderr
