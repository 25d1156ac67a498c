"""Completion by the Tab key: what it offers, and where its script goes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from barkive.cli.commands import app
from barkive.errors import UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shells of Unix")


@pytest.mark.parametrize(
    ("typed", "place", "offered"),
    [
        ("barkive ident", 1, ["plain,identify"]),
        ("barkive animals mer", 2, ["plain,merge"]),
        ("barkive identify --form", 2, ["plain,--format"]),
        ("barkive identify --format js", 3, ["plain,json"]),
    ],
)
def test_what_is_offered(typed: str, place: int, offered: list[str]) -> None:
    asked = {"_BARKIVE_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(place)}
    result = CliRunner().invoke(app, prog_name="barkive", env=asked)
    assert result.stdout.splitlines() == offered


def test_the_script_is_shown() -> None:
    result = CliRunner().invoke(app, ["--show-completion"], env={"SHELL": "/usr/bin/fish"})
    assert result.exit_code == 0
    assert "_BARKIVE_COMPLETE=fish_complete" in result.stdout


def test_the_script_is_installed_once(tmp_path: Path) -> None:
    environment = {"SHELL": "/bin/bash", "HOME": str(tmp_path)}
    start = tmp_path / ".bashrc"
    start.write_text("alias ll='ls -l'", encoding="utf-8")
    for _ in range(2):
        result = CliRunner().invoke(app, ["--install-completion"], env=environment)
        assert result.exit_code == 0
    script = tmp_path / ".local" / "share" / "barkive" / "completion.bash"
    assert f"Completion is in {script};" in result.stdout
    assert "_BARKIVE_COMPLETE=bash_complete" in script.read_text(encoding="utf-8")
    lines = start.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line] == ["alias ll='ls -l'", f". '{script}'"]


def test_fish_reads_a_folder(tmp_path: Path) -> None:
    environment = {"SHELL": "/usr/bin/fish", "HOME": str(tmp_path)}
    assert CliRunner().invoke(app, ["--install-completion"], env=environment).exit_code == 0
    assert (tmp_path / ".config" / "fish" / "completions" / "barkive.fish").is_file()


@pytest.mark.parametrize(
    ("shell", "code"),
    [("/bin/sh", "completion_shell_unknown"), ("/usr/bin/powershell", "completion_by_hand")],
)
def test_a_shell_without_it_is_named(shell: str, code: str, tmp_path: Path) -> None:
    environment = {"SHELL": shell, "HOME": str(tmp_path)}
    with pytest.raises(UsageError) as raised:
        CliRunner().invoke(app, ["--install-completion"], env=environment, catch_exceptions=False)
    assert raised.value.code == code
