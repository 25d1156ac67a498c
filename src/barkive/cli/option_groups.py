"""Options that stand for one value together, such as a filter or what is said of an animal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

Command = Callable[..., None]
Options = Mapping[str, Callable[[Command], Command]]
"""The decorator of each option, by the option's name."""


def with_options(
    place: str, options: Options, make: Callable[..., Any]
) -> Callable[[Command], Command]:
    """A decorator that gives a command options, and it what is made of them.

    Args:
        place: The command's parameter that gets the value. An argument `text` of it becomes
            part of the value.
        options: They appear where the decorator stands.
        make: Called with the command's `text`, or None, and with the options by their names;
            what it returns is the command's value for `place`.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(**arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in options}
            arguments[place] = make(arguments.pop("text", None), **given)
            command(**arguments)

        decorated: Command = run
        for option in reversed([*options.values()]):
            decorated = option(decorated)
        return decorated

    return decorate
