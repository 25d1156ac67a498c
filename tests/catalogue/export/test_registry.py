"""Forms of export by name: Barkive's own, and those of packages that are installed beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from barkive.catalogue import Catalogue, Entry, Export
from barkive.catalogue.export import ExportContext, TextExporter, registry
from barkive.classifier import Classifier
from barkive.cli import export as command
from barkive.errors import UsageError

KENNEL_LIST = Path(__file__).parents[3] / "examples" / "kennel-list"


class Names(TextExporter):
    """The photos' file names."""

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        for entry in entries:
            yield f"{Path(entry.file).name}\n"


class Broken(TextExporter):
    """A form that can't be made."""

    def __init__(self) -> None:
        raise ImportError("no printer")

    def pieces(self, entries: Iterator[Entry], context: ExportContext) -> Iterator[str]:
        yield from ()


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Packages that add the forms `names`, `broken`, `odd`, and a `csv` of their own."""
    values = {"names": "Names", "broken": "Broken", "odd": "KENNEL_LIST", "csv": "Names"}
    points = [EntryPoint(k, f"{__name__}:{v}", registry.GROUP) for k, v in values.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    for cached in (registry.exporter, registry._of_others):
        cached.cache_clear()
    yield
    registry.exporter.cache_clear()
    registry._of_others.cache_clear()


def test_the_command_line_knows_the_forms_that_come_with_barkive() -> None:
    assert tuple(registry.ExportFormat) == command.FORMS
    assert all(registry.exporter(form).description for form in registry.ExportFormat)


def test_forms_of_others_come_behind_barkives_own(others: None) -> None:
    assert registry.forms() == (*registry.ExportFormat, "broken", "names", "odd")


def test_a_form_of_others_writes_the_photos(
    others: None, catalogue: Catalogue, classifier: Classifier, kennel: Path, tmp_path: Path
) -> None:
    catalogue.scan(kennel, classifier=classifier)
    out = tmp_path / "names.txt"
    assert catalogue.export(Export("names", out)).written == 5
    names = ["annex/mila.png", "broken.jpg", "mix.png", "night.png", "rex.png"]
    assert sorted(out.read_text().split()) == sorted(Path(name).name for name in names)
    assert "".join(catalogue.streamed(Export("names"))) == out.read_text()


def test_none_takes_the_place_of_barkives_own(others: None) -> None:
    assert registry.exporter("csv").description == "a table for spreadsheets, a row a photo"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (
            "broken",
            "The form “broken” of the package {module} can't be used: no printer; update or "
            "uninstall that package.",
        ),
        (
            "odd",
            "The form “odd” of the package {module} can't be used: 'PosixPath' object is not "
            "callable; update or uninstall that package.",
        ),
        (
            "word",
            "There is no form “word”; choose one of: csv, json, jsonl, parquet, md-json, coco, "
            "yolo, label-studio, asm3, xmp, folders, contact-sheet, crops, training-set, broken, "
            "names, odd.",
        ),
    ],
)
def test_what_can_not_be_used_is_told(others: None, form: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        Export(form)
    assert str(caught.value) == sentence.format(module=__name__)


def install(project: Path, into: Path) -> None:
    """Puts a package where Python finds it, with its metadata, as an installer does."""
    told = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    shutil.copytree(project / "src", into, dirs_exist_ok=True)
    about = into / f"{told['name'].replace('-', '_')}-{told['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {told['name']}\nVersion: {told['version']}\n"
    )
    groups = told["entry-points"].items()
    (about / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
            for group, points in groups
        )
    )


@pytest.fixture
def barkive(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in a process of its own, with the example installed."""
    site = tmp_path / "site"
    install(KENNEL_LIST, site)
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "barkive", *map(str, words)],
            env=os.environ | {"PYTHONPATH": path, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_example_is_found_once_it_is_installed(
    barkive: Callable[..., subprocess.CompletedProcess[str]],
    classifier: Classifier,
    kennel: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "catalogue.sqlite"
    with Catalogue(file) as catalogue:
        catalogue.scan(kennel, classifier=classifier)
    done = barkive("export", "--as", "kennel-list", "--catalogue", file, "--lang", "fr")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        "mila                 Carlin",
        "rex                  Chihuahua",
        "à regarder : 1 de plus",
    ]
    assert done.stderr == "5 écrits\n"
    assert "Forms of other packages: kennel-list." in barkive("export", "--help").stdout
