"""ACDSee's categories in XMP: XML as the text of one property, each level inside the one above.

```
<Categories><Category Assigned="0">Places<Category Assigned="1">Kennel 3</Category></Category></Categories>
```
"""  # noqa: E501 - one line, as it is written

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final

from lxml import etree

from barkive.catalogue.export.rdf import DESCRIPTION, ListProperty

_ASSIGNED: Final = "Assigned"
_Path = tuple[str, ...]


class Categories:
    """The categories of an `rdf:RDF`; none where there are none, or they can't be read.

    Attributes:
        listed: The property that holds them.
    """

    listed: ClassVar = ListProperty("acdsee", "http://ns.acdsee.com/iptc/1.0/", "categories")

    def __init__(self, rdf: Any) -> None:
        """Reads them.

        Args:
            rdf: The element; changed in place.
        """
        self._place: Any = None
        self._root: Any = None
        for place in rdf.iterchildren(DESCRIPTION):
            inner = place.find(self.listed.name)
            text = place.get(self.listed.name) if inner is None else inner.text
            if text is not None:
                self._place = place if inner is None else inner
                self._root = _parsed(text)

    def __bool__(self) -> bool:
        return self._root is not None

    def paths(self) -> list[tuple[str, ...]]:
        """The categories that are assigned, with their levels."""
        return [] if self._root is None else list(_paths(self._root, ()))

    def change(self, stale: Iterable[_Path], missing: Iterable[_Path]) -> None:
        """Takes some away and adds others; the rest stay."""
        for path in stale:
            self._take_away(path)
        for path in missing:
            node = self._root
            for level in path:
                child = _child(node, level)
                node = _new(node, level) if child is None else child
            node.set(_ASSIGNED, "1")
        text = etree.tostring(self._root, encoding="unicode")
        if self._place.tag == DESCRIPTION:
            self._place.set(self.listed.name, text)
        else:
            self._place.text = text

    def _take_away(self, path: _Path) -> None:
        nodes = [self._root]
        for level in path:
            child = _child(nodes[-1], level)
            if child is None:
                return
            nodes.append(child)
        nodes[-1].set(_ASSIGNED, "0")
        for node in reversed(nodes[1:]):
            if len(node) or node.get(_ASSIGNED) == "1":
                return
            node.getparent().remove(node)


def _parsed(text: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root if root.tag == "Categories" else None


def _paths(node: Any, above: _Path) -> Iterator[_Path]:
    for child in node.iterchildren("Category"):
        path = (*above, (child.text or "").strip())
        if child.get(_ASSIGNED) == "1" and all(path):
            yield path
        yield from _paths(child, path)


def _child(node: Any, level: str) -> Any:
    found = (one for one in node.iterchildren("Category") if (one.text or "").strip() == level)
    return next(found, None)


def _new(node: Any, level: str) -> Any:
    child = etree.SubElement(node, "Category")
    child.set(_ASSIGNED, "0")
    child.text = level
    return child
