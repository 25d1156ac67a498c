"""The form in which photos are exported, with its options: what a visitor chooses among."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from barkive.catalogue import BreedList, ExportBy, options_of
from barkive.errors import UsageError
from barkive.messages import Language, Messages
from barkive.web.roles import Role
from barkive.web.services.export_jobs import Options
from barkive.web.services.exports import available
from barkive.web.signed_in import may

# Which forms stand together, by the key of their heading.
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "tables": ("csv", "json", "jsonl", "parquet"),
    "managers": ("xmp",),
    "shelters": ("asm3", "rescuegroups"),
    "folders": ("folders", "crops", "training-set"),
    "print": ("contact-sheet",),
    "boxes": ("md-json", "coco", "yolo", "label-studio"),
}
_OPTIONS: Final = ("by", "again", "breed_list", "crops", "margin", "upright", "confidence")


class ExportFields(BaseModel):
    """What a visitor chose. Of the options those count that the form has.

    Attributes:
        form: The form's name.
        language: Of names and headings; empty for the page's.
        by: What a row, a folder or a picture is of.
        new: Whether only what is new is meant.
        breeds: The program's own names of breeds, one a line.
        crops: Whether a training set is made of the dogs.
        margin: How much is shown beside a dog, in per cent of its longer side.
        upright: Whether photos that are turned are written anew.
        confidence: Whether boxes have how sure they are.
    """

    form: str = Field("", max_length=200)
    language: Language | Literal[""] = ""
    by: ExportBy = "photo"
    new: bool = False
    breeds: str = Field("", max_length=200_000)
    crops: bool = False
    margin: str = Field("10", max_length=20)
    upright: bool = False
    confidence: bool = False

    def options(self) -> Options:
        """Those that the form has.

        Raises:
            UsageError: One of them is wrong.
        """
        has = _options_of(self.form)
        given: dict[str, Any] = {
            name: getattr(self, name) for name in ("by", "crops", "upright", "confidence")
        }
        chosen = {name: value for name, value in given.items() if name in has}
        if "margin" in has:
            chosen["margin"] = _share(self.margin)
        if "again" in has:
            chosen["new"] = self.new
        names = list(filter(None, map(str.strip, self.breeds.splitlines())))
        if "breed_list" in has and names:
            chosen["breed_list"] = BreedList(names)
        return Options(**chosen)


CHOSEN_FIRST: Final = ExportFields.model_validate({"form": "csv"})
"""What a visitor who has chosen nothing yet finds chosen."""


def title_of(form: str, words: Messages) -> str:
    """What a form is called: in the visitor's language, or as its own package says it.

    Args:
        form: Its name; one of a package that is gone stands for itself.
        words: Of the visitor.
    """
    if words.has(f"photos.export_{form}"):
        return words(f"photos.export_{form}")
    return (available()[form].description if form in available() else "") or form


def choices(words: Messages, *, read_only: bool) -> dict[str, Any]:
    """What `_export_choice.html` shows: the forms in their groups, and which of them has what.

    Args:
        words: Of the visitor.
        read_only: Whether nothing can be remembered in the catalogue.
    """
    left = [*available()]
    groups = []
    for key, forms in _GROUPS.items():
        groups.append((words(f"exports.group_{key}"), [one for one in forms if one in left]))
        left = [one for one in left if one not in forms]
    groups.append((words("exports.group_others"), left))
    used: dict[str, list[str]] = {name: [] for name in _OPTIONS}
    for form in available():
        for name in _options_of(form):
            used[name].append(form)
    if read_only or not may(Role.LABEL):
        used["again"] = []
    return {
        "groups": [
            (heading, [_described(form, words) for form in forms])
            for heading, forms in groups
            if forms
        ],
        "used": used,
        "users": {
            name: ", ".join(title_of(form, words) for form in forms) for name, forms in used.items()
        },
    }


def _options_of(form: str) -> list[str]:
    """What a form has of the options that make sense on a page."""
    # Where animals have rows in any case, the filter of the gallery leaves out the other photos.
    is_mixed = available()[form].with_animals
    return [one for one in options_of(form) if one in _OPTIONS and not (one == "by" and is_mixed)]


def _described(form: str, words: Messages) -> tuple[str, str, str]:
    """A form with its name, and more on it, or nothing."""
    has = words.has(f"exports.about_{form}")
    return form, title_of(form, words), words(f"exports.about_{form}") if has else ""


def _share(percent: str) -> float:
    try:
        share = float(percent.replace(",", ".").strip(" %\u202f\xa0")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError("export_margin_wrong", value=percent)
    return share
