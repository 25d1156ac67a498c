"""What becomes of a breed's name that somebody typed: the breed, or the choices that there are.

Only what is exactly one breed's name is taken. Else the page shows what may be meant, none of
it chosen beforehand, and the name as it was written is among it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from pydantic import BaseModel, Field

from barkive.boxes import Box
from barkive.catalogue import Kind, Label, Models, fold
from barkive.errors import UnknownBreedError, UsageError
from barkive.verdicts import BreedName
from barkive.web.pages.reviewer import signed

BREED, SECOND, WRITTEN = "breed", "second", "written"
"""The form's fields: what was typed, and names that are to be taken as they are written."""
NOTHING_TYPED: Mapping[str, str] = {BREED: "", SECOND: "", "note": ""}
"""What stands in the fields of text to begin with."""


class LabelForm(BaseModel):
    """What a visitor says of a photo, or of one of its dogs.

    Attributes:
        breed: A name or an id.
        second: Likewise; empty where it is no cross.
        note: What stands beside it.
        written: The names that are taken as they are written, though no breed is called so.
        seen: The version of the photo that the visitor had before them, if the form says so.
        dog: The number of the dog that is meant; 0 for the photo, or for another dog in `box`.
        asks_name: Whether it asks for the visitor's name.
        by: That name.
        box: Where the dog is: x, y, width and height in shares of the photo, with spaces
            between; empty where no box was drawn.
    """

    breed: str = Field("", max_length=200)
    second: str = Field("", max_length=200)
    note: str = Field("", max_length=5000)
    written: list[str] = Field(default=[], max_length=2)
    seen: str = Field("", max_length=60)
    dog: int = Field(0, ge=0, lt=2**53)
    asks_name: bool = False
    by: str = Field("", max_length=200)
    box: str = Field("", max_length=100)

    @property
    def name(self) -> str | None:
        """The name that stands in it; None where it asks for none."""
        return self.by if self.asks_name else None

    def drawn(self) -> Box | None:
        """The box that was drawn; None where none was.

        Raises:
            UsageError: It is no box in the photo.
        """
        if not self.box:
            return None
        try:
            x, y, width, height = map(float, self.box.split())
        except ValueError:
            raise UsageError("box_outside_photo", box=self.box) from None
        return Box(x, y, width, height)

    def typed(self) -> dict[str, str]:
        """What stands in the fields of text, to be shown again."""
        return {"breed": self.breed, "second": self.second, "note": self.note}

    def fields(self, **more: str) -> list[tuple[str, str]]:
        """All of the form, with what a page has beside it: names of fields, with their values."""
        dog = str(self.dog) if self.dog else ""
        fields = {**more, **self.typed(), "seen": self.seen, "dog": dog, "box": self.box}
        if self.asks_name:
            fields |= {"asks_name": "true", "by": self.by}
        return [*fields.items(), *(("written", name) for name in self.written)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A name that is none of a breed, and what may be meant by it.

    Attributes:
        typed: The name.
        field: Of the form, in which it stands.
        labels: The breeds that may be meant.
        kept: All else that the form holds: names of fields, with their values.
    """

    typed: str
    field: str
    labels: tuple[BreedName, ...]
    kept: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls, error: UnknownBreedError, models: Models, form: Sequence[tuple[str, str]]
    ) -> Choice:
        """What there is to choose.

        Args:
            error: That names what was typed.
            models: Of the catalogue.
            form: The fields that were sent, with their values.
        """
        field = BREED if (BREED, error.query) in form else SECOND
        kept = tuple((name, value) for name, value in form if name != field and value)
        return cls(error.query, field, models.names.choices(error.query), kept)


def wrong_field(error: UsageError, form: LabelForm) -> str:
    """The field of text in which stands what is wrong."""
    wrong = {"label_cross_same_breed": SECOND, "label_note_missing": "note"}.get(error.code)
    if wrong is not None:
        return wrong
    if error.code == "label_breed_empty":
        return SECOND if form.breed.strip() else BREED
    named = error.query if isinstance(error, UnknownBreedError) else error.params.get("name")
    return SECOND if named is not None and named == form.second != form.breed else BREED


def correction(request: Request, models: Models, kind: Kind, form: LabelForm) -> Label:
    """What a form says of a photo, in the visitor's name; with two breeds it is a cross.

    Args:
        request: That brings it.
        models: Of the catalogue.
        kind: What is said.
        form: With the breeds' names.

    Raises:
        UnknownBreedError: No breed is called so, and it is not to be taken as it is written.
        UsageError: The number of breeds or the box does not fit, or a cross is of one breed.
    """
    if kind is Kind.BREED and form.second.strip():
        kind = Kind.CROSS
    breeds = {Kind.BREED: (form.breed,), Kind.CROSS: (form.breed, form.second)}.get(kind, ())
    said = Label(
        *(kind, breeds, form.note.strip() or None, signed(request, form.name), bool(form.written)),
        seen=form.seen or None,
        dog=form.dog or None,
        box=form.drawn(),
    )
    taken = {fold(name) for name in form.written}
    meant = {fold(name) if fold(name) in taken else models.names.find(name) for name in breeds}
    if len(meant) < len(breeds):
        raise UsageError("label_cross_same_breed", breeds=breeds)
    return said
