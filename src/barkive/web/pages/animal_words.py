"""What pages say of animals: careful words, and small pictures."""

from __future__ import annotations

from typing import Any

from barkive.catalogue import SPECIES, STATUSES, Animal, Origin, Sex, breed_words
from barkive.messages import Messages
from barkive.verdicts import Status


def word(section: str, value: str, words: Messages) -> str:
    """A species, a sex or a status in the visitor's language; one that is their own as it is."""
    if section == "species" and value in SPECIES:
        return words(f"animals.species_{value}")
    if section == "sex" and value in [*Sex]:
        return words(f"animals.sex_{value}")
    if section == "status" and value in STATUSES:
        return words(f"animals.status_{value}")
    return value


def breed_line(animal: Animal, words: Messages) -> str:
    """The breed, carefully: `looks like a Boxer`, `perhaps Boxer`, `breed not known`."""
    verdict = animal.verdict
    if verdict.status is Status.UNCERTAIN and verdict.breeds:
        return words("animals.perhaps", breed=verdict.breeds[0].label.name(words.lang))
    return breed_words(animal, words.lang)


def tile(animal: Animal, words: Messages) -> dict[str, Any]:
    """What a small picture says of its animal."""
    return {
        "id": animal.id,
        "photo": animal.main_photo,
        "name": animal.name or "",
        "code": animal.code or "",
        "title": animal.title,
        "breed": breed_line(animal, words),
        "breed_status": animal.verdict.status.value if animal.verdict.status else "",
        "is_said": animal.verdict.origin in (Origin.ANIMAL, Origin.LABELS),
        "disagrees": animal.verdict.disagrees,
        "status": animal.status,
        "status_word": word("status", animal.status, words),
        "photos": animal.photos,
    }


def likeness(similarity: float, words: Messages) -> str:
    """How alike two dogs look, carefully.

    Args:
        similarity: The cosine of what the model sees in them.
        words: Of the visitor's language.
    """
    for least, name in ((0.9, "nearly"), (0.8, "much"), (0.7, "somewhat")):
        if similarity >= least:
            return words(f"which.{name}")
    return words("which.little")
