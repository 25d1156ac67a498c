"""Breeds as the classes of an object detector: the same ones, in one order, in every form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from barkive.catalogue.records import EntryDog
from barkive.messages import Language, Messages
from barkive.verdicts import BreedName


class Categories:
    """The classes: dogs of no single breed first, then all the catalogue's breeds by name.

    They follow from the catalogue alone and not from which photos are taken out, so that two
    exports, such as one to train on and one to validate on, number them alike.

    Attributes:
        names: Of the classes, no two the same.
    """

    def __init__(self, labels: Iterable[BreedName], lang: Language) -> None:
        """Sorts the breeds.

        Args:
            labels: All breeds of the catalogue.
            lang: Of the names.
        """
        self._lang = lang
        any_dog = Messages(lang)("export.tag_root")
        called = {label.id: label.name(lang) or label.id for label in labels}
        shared = Counter([any_dog, *called.values()])
        names = {
            breed: name if shared[name] == 1 else f"{name} ({breed})"
            for breed, name in called.items()
        }
        self._order = sorted(names, key=lambda breed: (names[breed].casefold(), breed))
        self._number = {breed: place for place, breed in enumerate(self._order, 1)}
        self.names = (any_dog, *(names[breed] for breed in self._order))

    def of(self, dog: EntryDog) -> int:
        """The place of a dog's class in `names`: 0 where its breed is not known, and of a cross."""
        if len(dog.labels) != 1:
            return 0
        return self._number.get(dog.labels[0].id, 0)

    def candidates(self, dog: EntryDog) -> list[tuple[int, float]]:
        """The classes that a dog may be of, best first: their places, and how probable they are."""
        return [
            (self._number[one.label.id], round(min(max(one.probability, 0.0), 1.0), 4))
            for one in dog.breeds
            if one.label.id in self._number
        ]

    def all_of(self, dog: EntryDog) -> list[str]:
        """The names of all of a dog's classes, for forms that take several: both of a cross."""
        places = [self._number.get(label.id, 0) for label in dog.labels]
        return [self.names[place] for place in dict.fromkeys(places or [0])]

    def confidence(self, dog: EntryDog) -> float:
        """How sure it is that a dog of this class is there, 0..1, to four decimals."""
        certain = dog.breeds[0].probability if self.of(dog) else 1.0
        return round(min(max(dog.score * certain, 0.0), 1.0), 4)
