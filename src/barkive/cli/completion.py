"""Completion of commands and options by the Tab key, which Click writes the scripts for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from barkive.cli.saying import say
from barkive.errors import UsageError

_VARIABLE = "_BARKIVE_COMPLETE"  # by which such a script asks what fits


def show(command: click.Command) -> None:
    """Prints the script for the shell that is used.

    Raises:
        UsageError: There is none for it.
    """
    click.echo(_script(command, _shell()))


def install(command: click.Command) -> None:
    """Writes the script where the shell that is used reads it when it starts.

    Raises:
        UsageError: There is none for it, or it reads it nowhere.
    """
    shell = _shell()
    home = Path.home()
    script = _script(command, shell)
    match shell:
        case "fish":
            file = home / ".config" / "fish" / "completions" / "barkive.fish"
        case "bash" | "zsh":
            file = home / ".local" / "share" / "barkive" / f"completion.{shell}"
            _source(home / f".{shell}rc", file)
        case _:
            raise UsageError("completion_by_hand", shell=shell)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(script, encoding="utf-8")
    say("completion_installed", file=file)


def _source(start: Path, file: Path) -> None:
    """Has a shell's start file read the script, once."""
    line = f". '{file}'"
    lines = start.read_text(encoding="utf-8").splitlines() if start.exists() else []
    if line not in lines:
        with start.open("a", encoding="utf-8") as opened:
            opened.write(f"\n{line}\n")


def _shell() -> str:
    """The shell that is used: the one that the user logs in with."""
    if sys.platform == "win32":
        return "powershell"
    return Path(os.environ.get("SHELL", "sh")).name


def _script(command: click.Command, shell: str) -> str:
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError("completion_shell_unknown", shell=shell)
    return kind(command, {}, "barkive", _VARIABLE).source()
