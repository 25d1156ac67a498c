"""A shelter's own list of breed names, and which of them means which of our breeds.

Shelters write `Retriever, Golden`, `Newfoundland Dog` or `Yorkshire Terrier Yorkie`, and their
software takes a breed only as its own list writes it. Knows nothing of that software.
"""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from barkive.breeds import Breed, all_breeds, normalise
from barkive.errors import UsageError, system_reason
from barkive.messages import Language, Message, Messages
from barkive.verdicts import BreedName

# They come and go in names without changing what is meant.
_FILLERS = frozenset({"dog", "chien", "and", "et"})
_COLUMNS = ("breedname", "breed", "race")
# How lists call a dog whose breed nobody knows, the plainest first.
_UNKNOWN = (
    *("Unknown", "Unknown Breed", "Breed Unknown", "Inconnue", "Race inconnue", "Inconnu"),
    *("Mixed Breed", "Mixed", "Crossbreed", "Cross Breed", "Mongrel"),
    *("Croisé", "Race croisée", "Chien croisé", "Bâtard"),
)

# As lists of shelters spell some breeds, by the ids of the breeds.
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "n02086079": ("Épagneul pékinois",),
    "n02087046": ("Fox-terrier nain",),
    "n02091134": ("Lévrier whippet",),
    "n02096437": ("Dandi Dinmont Terrier",),
    "n02102973": ("Épagneul d'eau irlandais",),
    "n02106382": ("Bouvier des Flanders",),
    "n02107908": ("Appenzell Mountain Dog",),
    "n02110063": ("Malamute d'Alaska",),
}
# What breeds are that lists give together, the narrowest first: those whose English name ends so,
# and some others by their ids.
_KINDS: Final = (
    *(("Poodle", "Caniche"), ("Schnauzer",), ("Welsh Corgi",), ("Corgi",), ("Foxhound",)),
    *(("Coonhound",), ("Fox Terrier", "Fox-terrier"), ("Mountain Dog",), ("Retriever",)),
    *(("Spaniel", "Épagneul"), ("Setter",), ("Pointer",), ("Terrier",), ("Hound",)),
)
_BELGIAN: Final = (
    *("Belgian Shepherd", "Belgian Shepherd Dog Sheepdog", "Belgian Sheepdog", "Berger belge"),
)
_OF_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "n02105056": _BELGIAN,
    "n02105162": _BELGIAN,
    "n02109961": ("Eskimo Dog",),
    "n02112706": ("Brussels Griffon", "Griffon bruxellois"),
}
_DATA = Path(__file__).parents[2] / "data"
_ASM3: Final[Mapping[Language, Path]] = {
    "en": _DATA / "asm3-breeds.txt",
    "fr": _DATA / "asm3-breeds-fr.txt",
}


class BreedList:
    """The breed names that a shelter uses.

    Attributes:
        unmatched: The names asked for that the list has no match for, ours; grows with use.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Takes the names as the shelter writes them; the first of two that are alike counts."""
        self.unmatched: set[str] = set()
        self._exact: dict[str, str] = {}
        self._shuffled: dict[str, str] = {}
        self._doubled: dict[str, str] = {}
        for name in names:
            plain = html.unescape(name)  # older shelter software keeps accents as entities
            self._exact.setdefault(normalise(plain), name)
            self._shuffled.setdefault(_shuffled(plain), name)
            if breed_id := _doubled(plain):
                self._doubled.setdefault(breed_id, name)
        for index in (self._exact, self._shuffled):
            index.pop("", None)

    def name(self, label: BreedName, lang: Language = "en") -> str:
        """The shelter's name of a breed; ours, and a note in `unmatched`, where it has none.

        Tried in this order, with the breed's names in both languages and all its other names:
        the same name but for case, accents and punctuation; the same words in another order;
        two of the breed's names one behind the other.

        Args:
            label: The breed.
            lang: Of our name.
        """
        found = self.exact(label)
        if found is None:
            found = label.name(lang)
            self.unmatched.add(found)
        return found

    def exact(self, label: BreedName) -> str | None:
        """The shelter's name of a breed, as `name` finds it; None where it has none."""
        return self._find(_names(label)) or self._doubled.get(label.id)

    def nearest(self, label: BreedName, lang: Language = "en") -> str:
        """The shelter's name of a breed, or else of what comes nearest to it.

        That is the kind of dog that the breed is, such as `Poodle` of a Toy Poodle; or its word
        for a dog of unknown breed; or our name, where it has none of these. All but the breed's
        own name is noted in `unmatched`.

        Args:
            label: The breed.
            lang: Of our name.
        """
        found = self.exact(label)
        if found is None:
            self.unmatched.add(label.name(lang))
            kinds = [*_OF_KIND.get(label.id, ()), *_kinds(label.en)]
            found = self._find(kinds) or self._find(_UNKNOWN) or label.name(lang)
        return found

    def unknown(self, lang: Language = "en") -> str:
        """The shelter's word for a dog of unknown breed; ours, and a note, where it has none."""
        found = self._find(_UNKNOWN)
        if found is None:
            found = Messages(lang)("export.breed_unknown")
            self.unmatched.add(found)
        return found

    def _find(self, names: Iterable[str]) -> str | None:
        names = list(names)
        for key in map(normalise, names):
            if key in self._exact:
                return self._exact[key]
        for key in map(_shuffled, names):
            if key in self._shuffled:
                return self._shuffled[key]
        return None


def is_unknown_breed(name: str) -> bool:
    """Whether a shelter's word says that nobody knows the breed."""
    return normalise(html.unescape(name)) in {normalise(one) for one in _UNKNOWN}


def breed_meant(name: str) -> str | None:
    """The id of the breed of the table that a shelter's name means; None where it means none.

    As `BreedList.name` has it, the other way round: `Retriever, Golden` is the Golden Retriever.
    """
    plain = html.unescape(name)
    known = _table().get(normalise(plain)) or _shuffled_table().get(_shuffled(plain))
    return known or _doubled(plain)


def asm3_breed_list(lang: Language = "en") -> BreedList:
    """The names of dogs in Animal Shelter Manager's list as it is installed in a language.

    Those are `sql_default_data` of `src/asm3/dbupdate.py` in
    https://github.com/sheltermanager/asm3, and what `src/asm3/locales/locale_fr.py` makes of them
    (commit 47bfb8e4). There `Samoyed` is the Schipperke, by mistake: it is left out.

    Args:
        lang: Of the installation.
    """
    return read_breed_list(_ASM3[lang])


def read_breed_list(path: str | Path) -> BreedList:
    """Reads a shelter's breed names from a text or CSV file.

    A table (`.csv`, `.tsv`, or a first line with a column called so) gives its column
    `BreedName`, `Breed` or `Race`, or else its first one; any other file a name a line. UTF-8,
    or else the encoding of older Windows programs.

    Args:
        path: The file.

    Raises:
        UsageError: The file can't be read, is no text, or holds no name.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = (
            system_reason(error)
            if isinstance(error, OSError)
            else Message("reason_name_impossible")
        )
        raise UsageError("breed_list_unreadable", path=path, reason=reason) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    try:
        names = [name for name in map(str.strip, _column(path, text)) if name]
    except csv.Error:
        names = []
    if not names or "\0" in text:
        raise UsageError("breed_list_empty", path=path)
    return BreedList(names)


def _column(path: Path, text: str) -> Iterator[str]:
    """The names in a file's text, with empty ones among them."""
    lines = text.splitlines()
    head = lines[0] if lines else ""
    delimiter = max(",;\t", key=head.count)
    columns = [normalise(cell) for cell in next(csv.reader([head], delimiter=delimiter), [])]
    named = next((columns.index(name) for name in _COLUMNS if name in columns), None)
    if named is None and path.suffix.lower() not in (".csv", ".tsv"):
        yield from (line.strip().strip('"') for line in lines)
        return
    column, rows = (0, lines) if named is None else (named, lines[1:])
    for row in csv.reader(rows, delimiter=delimiter):
        if len(row) > column:
            yield row[column]


def _names(label: BreedName) -> Iterator[str]:
    """All that a breed is called, the usual names first."""
    yield label.en
    yield label.fr
    for breed in all_breeds():
        if breed.id == label.id:
            yield from _table_names(breed)
    yield from _SPELLINGS.get(label.id, ())


def _kinds(name: str) -> Iterator[str]:
    """What kinds of dog a breed belongs to by its English name."""
    for kind in _KINDS:
        if name.endswith(f" {kind[0]}"):
            yield from kind


def _table_names(breed: Breed) -> Iterator[str]:
    """What the breed table calls a breed; data sets' own names, such as `collie`, come last."""
    yield from (breed.en, breed.fr, *breed.aliases)
    yield breed.folder.removeprefix(f"{breed.id}-")


@cache
def _table() -> dict[str, str]:
    """The ids of the table's breeds, by all their normalised names."""
    return {normalise(name): breed.id for breed in all_breeds() for name in _table_names(breed)}


@cache
def _shuffled_table() -> dict[str, str]:
    """The ids of the table's breeds, by their names without regard to the order of words."""
    found: dict[str, str] = {}
    for breed in all_breeds():
        for name in _table_names(breed):
            found.setdefault(_shuffled(name), breed.id)
    found.pop("", None)
    return found


def _shuffled(name: str) -> str:
    """What is left of a name once the order of its words does not matter either."""
    words = {normalise(word) for word in re.split(r"[\W_]+", name)}
    return " ".join(sorted(words - _FILLERS - {""}))


def _doubled(name: str) -> str | None:
    """The breed of a name such as `Yorkshire Terrier Yorkie`, which names one breed twice."""
    for gap in re.finditer(r"[\W_]+", name):
        first = _table().get(normalise(name[: gap.start()]))
        if first and first == _table().get(normalise(name[gap.end() :])):
            return first
    return None
