"""The study's recipes: small TOML files, read by name or by path."""

from __future__ import annotations

import tomllib
import typing
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from barkive.errors import UsageError
from barkive.training.study.settings import StudyRecipe

ALL = "all"
_FOLDER = files("barkive.training.study") / "recipes"
# The order in which they are run and shown: the study's own.
NAMES = (
    "simple-cnn",
    "simple-cnn-augmented",
    "deep-cnn",
    "deep-cnn-augmented",
    "vgg16-head",
    "vgg16-dense",
    "mobilenetv2-head",
    "mobilenetv2-finetuned",
    "mobilenetv2-less-augmentation",
    "mobilenetv2-less-dropout",
    "mobilenetv2-dense",
    "mobilenetv2-second-draw",
    "xception-head",
    "resnet50-head",
    "mobilenetv2-own",
    "lite0-own",
    "lite0-anew",
    "lite0-centred",
    "lite2-own",
    "lite2-anew",
    "lite2-centred",
    "sift-words",
    "all-breeds",
    "all-breeds-lite0-own",
    "all-breeds-lite0-anew",
    "all-breeds-lite0-centred",
    "all-breeds-lite2-own",
    "all-breeds-lite2-anew",
    "all-breeds-lite2-centred",
    "corrections",
    "sizes",
)


def find_recipe(name: str) -> tuple[str, StudyRecipe]:
    """Reads one of the study's recipes by its name, or a recipe file by its path.

    Returns:
        The recipe's name, which for a file is its own without `.toml`, and the recipe.

    Raises:
        UsageError: There is no such recipe or file, or it has faults: all are named.
    """
    if name in NAMES:
        return name, parse_recipe((_FOLDER / f"{name}.toml").read_text(), f"recipe {name}")
    path = Path(name)
    if path.suffix != ".toml":
        raise UsageError(
            f"There is no recipe “{name}”; the recipes are {', '.join(NAMES)}, or {ALL}, "
            "or a .toml file of your own."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"The recipe file {path} does not exist; check --recipe.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"The recipe file {path} can't be read: {reason}; give a TOML file in UTF-8 that you "
            "may read."
        ) from None
    return path.stem, parse_recipe(text, f"recipe file {path}")


def parse_recipe(text: str, source: str) -> StudyRecipe:
    """A recipe from the text of its file.

    Args:
        text: TOML.
        source: What to call it in messages.

    Raises:
        UsageError: All that is wrong with it, with the valid keys.
    """
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The {source} is no TOML: {error}.") from None
    types = typing.get_type_hints(StudyRecipe)
    faults = []
    unknown = [key for key in settings if key not in types]
    if unknown:
        faults.append(
            f"It has no setting called {', '.join(f'“{key}”' for key in unknown)}; "
            f"the settings are {', '.join(field.name for field in fields(StudyRecipe))}."
        )
    if "about" not in settings:
        faults.append("It lacks “about”, a sentence that says what it shows.")
    known: dict[str, Any] = {"about": ""}
    for key, value in settings.items():
        if key in unknown:
            continue
        value = tuple(value) if isinstance(value, list) else value
        wanted = _mismatch(value, types[key])
        if wanted:
            faults.append(f"{key} is {settings[key]!r}; it must be {wanted}.")
        else:
            known[key] = value
    try:
        # Checked as far as it goes, so that one attempt shows every fault.
        recipe = StudyRecipe(**known)
    except UsageError as error:
        faults.append(str(error))
    if faults:
        raise UsageError(f"The {source} can't be used. {' '.join(faults)}")
    return recipe


def _mismatch(value: Any, wanted: Any) -> str:
    """What a value should have been; empty where it is that."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is float:
        return "" if number else "a number"
    if wanted is int:
        return "" if number and isinstance(value, int) else "a whole number"
    if typing.get_origin(wanted) is tuple:
        (inner, _) = get_args(wanted)
        name = {int: "whole numbers", float: "numbers", str: "texts"}[inner]
        fits = isinstance(value, tuple) and not any(_mismatch(x, inner) for x in value)
        return "" if fits else f"a list of {name}"
    return "" if isinstance(value, str) else "a text"
