"""The form of an animal's record."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from barkive.catalogue import IN_CARE, SPECIES, STATUSES, Animal, AnimalFields, Origin, Sex
from barkive.errors import UnknownBreedError, UsageError
from barkive.messages import Messages
from barkive.text import fold
from barkive.web.pages.animal_words import word

# Longer ones the catalogue refuses, with a sentence.
_LONGEST = 50_000
# In which field a value is wrong, by the error's code.
_FIELDS = {
    "animal_code_taken": "code",
    "animal_birth_invalid": "birth",
    "animal_birth_too_early": "birth",
    "animal_birth_in_future": "birth",
    "animal_sex_invalid": "sex",
}


class AnimalForm(BaseModel):
    """What people say of an animal; an empty field says that nothing is known.

    Attributes:
        code: The shelter's own.
        name: What it is called.
        species: In any language.
        sex: `female`, `male` or empty.
        birth: A date, a month or a year.
        birth_is_estimate: Whether that is an estimate.
        breed: A name or an id; empty for what its photos say.
        second: Of a cross.
        other: Whether breeds are taken as they are written.
        status: In any language.
        arrived: A date.
        left: A date.
        notes: Anything.
        seen: The version of the animal that the visitor had before them; 0 for a new one.
    """

    code: str = Field(default="", max_length=_LONGEST)
    name: str = Field(default="", max_length=_LONGEST)
    species: str = Field(default="", max_length=_LONGEST)
    sex: str = Field(default="", max_length=_LONGEST)
    birth: str = Field(default="", max_length=_LONGEST)
    birth_is_estimate: bool = False
    breed: str = Field(default="", max_length=_LONGEST)
    second: str = Field(default="", max_length=_LONGEST)
    other: bool = False
    status: str = Field(default="", max_length=_LONGEST)
    arrived: str = Field(default="", max_length=_LONGEST)
    left: str = Field(default="", max_length=_LONGEST)
    notes: str = Field(default="", max_length=_LONGEST)
    seen: int = Field(default=0, ge=0, lt=2**63)

    @classmethod
    def of(cls, animal: Animal, words: Messages) -> AnimalForm:
        """As an animal's record has it."""
        verdict = animal.verdict
        said = verdict.labels if verdict.origin is Origin.ANIMAL else ()
        breeds = [*(one.name(words.lang) for one in said), "", ""]
        return cls(
            code=animal.code or "",
            name=animal.name or "",
            species=word("species", animal.species, words),
            sex=animal.sex.value if animal.sex else "",
            birth=animal.birth or "",
            birth_is_estimate=animal.birth_is_estimate,
            breed=breeds[0],
            second=breeds[1],
            status=word("status", animal.status, words),
            arrived=animal.arrived.isoformat() if animal.arrived else "",
            left=animal.left.isoformat() if animal.left else "",
            notes=animal.notes or "",
            seen=animal.version,
        )

    def fields(self) -> AnimalFields:
        """What the form says."""
        return AnimalFields(
            code=self.code,
            name=self.name,
            species=self.species,
            sex=self.sex,
            birth=self.birth,
            birth_is_estimate=self.birth_is_estimate,
            breeds=tuple(one for one in (self.breed, self.second) if one.strip()),
            status=self.status,
            notes=self.notes,
            arrived=self.arrived,
            left=self.left,
            other=self.other,
        )

    def field_of(self, error: Exception) -> str:
        """In which field something is wrong; empty where it is in none of them."""
        if isinstance(error, UnknownBreedError):
            return "breed" if fold(self.breed) == fold(error.query) else "second"
        if not isinstance(error, UsageError):
            return ""
        match error.code:
            case "animal_field_too_long":
                return str(error.params["field"])
            case "animal_day_invalid":
                return "arrived" if error.params["text"] == self.arrived else "left"
            case _:
                return _FIELDS.get(error.code, "")


def choices(words: Messages) -> dict[str, Any]:
    """What can be chosen in the form."""
    return {
        "species": [word("species", one, words) for one in SPECIES],
        "statuses": [word("status", one, words) for one in STATUSES],
        "sexes": [(one.value, word("sex", one.value, words)) for one in Sex],
        "in_care": word("status", IN_CARE, words),
    }
