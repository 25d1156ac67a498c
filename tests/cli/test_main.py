"""The command line as a whole, run for real: help, version, wrong usage."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click
import pytest
from PIL import Image

from barkive import __version__
from barkive.cli.commands import Deferred, app, run

pytestmark = pytest.mark.slow


def commands(command: object, *words: str) -> list[tuple[str, ...]]:
    """The words of each command, groups included."""
    below = getattr(command, "commands", {})
    return [words, *(path for name in below for path in commands(below[name], *words, name))]


def deferred(group: click.Group) -> list[Deferred]:
    """Each command that is imported when it is used, groups included."""
    found: list[Deferred] = []
    for command in group.commands.values():
        if isinstance(command, Deferred):
            found.append(command)
        elif isinstance(command, click.Group):
            found += deferred(command)
    return found


def barkive(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "barkive", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", commands(app), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    result = barkive(*words, "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    assert " ".join(["barkive", *words]) in result.stdout


def test_a_list_says_of_each_command_what_its_help_says_first() -> None:
    listed = {command.name: command.short_help for command in deferred(app)}
    said = {}
    for command in deferred(app):
        sentence, _, _ = (command.load().help or "").partition("\n\n")
        said[command.name] = " ".join(sentence.split())
    assert listed == said
    page = barkive("--help").stdout
    assert "what each may do." in " ".join(page.split())
    assert "..." not in page.partition("Commands:")[2]


# What a command that starts must not wait for, and why it would be there.
OF_NO_START = {
    "alembic": "older catalogues alone are migrated",
    "asyncio": "the server's, and SQLAlchemy's",
    "fastapi": "the server's",
    "google.protobuf": "changes bundles, which run without it",
    "pathspec": "reads patterns of what is passed over",
    "pydantic": "the server's",
    "rich": "draws tables and progress bars",
    "sqlalchemy": "the catalogue's",
    "torch": "trains",
}
OF_NO_LIST = {
    **OF_NO_START,
    "PIL": "decodes photos",
    "barkive.cli.identify": "a command of the list",
    "barkive.cli.options": "options of commands",
    "numpy": "arrays",
    "onnxruntime": "runs bundles",
}


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        (["--help"], OF_NO_LIST),
        (["--version"], OF_NO_LIST),
        (["animals", "--help"], OF_NO_LIST),
        (["identify", "--help"], [*OF_NO_START, "PIL", "numpy", "onnxruntime"]),
        (["breeds", "pug", "--format", "json"], [*OF_NO_START, "PIL", "numpy"]),
        (["identify", "--format", "json"], OF_NO_START),
    ],
    ids=" ".join,
)
def test_a_command_imports_nothing_that_it_does_not_need(
    words: list[str],
    unneeded: Iterable[str],
    tmp_path: Path,
    colour_bundle: Path,
    colour_photo: Callable[..., Path],
) -> None:
    if words[0] == "identify" and "--help" not in words:
        words = [*words, "--model", str(colour_bundle), str(colour_photo("red.png", (196, 0, 1)))]
    program = (
        "import sys; from barkive.cli.commands import run; sys.argv[0] = 'barkive'\n"
        f"try: run()\nfinally: print([m for m in {sorted(unneeded)} if m in sys.modules])"
    )
    command = [sys.executable, "-c", program, *words]
    # An empty folder for the user's data: a catalogue there would be read.
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "[]"


def test_version() -> None:
    result = barkive("--version")
    assert (result.returncode, result.stdout) == (0, f"barkive {__version__}\n")


def test_the_help_lists_the_commands() -> None:
    result = barkive()
    assert "identify" in result.stdout + result.stderr


@pytest.mark.parametrize("words", [["identfy"], ["--nonsense"], ["identify"]])
def test_wrong_usage_has_status_2(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["barkive", *words])
    with pytest.raises(SystemExit) as end:
        run()
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: barkive" in captured.err


def test_names_print_whatever_the_locale_says() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "barkive", "breeds", "brittany"]
    result = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert "Épagneul breton" in result.stdout.decode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told_in_one_sentence() -> None:
    command = [sys.executable, "-m", "barkive", "breeds", "--format", "json"]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2
    assert result.stderr == "Error: The results can't be written: No space left on device.\n"


def test_the_help_names_label_and_its_older_name_still_works(tmp_path: Path) -> None:
    listed = barkive("--help").stdout
    assert " label " in listed
    assert " correct " not in listed
    nowhere = ["--catalogue", str(tmp_path / "none.sqlite"), "rex.jpg", "--breed", "pug"]
    by_both = [barkive(name, *nowhere).stderr for name in ("label", "correct")]
    assert by_both[0] == by_both[1]
    assert by_both[0].startswith("Error: There is no catalogue")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], []),
        (["-v"], ["barkive.bundle: Opened the model colours@"]),
        (
            ["--verbose", "--verbose"],
            [
                "barkive.bundle: Opened the model colours@",
                "barkive.classifier: Judging 1 photos, 0 could not be read",
            ],
        ),
    ],
)
def test_verbose_says_what_is_done(
    options: list[str], said: list[str], colour_bundle: Path, colour_photo: Callable[..., Path]
) -> None:
    photo = str(colour_photo("red.png", (196, 0, 1)))
    result = barkive(*options, "identify", "--model", str(colour_bundle), photo)
    assert result.returncode == 0
    assert "Chihuahua 98%" in result.stdout
    lines = [line.partition(" ")[2] for line in result.stderr.splitlines()]
    for beginning in said:
        assert any(line.startswith(beginning) for line in lines)
    assert bool(lines) == bool(said)


def test_damaged_camera_data_is_not_spoken_of(colour_bundle: Path, tmp_path: Path) -> None:
    photo = tmp_path / "rex.jpg"
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"7" * 40
    Image.new("RGB", (64, 48)).save(photo, "JPEG", exif=broken)
    result = barkive("identify", "--model", str(colour_bundle), str(photo))
    assert (result.returncode, result.stderr) == (0, "")
