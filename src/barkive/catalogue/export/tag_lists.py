"""The lists of tags in RDF/XML: exchanges Barkive's own tags for others, in all lists at once.

Programs keep a photo's tags in several properties, and read the first of them that is there. So a
list that holds Barkive's tags alone would hide all those that a person gave. Each list therefore
holds all tags: the person's, from whichever list they stand in, and Barkive's.

| property | levels | first read by |
|---|---|---|
| `digiKam:TagsList` | divided by `/` | digiKam, Immich |
| `MicrosoftPhoto:LastKeywordXMP` | divided by `/` | Windows |
| `lr:hierarchicalSubject` | divided by `|` | Lightroom, darktable |
| `mediapro:CatalogSets` | divided by `|` | Media Pro |
| `acdsee:categories` | XML as text | ACDSee |
| `dc:subject` | single words | all others |

digiKam reads them in this order, the first one that is there
(`DMetadataSettingsContainer::defaultTagValues` and `DMetadata::getItemTagsPath` of digiKam 8),
Immich the first and the third, and then the photo's own keywords
(`MetadataService.getTagList` of Immich 2). Three are always written, the others where they are
there.

What Barkive adds to each is noted in a property of its own namespace, so that it can be taken away
again and a tag that was there before stays. A tag that was only copied from one list to another
is noted too: taken out of the list that it came from, it goes from the others at the next export.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from barkive.catalogue.export.acdsee import Categories
from barkive.catalogue.export.rdf import ListProperty, change, is_there, words

_SUBJECT: Final = ListProperty("dc", "http://purl.org/dc/elements/1.1/", "subject")


@dataclass(frozen=True, slots=True)
class _Paths:
    """A list whose tags have levels.

    Attributes:
        listed: The property.
        divider: What stands between levels.
        always: Whether it is made where it is not there.
    """

    listed: ListProperty
    divider: str
    always: bool = False


_PATHS: Final = (
    _Paths(
        ListProperty("digiKam", "http://www.digikam.org/ns/1.0/", "TagsList", "Seq"),
        "/",
        always=True,
    ),
    _Paths(
        ListProperty("MicrosoftPhoto", "http://ns.microsoft.com/photo/1.0/", "LastKeywordXMP"), "/"
    ),
    _Paths(
        ListProperty("lr", "http://ns.adobe.com/lightroom/1.0/", "hierarchicalSubject"),
        "|",
        always=True,
    ),
    _Paths(
        ListProperty("mediapro", "http://ns.iview-multimedia.com/mediapro/1.0/", "CatalogSets"),
        "|",
    ),
)
ALWAYS: Final = (_SUBJECT, *(one.listed for one in _PATHS if one.always))
"""The lists that are made where they are not there."""

_Path = tuple[str, ...]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Tags:
    """What Barkive says of a photo.

    Attributes:
        subject: Single words; none is empty.
        paths: Tags with their levels; no level is empty.
    """

    subject: tuple[str, ...] = ()
    paths: tuple[tuple[str, ...], ...] = ()


class TagLists:
    """The lists of tags of an `rdf:RDF`."""

    def __init__(self, rdf: Any, own: str, prefix: str) -> None:
        """Looks for them.

        Args:
            rdf: The element; changed in place.
            own: The namespace of Barkive's own properties.
            prefix: Its usual prefix.
        """
        self._rdf, self._own, self._prefix = rdf, own, prefix
        self._categories = Categories(rdf)

    def replace(self, tags: Tags) -> bool:
        """Takes away what Barkive added earlier, and adds these tags to all lists.

        A tag that is there already is neither added nor noted as Barkive's. Those that stay keep
        their place. Without tags nothing of Barkive's stays, copies between lists included.

        Returns:
            Whether anything changed.

        Raises:
            OddListError: A list can't be changed safely; the document must then be thrown away.
        """
        own_words = self._theirs(_SUBJECT)
        own_paths = self._their_paths()
        levels = {level for path in (*own_paths, *tags.paths) for level in path}
        # As digiKam reads a word.
        roots = [_levels(word.split("/")) for word in own_words if word not in levels]
        paths = _unique([*own_paths, *filter(None, roots), *tags.paths])
        subject = _unique([*own_words, *(path[-1] for path in own_paths), *tags.subject])
        if tags == Tags():
            paths, subject = [], []
        changes = [self._exchange(_SUBJECT, subject)]
        for one in _PATHS:
            if one.always or is_there(self._rdf, one.listed):
                written = [one.divider.join(_escaped(path, one.divider)) for path in paths]
                changes.append(self._exchange(one.listed, written))
        if self._categories:
            changes.append(self._exchange_categories(paths))
        return any(changes)

    def _noted(self, listed: ListProperty) -> ListProperty:
        return ListProperty(self._prefix, self._own, listed.local)

    def _theirs(self, listed: ListProperty) -> list[str]:
        """The words of a list that Barkive did not put there."""
        noted = words(self._rdf, self._noted(listed))
        return [word for word in words(self._rdf, listed) if word not in noted]

    def _their_paths(self) -> list[_Path]:
        found = [
            path
            for one in _PATHS
            for word in self._theirs(one.listed)
            if (path := _levels(word.split(one.divider)))
        ]
        noted = words(self._rdf, self._noted(Categories.listed))
        return _unique(
            [*found, *(path for path in self._categories.paths() if "/".join(path) not in noted)]
        )

    def _exchange(self, listed: ListProperty, tags: Iterable[str]) -> bool:
        wanted, present = _unique(tags), words(self._rdf, listed)
        ours = words(self._rdf, self._noted(listed))
        missing = [tag for tag in wanted if tag not in present]
        stale = [tag for tag in ours if tag not in wanted]
        note = [tag for tag in wanted if tag in ours or tag in missing]
        changed = change(self._rdf, listed, [tag for tag in stale if tag in present], missing)
        return self._note(listed, stale, [tag for tag in note if tag not in ours]) or changed

    def _exchange_categories(self, paths: Sequence[_Path]) -> bool:
        wanted = {"/".join(path): path for path in paths}
        present = {"/".join(path): path for path in self._categories.paths()}
        ours = words(self._rdf, self._noted(Categories.listed))
        missing = [key for key in wanted if key not in present]
        stale = [key for key in ours if key not in wanted]
        self._categories.change(
            [present[key] for key in stale if key in present], [wanted[key] for key in missing]
        )
        noted = self._note(Categories.listed, stale, [key for key in missing if key not in ours])
        return noted or bool(missing)

    def _note(self, listed: ListProperty, stale: Sequence[str], missing: Sequence[str]) -> bool:
        return change(self._rdf, self._noted(listed), stale, missing)


def _levels(parts: Iterable[str]) -> _Path:
    return tuple(part for part in parts if part.strip())


def _escaped(path: _Path, divider: str) -> Iterable[str]:
    """Levels without what divides them; digiKam writes a slash in a name as a backslash."""
    return (level.replace(divider, "\\" if divider == "/" else "-") for level in path)


def _unique(values: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(values))
