"""What a search by text looks at: the words of a path, of breeds' names and of a note."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from barkive.breeds import Breed
from barkive.text import fold

# Letters and numbers apart, so that “rex” finds rex2.jpg and “42” finds IMG_0042.jpg as 0042.
_WORD = re.compile(r"\d+|[^\W\d_]+")


def split(text: str) -> list[str]:
    """The words of a text, without case and accents: `Épagneul_2` gives `epagneul` and `2`."""
    return _WORD.findall("".join(c for c in fold(text) if not unicodedata.combining(c)))


def searchable(path: str, breeds: Iterable[Breed], note: str | None) -> str:
    """The words under which a photo is found, each once, with spaces between.

    Args:
        path: The photo's.
        breeds: Those that hold, or the best guess.
        note: What people wrote.
    """
    found = [*split(path), *split(note or "")]
    for breed in breeds:
        found += _names(breed)
    return " ".join(dict.fromkeys(found))


@lru_cache(maxsize=1024)
def _names(breed: Breed) -> tuple[str, ...]:
    """The words of a breed's names in both languages.

    Not those of its group: spaniels are in the one of “Retrievers, flushing dogs, water dogs”.
    """
    texts = (breed.en, breed.fr, *breed.aliases)
    return tuple(word for text in texts for word in split(text))
