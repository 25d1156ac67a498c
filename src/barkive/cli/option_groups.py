"""Options that stand for one value together, such as a filter or what is said of an animal."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

Options = Mapping[str, tuple[Any, Any]]
"""The annotation and the default of each option, by its name."""


def with_options(
    command: Callable[..., None], place: str, options: Options, make: Callable[..., Any]
) -> Callable[..., None]:
    """Gives a command options, and it what is made of them.

    Args:
        command: Has a parameter called `place`, and may have one called `text`.
        place: The parameter in whose place the options appear.
        options: Those that appear.
        make: Called with what the command is given as `text`, or None, and with the options by
            their names; what it returns is the command's value for `place`.

    Returns:
        The command as Typer takes it.
    """
    # The type of the value is known to type checkers only: it is imported when it is needed.
    command.__annotations__.pop(place)
    own = inspect.signature(command, eval_str=True)
    parameters = []
    for parameter in own.parameters.values():
        if parameter.name != place:
            parameters.append(parameter)
            continue
        parameters += [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
            )
            for name, (annotation, default) in options.items()
        ]
    # Typer takes positional and keyword parameters alike; Python wants them in this order.
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]

    def run(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in options}
        arguments[place] = make(arguments.pop("text", None), **given)
        command(**arguments)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    return run
