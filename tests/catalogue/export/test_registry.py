"""Forms of export by name: Barkive's own, and those of packages that are installed beside it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from barkive.catalogue import Catalogue, Entry, Export
from barkive.catalogue.export import ExportContext, TextExporter, registry
from barkive.catalogue.export.breed_list import BreedList
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
def others(install_exporters: Callable[..., None]) -> None:
    """Packages that add the forms `names`, `broken`, `odd`, and a `csv` of their own."""
    install_exporters({"names": Names, "broken": Broken, "odd": KENNEL_LIST, "csv": Names})


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
            "The form “broken” of the package kennel can't be used: no printer; update or "
            "uninstall that package.",
        ),
        (
            "odd",
            "The form “odd” of the package kennel can't be used: 'PosixPath' object is not "
            "callable; update or uninstall that package.",
        ),
        (
            "word",
            "There is no form “word”; choose one of: csv, json, jsonl, parquet, md-json, coco, "
            "yolo, label-studio, asm3, rescuegroups, xmp, folders, contact-sheet, crops, "
            "training-set, broken, names, odd.",
        ),
    ],
)
def test_what_can_not_be_used_is_told(others: None, form: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        Export(form)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("form", "option", "sentence"),
    [
        (
            "coco",
            {"upright": True},
            "The form coco makes no use of --upright, which is for: yolo; leave it out.",
        ),
        (
            "folders",
            {"margin": 0.2},
            "The form folders makes no use of --margin, which is for: crops, training-set; "
            "leave it out.",
        ),
        (
            "csv",
            {"breed_list": BreedList(["Pug"])},
            "The form csv makes no use of --breed-list, which is for: asm3, rescuegroups; "
            "leave it out.",
        ),
    ],
)
def test_options_that_a_form_does_not_use_are_refused(
    tmp_path: Path, form: str, option: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Export(form, tmp_path / "out", **option)
    assert str(caught.value) == sentence


def test_forms_of_other_packages_may_use_all_options(others: None, tmp_path: Path) -> None:
    assert Export("names", tmp_path / "out", upright=True, margin=0.2).upright


def test_a_form_that_can_not_be_used_hides_no_other(
    others: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(registry.file_exporters()) == [
        *("csv", "json", "jsonl", "parquet", "md-json", "coco"),
        *("asm3", "contact-sheet", "names"),
    ]
    assert registry.text_forms() == ("csv", "json", "jsonl", "md-json", "coco", "asm3", "names")
    assert [record.getMessage().split(" of the package")[0] for record in caplog.records] == [
        "The form “broken”",
        "The form “odd”",
    ]


def test_a_form_that_is_no_text_is_not_streamed(others: None, catalogue: Catalogue) -> None:
    with pytest.raises(UsageError) as caught:
        catalogue.streamed(Export("xmp"))
    assert str(caught.value) == (
        "The form xmp is no text; choose one of: csv, json, jsonl, md-json, coco, asm3, names."
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip has installed the example into; nothing comes from a network."""
    for needed in ("pip", "hatchling"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"without {needed}, which installs the example")
    # Building leaves nothing in the checkout.
    project = shutil.copytree(KENNEL_LIST, tmp_path_factory.mktemp("example") / "kennel-list")
    into = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*command, *offline, "--target", str(into), str(project)],
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return into


@pytest.fixture
def barkive(site: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in a process of its own, with the example installed."""
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


@pytest.mark.slow
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
