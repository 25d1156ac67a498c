"""The command line as a whole, run for real: help, version, wrong usage."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from barkive import __version__
from barkive.cli.commands import app, run

pytestmark = pytest.mark.slow

HEAVY = ("PIL", "numpy", "onnxruntime", "rich.progress", "timm", "torch")


def commands(command: object, *words: str) -> list[tuple[str, ...]]:
    """The words of each command, groups included."""
    below = getattr(command, "commands", {})
    return [words, *(path for name in below for path in commands(below[name], *words, name))]


def barkive(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "barkive", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", commands(typer.main.get_command(app)), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    result = barkive(*words, "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    assert " ".join(["barkive", *words]) in result.stdout


@pytest.mark.parametrize("words", [("--help",), ("identify", "--help"), ("--version",)])
def test_help_waits_for_no_library(words: tuple[str, ...]) -> None:
    program = (
        "import sys; from barkive.cli.commands import run; sys.argv[0] = 'barkive'\n"
        f"try: run()\nfinally: print([m for m in {HEAVY} if m in sys.modules])"
    )
    command = [sys.executable, "-c", program, *words]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0
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
