"""`barkive learn`, run for real on photos of colours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from barkive.bundle import Bundle
from barkive.catalogue import Catalogue, Kind, Label
from barkive.cli.commands import app
from barkive.errors import LearningError, NothingToSayError, UsageError
from barkive.learning import Memory
from barkive.onnx_graph import Graph


@pytest.fixture
def barkive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr("barkive.catalogue.learning.in_use._cache", lambda: tmp_path / "cache")

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
def model(colour_bundle: Path, tmp_path: Path) -> Path:
    """Takes colours for breeds, and remembers twelve photos of each."""
    graph = Graph(colour_bundle.read_bytes())
    noise = np.random.default_rng(0).integers(-8, 9, (36, 3))
    colours = np.repeat([(240, 12, 12), (12, 240, 12), (12, 12, 240)], 12, axis=0) + noise
    graph.set_notes(Memory(colours.astype(np.float32), np.repeat([0, 1, 2], 12)).to_notes())
    path = tmp_path / "remembering.onnx"
    path.write_bytes(graph.to_bytes())
    return path


@pytest.fixture
def taught(
    barkive: Callable[..., Result],
    model: Path,
    colour_photo: Callable[..., Path],
    tmp_path: Path,
) -> list[Path]:
    """Ten white dogs, of which eight are called Dachshund, one red one and one unknown."""
    photos = [colour_photo(f"in/{i}a.png", (240 - i, 240, 240)) for i in range(10)]
    red = colour_photo("in/red.png", (250, 10, 10))
    barkive("scan", tmp_path / "in", "--model", model)
    with Catalogue(tmp_path / "ours.sqlite") as catalogue:
        catalogue.add_breed("Dachshund", "Teckel")
        for photo in photos[:8]:
            catalogue.label(str(photo), Label(Kind.BREED, ("Dachshund",)))
        catalogue.label(str(red), Label(Kind.BREED, ("Otter Hound Cross",), other=True))
    return photos


def test_it_says_what_it_would_gain_and_changes_nothing(
    barkive: Callable[..., Result], taught: list[Path], model: Path
) -> None:
    result = barkive("learn", "--model", model)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Learned from 9 photos, 9 of them new.",
        "Right on 8 of 8 photos of yours instead of 0, each judged without having learned it.",
        "   Dachshund  8 of 8, before 0",
        "Nothing got worse by more than chance.",
        "Of the 36 photos that it remembers of the breeds it knew, it gets 0 more wrong "
        "than before.",
        "Kept for later, because fewer than 5 photos show them: Otter Hound Cross (1).",
    ]
    assert result.stderr.splitlines()[-1] == (
        "Nothing has changed yet: `barkive learn --use` puts the new model to use."
    )
    assert "8 photos." in barkive("search", "--breed", "dachshund").stderr


def test_it_is_put_to_use_and_undone(
    barkive: Callable[..., Result], taught: list[Path], model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "ours.onnx"
    result = barkive("learn", "--model", model, "--use", "--out", out)
    assert result.stderr.splitlines()[-2:] == [
        f"The new model is written to {out}.",
        "The new model is in use; 11 photos were judged again. `barkive learn --undo` goes back.",
    ]
    assert [label.id for label in Bundle.open(out).info.labels[3:]] == ["Dachshund"]
    assert "10 photos." in barkive("search", "--breed", "teckel").stderr
    # Without --model a scan goes by it, and reads no photo again.
    assert "11 unchanged" in barkive("scan", tmp_path / "in").stdout
    assert barkive("learn", "--undo").stderr.splitlines()[-1] == (
        "The model from before is in use again; 11 photos were judged again."
    )
    assert "8 photos." in barkive("search", "--breed", "dachshund").stderr


def test_it_is_noted_who_learns_and_who_goes_back(
    barkive: Callable[..., Result],
    taught: list[Path],
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BARKIVE_USER", "Ben")
    barkive("learn", "--model", model, "--use")
    barkive("learn", "--undo", "--by", "Ada")
    with Catalogue(tmp_path / "ours.sqlite") as catalogue:
        last = catalogue.known_models()[0]
    assert (last.learned_by, last.undone_by, last.is_in_use) == ("Ben", "Ada", False)


def test_in_french(barkive: Callable[..., Result], taught: list[Path], model: Path) -> None:
    result = barkive("learn", "--model", model, "--lang", "fr")
    assert result.stdout.splitlines()[:3] == [
        "Appris de 9 photos, dont 9 nouvelles.",
        "Juste sur 8 de vos 8 photos au lieu de 0, chacune jugée sans avoir été apprise.",
        "   Teckel  8 sur 8, avant 0",
    ]


def test_as_json(barkive: Callable[..., Result], taught: list[Path], model: Path) -> None:
    entry = json.loads(barkive("learn", "--model", model, "--format", "json").stdout)
    assert (entry["photos"], entry["is_better"]) == (9, True)
    assert entry["own"] == {"photos": 8, "before": 0, "after": 8, "lost": 0}
    assert entry["model"].startswith("colours@")


def test_what_can_not_be(
    barkive: Callable[..., Result], taught: list[Path], colour_bundle: Path
) -> None:
    with pytest.raises(UsageError, match="Either learn, with --use or --out, or go back"):
        barkive("learn", "--undo", "--use")
    with pytest.raises(UsageError, match="as a table or as JSON"):
        barkive("learn", "--format", "csv")
    with pytest.raises(NothingToSayError):
        barkive("learn", "--undo")
    with pytest.raises(LearningError):
        barkive("learn", "--model", colour_bundle)


def test_doubtful_photos_are_listed(
    barkive: Callable[..., Result],
    taught: list[Path],
    model: Path,
    colour_photo: Callable[..., Path],
    tmp_path: Path,
) -> None:
    wrong = colour_photo("in/wrong.png", (230, 12, 12))
    barkive("scan", tmp_path / "in", "--model", model)
    with Catalogue(tmp_path / "ours.sqlite") as catalogue:
        catalogue.label(str(wrong), Label(Kind.BREED, ("Dachshund",)))
    lines = barkive("learn", "--model", model).stdout.splitlines()
    at = lines.index("1 photo looks like another breed than people said; have a look:")
    assert lines[at + 1].startswith(f"   {wrong}: said Dachshund, looks like Chihuahua (")
