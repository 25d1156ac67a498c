"""The breed table: what each breed is called, and which breed a name means.

121 breeds under their WordNet ids: the 120 classes of Stanford Dogs (Khosla et al., 2011) and
the Dalmatian, which that data set lacks. Together they are all that ImageNet-1k has of dogs.
FCI numbers and groups are those of the FCI's nomenclature (https://www.fci.be), by way of
https://github.com/paiv/fci-breeds (MIT). Knows nothing of models and photos.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from barkive.errors import UnknownBreedError
from barkive.messages import Language
from barkive.text import fold

Language = Language

_TABLE = Path(__file__).parent / "data" / "breeds.csv"
_NEAREST = 3
_WORDNET_ID = re.compile(r"n\d{8}")

# The ten groups of the FCI, as it calls them: number, English, French.
_GROUPS: dict[int, tuple[str, str]] = {
    1: ("Sheepdogs and Cattledogs", "Chiens de berger et de bouvier"),
    2: (
        "Pinscher and Schnauzer, Molossoid and Swiss Mountain Dogs",
        "Chiens de type Pinscher et Schnauzer, molossoïdes, "
        "chiens de montagne et de bouvier suisses",
    ),
    3: ("Terriers", "Terriers"),
    4: ("Dachshunds", "Teckels"),
    5: ("Spitz and primitive types", "Chiens de type Spitz et de type primitif"),
    6: (
        "Scent hounds and related breeds",
        "Chiens courants, chiens de recherche au sang et races apparentées",
    ),
    7: ("Pointing Dogs", "Chiens d'arrêt"),
    8: (
        "Retrievers, Flushing Dogs and Water Dogs",
        "Chiens rapporteurs de gibier, chiens leveurs de gibier et chiens d'eau",
    ),
    9: ("Companion and Toy Dogs", "Chiens d'agrément et de compagnie"),
    10: ("Sighthounds", "Lévriers"),
}

# Breeds outside the table whose names end like one inside it: in a folder `Bearded-Collie`
# the part before the hyphen is no number or note, and the photos show no Rough Collie.
_OTHER_BREEDS = frozenset(
    {
        "alaskanhusky",
        "americancocker",
        "americancockerspaniel",
        "artesiennormandbasset",
        "beardedcollie",
        "bluegasconybasset",
        "normanartesienbasset",
        "scotchcollie",
        "smoothcollie",
    }
)


@dataclass(frozen=True, slots=True)
class Breed:
    """One row of the table.

    Attributes:
        id: The WordNet id, `n` and eight digits.
        folder: The folder name in Stanford Dogs, `<id>-<name>`; one of that form for the
            Dalmatian, which has none there.
        en: The English name in today's usage.
        fr: The French name.
        fci: The FCI's number; varieties of one FCI breed share it (the poodles: 172). None
            where the FCI does not recognise the breed.
        group: The FCI's group, 1..10; None where `fci` is.
        wild: It is a wild canid (dingo, dhole, African wild dog) and no dog breed.
        aliases: Other names by which people look it up, in both languages.
    """

    id: str
    folder: str
    en: str
    fr: str
    fci: int | None
    group: int | None
    wild: bool
    aliases: tuple[str, ...]

    def name(self, lang: Language = "en") -> str:
        """The breed's name in the language asked for."""
        return self.fr if lang == "fr" else self.en

    def group_name(self, lang: Language = "en") -> str | None:
        """What the FCI calls the breed's group; None where it does not recognise the breed."""
        return None if self.group is None else group_name(self.group, lang)


def group_name(group: int, lang: Language = "en") -> str:
    """What the FCI calls one of its groups, 1..10."""
    english, french = _GROUPS[group]
    return french if lang == "fr" else english


def normalise(name: str) -> str:
    """What is left of a name once case, accents, hyphens and the like don't matter.

    Only letters and digits stay: “Épagneul japonais”, “epagneul-japonais” and
    “EPAGNEUL_JAPONAIS” all become `epagneuljaponais`. Idempotent.
    """
    return "".join(c for c in fold(name) if c.isalnum())


@cache
def all_breeds() -> tuple[Breed, ...]:
    """The 121 breeds, by WordNet id."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Breed(
                id=row["id"],
                folder=row["folder"],
                en=row["en"],
                fr=row["fr"],
                fci=int(row["fci"]) if row["fci"] else None,
                group=int(row["group"]) if row["group"] else None,
                wild=row["wild"] == "true",
                aliases=tuple(row["aliases"].split("|")) if row["aliases"] else (),
            )
            for row in csv.DictReader(file)
        )


@cache
def dog_ids() -> frozenset[str]:
    """The WordNet ids of what Barkive counts as a dog, wild canids of the table included.

    Of ImageNet-1k's classes these are the 118 dogs, dingo, dhole and African wild dog, and no
    other: wolves, foxes, coyotes and hyenas are no dogs.
    """
    return frozenset(breed.id for breed in all_breeds())


def find(query: str) -> Breed:
    """The breed that a name or an id means.

    Args:
        query: A WordNet id, a Stanford Dogs folder name with or without its id, or a name
            in English or French; case, accents, hyphens and underscores don't matter.

    Raises:
        UnknownBreedError: No breed is called so; `nearest` holds up to three names that are
            close to it, in the language that it resembles.
    """
    breed = called(query)
    if breed is None:
        raise UnknownBreedError(query, nearest(query))
    return breed


def called(name: str) -> Breed | None:
    """The breed that a name or an id means, as `find` has it; None where it means none."""
    breed, _ = _index().get(normalise(name), (None, ""))
    return breed


def search(query: str, more: Sequence[Breed] = ()) -> tuple[Breed, ...]:
    """The breeds that a name, an id or a part of one means; at least one.

    The breed that is called exactly so comes first, then those with `query` inside one of
    their names, by WordNet id.

    Args:
        query: The name.
        more: Breeds beside those of the table, which come behind them.

    Raises:
        UnknownBreedError: No name holds it.
    """
    key = normalise(query)
    known = (*all_breeds(), *more)
    exact = {breed: None for breed in known if key in _keys(breed)}
    # A dict keeps each breed once, in the order of arrival.
    hits = exact | {breed: None for breed in known if key and any(key in k for k in _keys(breed))}
    if not hits:
        raise UnknownBreedError(query, nearest(query, more))
    return tuple(hits)


def suggest(query: str, more: Iterable[Breed] = (), *, limit: int = 8) -> tuple[Breed, ...]:
    """The breeds that somebody may mean who has typed a few letters, the likeliest first.

    Names in both languages that begin so come first, then those of which a word does, then
    those that hold it; of these the shorter name first.

    Args:
        query: A part of a name; case, accents and hyphens don't matter.
        more: Breeds beside those of the table.
        limit: How many at most.
    """
    key = normalise(query)
    if not key:
        return ()
    ranked: dict[Breed, tuple[int, int]] = {}
    for breed, whole, rests in (*_written(all_breeds()), *_written(tuple(more))):
        if key in whole:
            begun = (
                0
                if whole.startswith(key)
                else 1
                if any(rest.startswith(key) for rest in rests)
                else 2
            )
            rank = begun, len(whole)
            ranked[breed] = min(rank, ranked.get(breed, rank))
    return tuple(sorted(ranked, key=lambda breed: (ranked[breed], breed.id))[:limit])


def nearest(query: str, more: Iterable[Breed] = ()) -> list[Breed]:
    """Up to three breeds with a name that holds what was written, or is spelt nearly so.

    Args:
        query: What was written.
        more: Breeds beside those of the table.
    """
    key = normalise(query)
    index = _index() | {k: (breed, name) for breed in more for k, name in _keys(breed).items()}
    holding = sorted((k for k in index if key and key in k), key=len)
    alike = difflib.get_close_matches(key, index, n=10, cutoff=0.6)
    found: dict[str, Breed] = {}
    for candidate in (*holding, *alike):
        breed, _ = index[candidate]
        found.setdefault(breed.id, breed)
    return list(found.values())[:_NEAREST]


def of_folder(folder: str) -> Breed | None:
    """The breed whose photos a folder of a data set holds; None where the table has none.

    Recognises `<name>`, `<WordNet id>-<name>` and `<anything>-<name>`, where the name or the
    id is one that `find` knows. `<breed>-<breed>` is a cross, and so neither.

    Args:
        folder: The folder's own name, not its path.
    """
    index = _index()
    prefix, _, name = folder.partition("-")
    if _WORDNET_ID.fullmatch(prefix) and prefix in index:
        return index[prefix][0]
    whole = normalise(folder)
    if whole in index:
        return index[whole][0]
    if normalise(prefix) in index or whole in _OTHER_BREEDS:
        return None
    entry = index.get(normalise(name))
    return entry[0] if entry else None


def folder_of(breed: str) -> str:
    """The folder of a data set that holds a breed's photos: what `of_folder` takes it from.

    Args:
        breed: Its id. One that the table lacks, such as `Anglo-Chihuahua`, gets a folder that
            holds no other breed for `of_folder`: `Anglo_Chihuahua`.
    """
    of_table = called(breed)
    if of_table is not None:
        return of_table.folder
    return breed if of_folder(breed) is None else breed.replace("-", "_")


def name_of_folder(folder: str) -> str:
    """What a folder of a data set calls its breed: `n02085620-My_mutt` is `My mutt`.

    Args:
        folder: The folder's own name, not its path.
    """
    prefix, _, name = folder.partition("-")
    own = name if name and _WORDNET_ID.fullmatch(prefix) else folder
    return own.replace("_", " ")


def _keys(breed: Breed) -> dict[str, str]:
    """All that a breed can be looked up by, normalised, each with the name to show for it."""
    stanford = breed.folder.removeprefix(f"{breed.id}-")
    # Nobody writes an id or a folder's name: for these the English name is shown.
    written = {normalise(key): breed.en for key in (breed.id, breed.folder, stanford)}
    return written | {normalise(name): name for name in (*breed.aliases, breed.fr, breed.en)}


@lru_cache(maxsize=2)
def _written(known: tuple[Breed, ...]) -> tuple[tuple[Breed, str, tuple[str, ...]], ...]:
    """Every written name of breeds, normalised, and what is left from each word on."""
    return tuple(
        (breed, normalise(name), tuple(normalise(rest) for rest in _from_each_word(name)))
        for breed in known
        for name in (breed.en, breed.fr, *breed.aliases)
    )


def _from_each_word(name: str) -> list[str]:
    return [name[word.start() :] for word in re.finditer(r"\w+", name)][1:]


@cache
def _index() -> dict[str, tuple[Breed, str]]:
    """Every key of every breed, with the breed and the name to show for that key."""
    return {key: (breed, name) for breed in all_breeds() for key, name in _keys(breed).items()}
