"""What the command line says to people, in the language of this run.

The sentences stand in the section `cli` of `barkive.messages`.
"""

from __future__ import annotations

from typing import Any

import click

from barkive.errors import BarkiveError
from barkive.messages import Language, Message, Messages

_language: Language = "en"


def choose(lang: Language) -> Language:
    """Takes the language of this run, which the option `--lang` gives."""
    global _language
    _language = lang
    return lang


def text(key: str, /, **values: Any) -> str:
    """A sentence in the language of this run.

    Args:
        key: Its name in the section `cli`.
        values: What stands in its braces; `n` chooses between one and several.
    """
    return Messages(_language)(f"cli.{key}", **values)


def say(key: str, /, *, err: bool = False, **values: Any) -> None:
    """Prints a sentence on a line of its own.

    Args:
        key: See `text`.
        err: Whether on standard error.
        values: See `text`.
    """
    click.echo(text(key, **values), err=err)


def known(key: str) -> bool:
    """Whether there is such a sentence."""
    return Messages(_language).has(f"cli.{key}")


def in_words(message: Message | BarkiveError) -> str:
    """A message or an error in the language of this run."""
    return message.text(_language)


def number(value: float, spec: str) -> str:
    """A number in the language of this run, by a format specification such as `.1f`."""
    return Messages(_language).formatted(value, spec)


def percent(share: float) -> str:
    """A share, 0..1, in whole per cent."""
    return number(share, ".0%")


def decimal(value: float) -> str:
    """A number in full, with the decimal sign of the language of this run."""
    return str(value).replace(".", Messages(_language).formatted(0.5, ".1f")[1])


def csv_delimiter() -> str:
    """What stands between the cells of CSV that spreadsheets of this language open."""
    return Messages(_language).csv_delimiter
