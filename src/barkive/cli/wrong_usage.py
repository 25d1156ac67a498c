"""What is wrong with how a command was called, in the words and the language of Barkive.

Click's own sentences are English, and speak of types: `'x' is not a valid integer range`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from barkive.cli.saying import choose, say, text
from barkive.messages import LANGUAGES

_NUMBERS = (click.INT, click.FLOAT)


class Number(click.ParamType[float]):
    """A number within its range, whole or not; says what is allowed where it is none."""

    name = "number"

    def __init__(self, like: click.ParamType[Any]) -> None:
        """A type in the place of one of Click's for numbers."""
        self._is_whole = isinstance(like, click.IntRange | type(click.INT))
        self._least: float | None = getattr(like, "min", None)
        self._most: float | None = getattr(like, "max", None)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number that is written.

        Raises:
            click.UsageError: It is none, or out of the range.
        """
        option, written = _called(param), str(value)
        try:
            number = int(value) if self._is_whole else float(value)
        except ValueError:
            told = text(
                "usage_not_whole" if self._is_whole else "usage_not_number",
                option=option,
                text=written,
            )
            raise click.UsageError(told, ctx) from None
        least, most = self._least, self._most
        if (least is None or number >= least) and (most is None or number <= most):
            return number
        if most is None:
            told = text("usage_too_low", option=option, text=written, limit=least)
        else:
            told = text("usage_out_of_range", option=option, text=written, least=least, most=most)
        raise click.UsageError(told, ctx)


def spoken(command: click.Command) -> click.Command:
    """A command whose options say in Barkive's words what they take."""
    for one in command.params:
        is_number = isinstance(one.type, click.IntRange | click.FloatRange) or one.type in _NUMBERS
        if is_number and not (isinstance(one, click.Option) and one.count):
            one.type = Number(one.type)
    return command


def tell(error: click.UsageError) -> None:
    """Says on standard error what is wrong, and how the command is called.

    Where nothing is said but the name of a group of commands, that is its help page.
    """
    choose(language(sys.argv[1:]))
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    if error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        say("usage_help", err=True, command=error.ctx.command_path)
        click.echo(err=True)
    say("error", err=True, sentence=_sentence(error))


def choice_error(
    value: object,
    choices: Iterable[object],
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> click.UsageError:
    """The error for a value that is none of those to choose from."""
    listed = [*map(str, choices)]
    told = text("usage_choice", option=_called(param), text=str(value), choices=listed)
    return click.UsageError(told, ctx)


def _sentence(error: click.UsageError) -> str:
    match error:
        case click.NoSuchOption():
            near = error.possibilities
            if near:
                return text("usage_no_option_near", option=error.option_name, near=near)
            return text("usage_no_option", option=error.option_name)
        case click.exceptions.NoSuchCommand():
            near = error.possibilities
            if near:
                return text("usage_no_command_near", command=error.command_name, near=near)
            return text("usage_no_command", command=error.command_name)
        case click.MissingParameter():
            return text("usage_missing", what=_called(error.param))
        case click.BadOptionUsage():
            value = _value(error)
            if not value:
                return text("usage_takes_none", option=error.option_name)
            return text("usage_takes_one", option=error.option_name, value=value)
        case _ if error.message.startswith("Got "):
            return text("usage_extra", text=error.message.partition("(")[2].rstrip(")."))
        case _:
            return error.format_message()


def _value(error: click.BadOptionUsage) -> str:
    """What the help page says that an option takes; empty for a switch."""
    for one in error.ctx.command.params if error.ctx is not None else ():
        if error.option_name in (*one.opts, *one.secondary_opts):
            is_switch = isinstance(one, click.Option) and (one.is_flag or one.count)
            return "" if is_switch or error.ctx is None else one.make_metavar(error.ctx)
    return ""


def _called(param: click.Parameter | None) -> str:
    """What people call an option or an argument."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    if param is None:
        return ""
    return (param.metavar or param.human_readable_name).strip("[].")


def language(words: Sequence[str]) -> str:
    """The language that words of a command line ask for, or else the environment."""
    asked = os.environ.get("BARKIVE_LANG", "en")
    for word, following in zip(words, (*words[1:], ""), strict=False):
        if word == "--lang":
            asked = following
        elif word.startswith("--lang="):
            asked = word.partition("=")[2]
    return asked if asked in LANGUAGES else "en"
